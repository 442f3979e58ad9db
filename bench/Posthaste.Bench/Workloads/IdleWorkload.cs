using System.Diagnostics;
using System.Net;
using Posthaste.Bench.Amqp;
using Posthaste.Bench.Brokers;
using Posthaste.Bench.Load;
using Posthaste.Bench.Reports;

namespace Posthaste.Bench.Workloads;

/// <summary>
/// Connections that do nothing: how fast they open and what each costs the broker in memory. All have to answer at the
/// end.
/// </summary>
internal sealed class IdleWorkload(string name, string description) : Workload(name, description)
{
    private const int Threads = 8;
    private const int WarmUpConnections = 50;
    private const int ReceiveBufferBytes = 8 * 1024;

    // Below the 28,000 ephemeral ports that one source address has towards one destination.
    private const int ConnectionsPerAddress = 20_000;
    private static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan OpenTimeout = TimeSpan.FromMinutes(10);

    public override IReadOnlyList<Metric> Run(Broker broker, WorkloadOptions options, CancellationToken cancellation)
    {
        AmqpConnection?[] warmUp = new AmqpConnection?[WarmUpConnections];
        AmqpConnection?[] connections = new AmqpConnection?[options.ConnectionCount];
        try
        {
            Open(broker.EndPoint, warmUp, cancellation);
            Thread.Sleep(SettleTime);
            long residentBefore = ProcessMeter.ResidentBytes(broker.ProcessId);
            long privateBefore = ProcessMeter.PrivateBytes(broker.ProcessId);
            long started = Stopwatch.GetTimestamp();
            Open(broker.EndPoint, connections, cancellation);
            double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            Thread.Sleep(SettleTime);
            long residentAfter = ProcessMeter.ResidentBytes(broker.ProcessId);
            long privateAfter = ProcessMeter.PrivateBytes(broker.ProcessId);

            foreach (AmqpConnection? connection in connections)
            {
                connection!.OpenChannel(1);
            }

            double perConnection = 1e3 * connections.Length;
            return
            [
                Metric.Rate("open", "conn/s", connections.Length / seconds),
                Metric.Cost("resident per connection", "KB", (residentAfter - residentBefore) / perConnection),
                Metric.Cost("private per connection", "KB", (privateAfter - privateBefore) / perConnection),
            ];
        }
        finally
        {
            foreach (AmqpConnection? connection in warmUp.Concat(connections))
            {
                connection?.Dispose();
            }
        }
    }

    private static void Open(IPEndPoint endPoint, AmqpConnection?[] connections, CancellationToken cancellation)
    {
        LoadThread[] threads =
        [
            .. Enumerable.Range(0, Threads).Select(thread => LoadThread.Start($"opener {thread}", () =>
            {
                for (int i = thread; i < connections.Length; i += Threads)
                {
                    cancellation.ThrowIfCancellationRequested();
                    IPAddress? source = i < ConnectionsPerAddress
                        ? null
                        : new IPAddress([127, 0, 0, (byte)(1 + (i / ConnectionsPerAddress))]);
                    connections[i] = AmqpConnection.Open(endPoint, ReceiveBufferBytes, source);
                }
            })),
        ];
        foreach (LoadThread thread in threads)
        {
            thread.Join(OpenTimeout);
        }
    }
}
