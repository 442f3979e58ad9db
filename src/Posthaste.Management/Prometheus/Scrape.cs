using System.Diagnostics;
using Posthaste.Broker;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Scheduling;
using Posthaste.Broker.Statistics;
using Posthaste.Core.Routing;

namespace Posthaste.Management.Prometheus;

internal readonly record struct QueueSample(BrokerQueue Queue, QueueLook Look, QueuePins Pins, MetricValues Now);

internal readonly record struct ChannelSample(BrokerChannel Channel, long OldestUnackedMs, MetricValues Now);

internal readonly record struct ConnectionSample(BrokerConnection Connection, MetricValues Now);

internal readonly record struct ExchangeSample(VirtualHost Host, Exchange Exchange, MetricValues Now);

internal readonly record struct ProtocolSample(
    string Protocol, int ConnectionCount, int ConsumerCount, int PublisherCount, SizeHistogram Sizes,
    MetricValues Now);

/// <summary>What one request sees: each kind of object is looked at once, when its first metric is written.</summary>
internal sealed class Scrape(MessageBroker broker, Func<VirtualHost, bool> isWanted)
{
    private readonly Lazy<QueueSample[]> _queues = new(() => [.. broker.VirtualHosts.Where(isWanted)
        .SelectMany(static host => host.Catalog.Queues).Cast<BrokerQueue>()
        .Select(queue => new QueueSample(
            queue, queue.Look(), broker.LookAtPins().Of(queue), queue.Meter?.Now ?? default))]);

    private readonly Lazy<ConnectionSample[]> _connections = new(() => [.. broker.Connections
        .Where(connection => isWanted(connection.Host))
        .Select(static connection => new ConnectionSample(connection, connection.Meter.Now))]);

    private readonly Lazy<ChannelSample[]> _channels = new(() => [.. broker.Connections
        .Where(connection => isWanted(connection.Host)).SelectMany(static connection => connection.Channels)
        .Select(channel => new ChannelSample(
            channel, broker.LookAtPins().OldestUnackedMs(channel), channel.Meter.Now))]);

    private readonly Lazy<ExchangeSample[]> _exchanges = new(() => [.. broker.VirtualHosts.Where(isWanted)
        .SelectMany(static host => host.Catalog.Exchanges.Select(
            exchange => new ExchangeSample(host, exchange, host.MeterOf(exchange).Now)))]);

    private readonly Lazy<StorageLook> _storage = new(broker.LookAtStorage);

    private readonly Lazy<Pins> _pins = new(broker.LookAtPins);

    private readonly Lazy<ScheduledMessages[]> _scheduled =
        new(() => [.. broker.VirtualHosts.Where(isWanted).SelectMany(ScheduledMessages.In)]);

    private readonly Lazy<Process> _process = new(Process.GetCurrentProcess);

    public MessageBroker Broker { get; } = broker;

    public IReadOnlyList<QueueSample> Queues => _queues.Value;

    public IReadOnlyList<ConnectionSample> Connections => _connections.Value;

    public IReadOnlyList<ChannelSample> Channels => _channels.Value;

    public IReadOnlyList<ExchangeSample> Exchanges => _exchanges.Value;

    public StorageLook Storage => _storage.Value;

    public Pins Pins => _pins.Value;

    /// <summary>Exchanges with messages that wait for their time.</summary>
    public IReadOnlyList<ScheduledMessages> Scheduled => _scheduled.Value;

    public Process Process => _process.Value;

    /// <summary>By the protocols that were spoken so far, under the names that listeners have.</summary>
    public IReadOnlyList<ProtocolSample> Protocols =>
    [
        .. Broker.Statistics.Protocols.Select(pair => new ProtocolSample(
            pair.Key,
            Connections.Count(sample => sample.Connection.Protocol == pair.Key),
            Queues.Sum(sample => sample.Look.Consumers.Count(
                consumer => consumer.Connection?.Protocol == pair.Key)),
            Connections.Where(sample => sample.Connection.Protocol == pair.Key).Sum(PublisherCount),
            pair.Value.Sizes, pair.Value.Now)),
    ];

    /// <summary>
    /// Channels that have published, as RabbitMQ counts them; or the connection, where there are none.
    /// </summary>
    private static int PublisherCount(ConnectionSample sample) => sample.Connection.Channels is { Count: > 0 } channels
        ? channels.Count(static channel => channel.Meter.Now.Of(Metric.Published) > 0)
        : sample.Now.Of(Metric.Published) > 0 ? 1 : 0;
}
