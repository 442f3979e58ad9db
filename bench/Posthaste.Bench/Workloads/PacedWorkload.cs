using System.Diagnostics;
using Posthaste.Bench.Amqp;
using Posthaste.Bench.Brokers;
using Posthaste.Bench.Load;
using Posthaste.Bench.Reports;

namespace Posthaste.Bench.Workloads;

/// <summary>
/// Latency at a fixed rate: persistent messages with confirms. Message n is due at start + n / rate whatever happened
/// before, and
/// its latency counts from that instant, so a broker that stalls is charged for every message that became due
/// meanwhile.
/// </summary>
internal sealed class PacedWorkload(string name, string description, int messagesPerSecond, int bodyBytes)
    : Workload(name, description)
{
    private static readonly TimeSpan DrainTimeout = TimeSpan.FromSeconds(60);

    public override IReadOnlyList<Metric> Run(Broker broker, WorkloadOptions options, CancellationToken cancellation)
    {
        FlowTopology topology = new(new FlowSpec { BodyBytes = bodyBytes, Persistent = true });
        topology.Declare(broker.EndPoint);
        using AmqpConnection consuming = topology.OpenConsumer(broker.EndPoint, [0]);
        using AmqpConnection publishing = topology.OpenPublisher(broker.EndPoint);

        Schedule schedule = Schedule.StartingSoon(messagesPerSecond, options.WarmUp, options.Duration);
        LatencyRecorder lag = schedule.CreateRecorder();
        LatencyRecorder deliveries = schedule.CreateRecorder();
        LatencyRecorder confirms = schedule.CreateRecorder();
        Counter delivered = new();
        StopSignal stop = new();
        Consumer consumer = new(
            consuming, [new SequenceCheck("queue", gapless: true)], FlowTopology.Prefetch / 2, delivered, deliveries);
        PublishRing ring = topology.CreateRing(0);
        LoadThread consumerThread = LoadThread.Start("consumer", () => consumer.Run(stop));
        LoadThread confirmThread = LoadThread.Start("confirms", () => ReadConfirms(publishing, schedule, confirms));
        LoadThread senderThread = LoadThread.Start(
            "publisher", () => Send(publishing, ring, schedule, lag, cancellation));

        Clock.SleepUntil(schedule.MeasureFrom);
        double cpu = ProcessMeter.CpuSeconds(broker.ProcessId);
        senderThread.Join(options.WarmUp + options.Duration + DrainTimeout);
        cpu = ProcessMeter.CpuSeconds(broker.ProcessId) - cpu;
        confirmThread.Join(DrainTimeout);
        WaitForDeliveries(delivered, schedule.Count, consumerThread);
        stop.Set();
        consumerThread.Join(DrainTimeout);
        return
        [
            Metric.Cost("delivery p50", "ms", deliveries.PercentileMs(0.50)),
            Metric.Cost("delivery p99", "ms", deliveries.PercentileMs(0.99)),
            Metric.Cost("delivery p99.9", "ms", deliveries.PercentileMs(0.999)),
            Metric.Cost("confirm p50", "ms", confirms.PercentileMs(0.50)),
            Metric.Cost("confirm p99", "ms", confirms.PercentileMs(0.99)),
            Metric.Note("sender's lag p99", "ms", lag.PercentileMs(0.99)),
            Metric.Cost("broker CPU", "us/msg", cpu * 1e6 / deliveries.Count),
        ];
    }

    private static void Send(
        AmqpConnection connection,
        PublishRing ring,
        Schedule schedule,
        LatencyRecorder lag,
        CancellationToken cancellation)
    {
        Clock.SharpenSleep();
        for (int n = 0; n < schedule.Count; n++)
        {
            cancellation.ThrowIfCancellationRequested();
            long due = schedule.Due(n);
            Clock.SleepUntil(due);
            lag.Record(due);
            connection.Send(ring.Stamp(n, 1, due, out _));
        }
    }

    private static void ReadConfirms(AmqpConnection connection, Schedule schedule, LatencyRecorder latency)
    {
        // The window is as large as the run: the schedule, not the confirms, limits the publisher.
        ConfirmWindow window = new(schedule.Count);
        window.Published(schedule.Count);
        int confirmed = 0;
        while (window.OutstandingCount > 0)
        {
            window.Apply(connection.NextFrame());
            for (; confirmed < (int)window.FloorTag - 1; confirmed++)
            {
                latency.Record(schedule.Due(confirmed));
            }
        }
    }

    private static void WaitForDeliveries(Counter delivered, int count, LoadThread consumer)
    {
        long started = Stopwatch.GetTimestamp();
        while (delivered.Value < count)
        {
            consumer.ThrowIfFailed();
            if (Stopwatch.GetElapsedTime(started) > DrainTimeout)
            {
                throw new WorkloadException($"{delivered.Value} of {count} deliveries came");
            }

            Thread.Sleep(1);
        }
    }

    /// <summary>When each message is due, and from when on latencies count.</summary>
    private sealed record Schedule(long Start, long IntervalTicks, int Count, long MeasureFrom)
    {
        public static Schedule StartingSoon(int messagesPerSecond, TimeSpan warmUp, TimeSpan duration)
        {
            long start = Stopwatch.GetTimestamp() + (Stopwatch.Frequency / 10);
            return new Schedule(
                start,
                Stopwatch.Frequency / messagesPerSecond,
                (int)((warmUp + duration).TotalSeconds * messagesPerSecond),
                start + (long)(warmUp.TotalSeconds * Stopwatch.Frequency));
        }

        public long Due(int message) => Start + (message * IntervalTicks);

        public LatencyRecorder CreateRecorder() => new(Count) { StartTimestamp = MeasureFrom };
    }
}
