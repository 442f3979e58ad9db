using System.Diagnostics;
using Posthaste.Bench.Brokers;
using Posthaste.Bench.Load;
using Posthaste.Bench.Reports;

namespace Posthaste.Bench.Workloads;

/// <summary>
/// Latency at a fixed rate, of deliveries and of confirms where the protocol has them. Message n is due at
/// start + n / rate whatever happened before, and its latency counts from that instant, so a broker that stalls is
/// charged for every message that became due meanwhile.
/// </summary>
internal sealed class PacedWorkload(string name, string description, int messagesPerSecond, FlowTopology topology)
    : Workload(name, description)
{
    private static readonly TimeSpan DrainTimeout = TimeSpan.FromSeconds(60);

    public override Protocol Protocol => topology.Protocol;

    public override IReadOnlyList<Metric> Run(Broker broker, WorkloadOptions options, CancellationToken cancellation)
    {
        topology.Declare(broker);
        Schedule schedule = Schedule.StartingSoon(messagesPerSecond, options.WarmUp, options.Duration);
        LatencyRecorder lag = schedule.CreateRecorder();
        LatencyRecorder deliveries = schedule.CreateRecorder();
        LatencyRecorder confirms = schedule.CreateRecorder();
        Counter delivered = new();
        StopSignal stop = new();

        // The window is as large as the run: the schedule, not the confirms, limits the publisher.
        FlowConsumer consumer = topology.OpenConsumer(broker, 0, delivered, deliveries);
        Publisher publisher = topology.OpenPublisher(broker, 0, new Counter(), confirmWindow: schedule.Count);
        using LoadConnection consuming = consumer.Connection;
        using LoadConnection publishing = publisher.Connection;
        publisher.Answers.Window?.Published(schedule.Count);
        LoadThread consumerThread = LoadThread.Start("consumer", () => consumer.Run(stop));
        LoadThread confirmThread = LoadThread.Start("confirms", () => ReadConfirms(publisher, schedule, confirms));
        LoadThread senderThread = LoadThread.Start("publisher", () => Send(publisher, schedule, lag, cancellation));

        Clock.SleepUntil(schedule.MeasureFrom);
        double cpu = ProcessMeter.CpuSeconds(broker.ProcessId);
        senderThread.Join(options.WarmUp + options.Duration + DrainTimeout);
        cpu = ProcessMeter.CpuSeconds(broker.ProcessId) - cpu;
        confirmThread.Join(DrainTimeout);
        WaitForDeliveries(delivered, schedule.Count, consumerThread);
        stop.Set();
        consumerThread.Join(DrainTimeout);
        List<Metric> metrics =
        [
            Metric.Cost("delivery p50", "ms", deliveries.PercentileMs(0.50)),
            Metric.Cost("delivery p99", "ms", deliveries.PercentileMs(0.99)),
            Metric.Cost("delivery p99.9", "ms", deliveries.PercentileMs(0.999)),
        ];
        if (publisher.Answers.Window is not null)
        {
            metrics.Add(Metric.Cost("confirm p50", "ms", confirms.PercentileMs(0.50)));
            metrics.Add(Metric.Cost("confirm p99", "ms", confirms.PercentileMs(0.99)));
        }

        metrics.Add(Metric.Note("sender's lag p99", "ms", lag.PercentileMs(0.99)));
        metrics.Add(Metric.Cost("broker CPU", "us/msg", cpu * 1e6 / deliveries.Count));
        return metrics;
    }

    private static void Send(
        Publisher publisher, Schedule schedule, LatencyRecorder lag, CancellationToken cancellation)
    {
        Clock.SharpenSleep();
        for (int n = 0; n < schedule.Count; n++)
        {
            cancellation.ThrowIfCancellationRequested();
            long due = schedule.Due(n);
            Clock.SleepUntil(due);
            lag.Record(due);
            publisher.Connection.Send(publisher.Ring.Stamp(n, 1, due, out _));
        }
    }

    private static void ReadConfirms(Publisher publisher, Schedule schedule, LatencyRecorder latency)
    {
        int confirmed = 0;
        while (publisher.Answers.Window is { OutstandingCount: > 0 } window)
        {
            publisher.WaitForConfirms();
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
