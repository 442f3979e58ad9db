using System.Diagnostics;
using Posthaste.Bench.Brokers;
using Posthaste.Bench.Load;
using Posthaste.Bench.Reports;

namespace Posthaste.Bench.Workloads;

/// <summary>
/// Throughput: publishers and consumers at full speed with a bounded number of messages in flight. Measures deliveries
/// per second
/// and the broker's CPU per delivery between the end of the warm-up and the end of the run; then drains and compares
/// the counts.
/// </summary>
internal sealed class FlowWorkload(string name, string description, FlowTopology topology)
    : Workload(name, description)
{
    private const int PollMs = 20;
    private static readonly TimeSpan DrainTimeout = TimeSpan.FromSeconds(60);

    public override Protocol Protocol => topology.Protocol;

    public override IReadOnlyList<Metric> Run(Broker broker, WorkloadOptions options, CancellationToken cancellation)
    {
        using Flow flow = new(topology, broker, Math.Min(options.InFlightMax, topology.InFlightMax));
        flow.WaitFor(options.WarmUp, cancellation);

        double brokerCpu = ProcessMeter.CpuSeconds(broker.ProcessId);
        double loadCpu = ProcessMeter.CpuSeconds(Environment.ProcessId);
        long delivered = flow.DeliveredCount;
        long started = Stopwatch.GetTimestamp();
        flow.WaitFor(options.Duration, cancellation);
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        delivered = flow.DeliveredCount - delivered;
        brokerCpu = ProcessMeter.CpuSeconds(broker.ProcessId) - brokerCpu;
        loadCpu = ProcessMeter.CpuSeconds(Environment.ProcessId) - loadCpu;
        if (delivered == 0)
        {
            throw new WorkloadException("nothing was delivered");
        }

        flow.Finish();
        return
        [
            Metric.Rate("delivered", "msg/s", delivered / seconds),
            Metric.Cost("broker CPU", "us/msg", brokerCpu * 1e6 / delivered),
            Metric.Note("load CPU", "us/msg", loadCpu * 1e6 / delivered),
            Metric.Cost("broker peak memory", "MB", ProcessMeter.PeakResidentBytes(broker.ProcessId) / 1e6),
        ];
    }

    /// <summary>The running threads and connections of one run.</summary>
    private sealed class Flow : IDisposable
    {
        private readonly FlowTopology _topology;
        private readonly List<LoadConnection> _connections = [];
        private readonly List<LoadThread> _publishers = [];
        private readonly List<LoadThread> _consumers = [];
        private readonly Counter[] _published;
        private readonly Counter[] _delivered;
        private readonly StopSignal _stopPublishing = new();
        private readonly StopSignal _stopConsuming = new();

        public Flow(FlowTopology topology, Broker broker, int inFlightMax)
        {
            _topology = topology;
            topology.Declare(broker);
            _published = [.. Enumerable.Range(0, topology.Publishers).Select(_ => new Counter())];
            _delivered = [.. Enumerable.Range(0, topology.Consumers).Select(_ => new Counter())];
            for (int i = 0; i < _delivered.Length; i++)
            {
                StartConsumer(broker, i);
            }

            InFlightGate gate = new(_published, _delivered, topology.DeliveriesPerMessage, inFlightMax);
            for (int i = 0; i < _published.Length; i++)
            {
                StartPublisher(broker, gate, i);
            }
        }

        public long DeliveredCount => InFlightGate.Sum(_delivered);

        /// <summary>Lets the load run for <paramref name="time"/>, unless one of its threads fails.</summary>
        public void WaitFor(TimeSpan time, CancellationToken cancellation)
        {
            long started = Stopwatch.GetTimestamp();
            while (Stopwatch.GetElapsedTime(started) < time)
            {
                cancellation.ThrowIfCancellationRequested();
                ThrowIfFailed();
                Thread.Sleep(PollMs);
            }
        }

        /// <summary>Stops publishing, takes delivery of all that is in flight and compares the counts.</summary>
        public void Finish()
        {
            _stopPublishing.Set();
            _publishers.ForEach(thread => thread.Join(DrainTimeout));
            long expected = InFlightGate.Sum(_published) * _topology.DeliveriesPerMessage;
            long started = Stopwatch.GetTimestamp();
            while (DeliveredCount < expected)
            {
                ThrowIfFailed();
                if (Stopwatch.GetElapsedTime(started) > DrainTimeout)
                {
                    throw new WorkloadException($"{DeliveredCount} of {expected} deliveries came");
                }

                Thread.Sleep(PollMs);
            }

            // The consumers' last look finds what should not be there.
            _stopConsuming.Set();
            _consumers.ForEach(thread => thread.Join(DrainTimeout));
            if (DeliveredCount != expected)
            {
                throw new WorkloadException($"{DeliveredCount} deliveries came, {expected} were due");
            }
        }

        public void Dispose()
        {
            _stopPublishing.Set();
            _stopConsuming.Set();
            _connections.ForEach(connection => connection.Dispose());
        }

        private void StartConsumer(Broker broker, int index)
        {
            FlowConsumer consumer = _topology.OpenConsumer(broker, index, _delivered[index]);
            _connections.Add(consumer.Connection);
            _consumers.Add(LoadThread.Start($"consumer {index}", () => consumer.Run(_stopConsuming)));
        }

        private void StartPublisher(Broker broker, InFlightGate gate, int index)
        {
            Publisher publisher = _topology.OpenPublisher(broker, index, _published[index]);
            _connections.Add(publisher.Connection);
            _publishers.Add(LoadThread.Start($"publisher {index}", () => publisher.Run(_stopPublishing, gate)));
        }

        private void ThrowIfFailed()
        {
            _publishers.ForEach(thread => thread.ThrowIfFailed());
            _consumers.ForEach(thread => thread.ThrowIfFailed());
        }
    }
}
