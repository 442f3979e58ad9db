using System.Diagnostics;
using System.Net;
using Posthaste.Bench.Amqp;
using Posthaste.Bench.Brokers;
using Posthaste.Bench.Load;
using Posthaste.Bench.Mqtt;
using Posthaste.Bench.Reports;

namespace Posthaste.Bench.Workloads;

/// <summary>
/// Connections that do nothing: how fast they open and what each costs the broker in memory. All have to answer at the
/// end.
/// </summary>
/// <param name="name">The workload's name.</param>
/// <param name="description">What it does.</param>
/// <param name="protocol">What the connections speak: AMQP or MQTT.</param>
/// <param name="connectionCount">How many, unless the options say otherwise.</param>
internal sealed class IdleWorkload(string name, string description, Protocol protocol, int connectionCount)
    : Workload(name, description)
{
    private const int Threads = 8;
    private const int WarmUpConnections = 50;
    private const int ReceiveBufferBytes = 8 * 1024;

    // Below the 28,000 ephemeral ports that one source address has towards one destination.
    private const int ConnectionsPerAddress = 20_000;
    private static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan OpenTimeout = TimeSpan.FromMinutes(10);

    public override Protocol Protocol => protocol;

    public override IReadOnlyList<Metric> Run(Broker broker, WorkloadOptions options, CancellationToken cancellation)
    {
        LoadConnection?[] warmUp = new LoadConnection?[WarmUpConnections];
        LoadConnection?[] connections = new LoadConnection?[options.ConnectionCount ?? connectionCount];
        try
        {
            Open(broker.EndPoint, "warm", warmUp, cancellation);
            Thread.Sleep(SettleTime);
            long residentBefore = ProcessMeter.ResidentBytes(broker.ProcessId);
            long privateBefore = ProcessMeter.PrivateBytes(broker.ProcessId);
            long started = Stopwatch.GetTimestamp();
            Open(broker.EndPoint, "idle", connections, cancellation);
            double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            Thread.Sleep(SettleTime);
            long residentAfter = ProcessMeter.ResidentBytes(broker.ProcessId);
            long privateAfter = ProcessMeter.PrivateBytes(broker.ProcessId);

            foreach (LoadConnection? connection in connections)
            {
                AskForLife(connection!);
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
            foreach (LoadConnection? connection in warmUp.Concat(connections))
            {
                connection?.Dispose();
            }
        }
    }

    private static void AskForLife(LoadConnection connection)
    {
        if (connection is MqttConnection mqtt)
        {
            mqtt.Ping();
        }
        else
        {
            ((AmqpConnection)connection).OpenChannel(1);
        }
    }

    private void Open(
        IPEndPoint endPoint, string kind, LoadConnection?[] connections, CancellationToken cancellation)
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
                    connections[i] = protocol == Protocol.Mqtt
                        ? MqttConnection.Open(
                            endPoint, $"{kind}-{i}", isDurable: false, ReceiveBufferBytes, source)
                        : AmqpConnection.Open(endPoint, ReceiveBufferBytes, source);
                }
            })),
        ];
        foreach (LoadThread thread in threads)
        {
            thread.Join(OpenTimeout);
        }
    }
}
