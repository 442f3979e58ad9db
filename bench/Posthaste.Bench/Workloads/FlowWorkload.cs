using System.Diagnostics;
using System.Net;
using Posthaste.Bench.Amqp;
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
internal sealed class FlowWorkload(string name, string description, FlowSpec spec) : Workload(name, description)
{
    private const int ConfirmWindow = 1000;
    private const int PollMs = 20;
    private static readonly TimeSpan DrainTimeout = TimeSpan.FromSeconds(60);

    public override IReadOnlyList<Metric> Run(Broker broker, WorkloadOptions options, CancellationToken cancellation)
    {
        using Flow flow = new(spec, broker.EndPoint, options.InFlightMax);
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
        private readonly FlowSpec _spec;
        private readonly List<AmqpConnection> _connections = [];
        private readonly List<LoadThread> _publishers = [];
        private readonly List<LoadThread> _consumers = [];
        private readonly Counter[] _published;
        private readonly Counter[] _delivered;
        private readonly StopSignal _stopPublishing = new();
        private readonly StopSignal _stopConsuming = new();

        public Flow(FlowSpec spec, IPEndPoint endPoint, int inFlightMax)
        {
            _spec = spec;
            FlowTopology topology = new(spec);
            topology.Declare(endPoint);
            int[][] queuesOfConsumers = spec.OneConsumerConnection
                ? [[.. Enumerable.Range(0, spec.Queues)]]
                : [.. Enumerable.Range(0, spec.Queues).Select(queue => new[] { queue })];
            _published = [.. Enumerable.Range(0, spec.Publishers).Select(_ => new Counter())];
            _delivered = [.. queuesOfConsumers.Select(_ => new Counter())];

            for (int i = 0; i < queuesOfConsumers.Length; i++)
            {
                StartConsumer(topology, endPoint, queuesOfConsumers[i], i);
            }

            InFlightGate gate = new(_published, _delivered, spec.DeliveriesPerMessage, inFlightMax);
            for (int i = 0; i < spec.Publishers; i++)
            {
                StartPublisher(topology, endPoint, gate, i);
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
            long expected = InFlightGate.Sum(_published) * _spec.DeliveriesPerMessage;
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

        private void StartConsumer(FlowTopology topology, IPEndPoint endPoint, int[] queues, int index)
        {
            AmqpConnection connection = topology.OpenConsumer(endPoint, queues);
            _connections.Add(connection);

            // A topic's queues get some of the messages each; the sum is compared at the end.
            bool gapless = _spec.Routing != Routing.Topic;
            SequenceCheck[] checks = [.. queues.Select(queue => new SequenceCheck(FlowTopology.Queue(queue), gapless))];
            int ackEvery = _spec.Persistent ? FlowTopology.Prefetch / 2 : 0;
            Consumer consumer = new(connection, checks, ackEvery, _delivered[index]);
            _consumers.Add(LoadThread.Start($"consumer {index}", () => consumer.Run(_stopConsuming)));
        }

        private void StartPublisher(FlowTopology topology, IPEndPoint endPoint, InFlightGate gate, int index)
        {
            AmqpConnection connection = topology.OpenPublisher(endPoint);
            _connections.Add(connection);
            Publisher publisher = new(
                connection, topology.CreateRing(index), _spec.Persistent ? ConfirmWindow : 0, _published[index]);
            _publishers.Add(LoadThread.Start($"publisher {index}", () => publisher.Run(_stopPublishing, gate)));
        }

        private void ThrowIfFailed()
        {
            _publishers.ForEach(thread => thread.ThrowIfFailed());
            _consumers.ForEach(thread => thread.ThrowIfFailed());
        }
    }
}
