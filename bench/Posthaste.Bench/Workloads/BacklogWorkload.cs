using System.Diagnostics;
using Posthaste.Bench.Brokers;
using Posthaste.Bench.Load;
using Posthaste.Bench.Reports;

namespace Posthaste.Bench.Workloads;

/// <summary>
/// A queue that nobody consumes: publish persistent messages with confirms, look at the memory, kill the broker with
/// SIGKILL, start
/// it again, take the time from there to the first message, and drain. Every message has to be there, once and in
/// order.
/// </summary>
internal sealed class BacklogWorkload(string name, string description, string? queueType) : Workload(name, description)
{
    private const int BodyBytes = 1024;
    private const int PollMs = 1;
    private const int Parts = 10;
    private static readonly TimeSpan StallTimeout = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan RestartTimeout = TimeSpan.FromMinutes(30);

    public override IReadOnlyList<Metric> Run(Broker broker, WorkloadOptions options, CancellationToken cancellation)
    {
        int count = options.BacklogCount;
        AmqpTopology topology = new(new AmqpSpec { BodyBytes = BodyBytes, Persistent = true, QueueType = queueType });
        topology.Declare(broker);

        double cpu = ProcessMeter.CpuSeconds(broker.ProcessId);
        double publishSeconds = Publish(topology, broker, count, cancellation);
        cpu = ProcessMeter.CpuSeconds(broker.ProcessId) - cpu;
        long residentBytes = ProcessMeter.ResidentBytes(broker.ProcessId);
        long peakBytes = ProcessMeter.PeakResidentBytes(broker.ProcessId);

        broker.Kill();
        long restarted = Stopwatch.GetTimestamp();
        broker.Start();
        Counter delivered = new();
        FlowConsumer consumer = broker.Retry(RestartTimeout, () => topology.OpenConsumer(broker, 0, delivered));
        using LoadConnection consuming = consumer.Connection;
        DrainResult drain = Drain(consumer, delivered, count, restarted, cancellation);

        // All that the new process did was to start, recover and drain.
        double restartCpu = ProcessMeter.CpuSeconds(broker.ProcessId);
        return
        [
            Metric.Rate("publish", "msg/s", count / publishSeconds),
            Metric.Cost("publish broker CPU", "us/msg", cpu * 1e6 / count),
            Metric.Cost("memory with backlog", "MB", residentBytes / 1e6),
            Metric.Cost("peak memory", "MB", peakBytes / 1e6),
            Metric.Cost("SIGKILL to first message", "s", drain.FirstMessageSeconds),
            Metric.Rate("drain", "msg/s", drain.MessagesPerSecond),
            Metric.Rate("drain, slowest tenth", "msg/s", drain.SlowestPartPerSecond),
            Metric.Cost("recover and drain CPU", "us/msg", restartCpu * 1e6 / count),
            Metric.Cost("peak memory, restarted", "MB", ProcessMeter.PeakResidentBytes(broker.ProcessId) / 1e6),
        ];
    }

    private static double Publish(
        AmqpTopology topology, Broker broker, int count, CancellationToken cancellation)
    {
        Counter published = new();
        StopSignal stop = new();
        Publisher publisher = topology.OpenPublisher(broker, 0, published);
        using LoadConnection connection = publisher.Connection;
        long started = Stopwatch.GetTimestamp();
        LoadThread thread = LoadThread.Start("publisher", () => publisher.Run(stop, OpenGate.Instance, count));
        WaitForCount(published, count, thread, cancellation);
        thread.Join(StallTimeout);
        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static DrainResult Drain(
        FlowConsumer consumer, Counter delivered, int count, long restarted, CancellationToken cancellation)
    {
        StopSignal stop = new();
        LoadThread thread = LoadThread.Start("consumer", () => consumer.Run(stop));
        WaitForCount(delivered, 1, thread, cancellation);
        double firstMessageSeconds = Stopwatch.GetElapsedTime(restarted).TotalSeconds;

        long drainStarted = Stopwatch.GetTimestamp();
        double slowest = double.MaxValue;
        for (int part = 1; part <= Parts; part++)
        {
            long partStarted = Stopwatch.GetTimestamp();
            long before = delivered.Value;
            WaitForCount(delivered, (long)count * part / Parts, thread, cancellation);
            double seconds = Stopwatch.GetElapsedTime(partStarted).TotalSeconds;
            slowest = Math.Min(slowest, (delivered.Value - before) / seconds);
        }

        double drainSeconds = Stopwatch.GetElapsedTime(drainStarted).TotalSeconds;
        stop.Set();
        thread.Join(StallTimeout);
        if (delivered.Value != count)
        {
            throw new WorkloadException($"{delivered.Value} deliveries came, {count} were confirmed");
        }

        return new DrainResult(firstMessageSeconds, count / drainSeconds, slowest);
    }

    private static void WaitForCount(Counter counter, long count, LoadThread thread, CancellationToken cancellation)
    {
        long last = -1;
        long lastChange = Stopwatch.GetTimestamp();
        while (counter.Value < count)
        {
            cancellation.ThrowIfCancellationRequested();
            thread.ThrowIfFailed();
            if (counter.Value != last)
            {
                last = counter.Value;
                lastChange = Stopwatch.GetTimestamp();
            }
            else if (Stopwatch.GetElapsedTime(lastChange) > StallTimeout)
            {
                throw new WorkloadException($"stuck at {last} of {count} messages");
            }

            Thread.Sleep(PollMs);
        }
    }

    private sealed record DrainResult(
        double FirstMessageSeconds, double MessagesPerSecond, double SlowestPartPerSecond);
}
