using Posthaste.Broker.Statistics;

namespace Posthaste.Management.Prometheus;

/// <summary>
/// `rabbitmq_global_…`: by protocol what clients did, also those that are gone. Dead letters and routed messages are
/// counted by queues, so they have no protocol.
/// </summary>
internal sealed class GlobalFamily() : MetricFamily("global")
{
    private const string Message = "{message}";

    private static readonly BrokerMetric[] Metrics =
    [
        OfProtocols("global_messages_received_total", "Messages published by clients",
            Metric.Published, new("posthaste.message.published", Message)),
        OfProtocols("global_messages_received_confirm_total", "Messages published by clients that wait for confirms",
            static sample => sample.Now.Of(Metric.PublishedToConfirm), null),
        OfProtocols("global_messages_confirmed_total", "Messages confirmed to clients",
            Metric.Confirmed, new("posthaste.message.confirmed", Message)),
        OfProtocols("global_messages_unroutable_dropped_total", "Dropped, having reached no queue",
            Metric.DroppedUnroutable, Unroutable("dropped")),
        OfProtocols("global_messages_unroutable_returned_total", "Returned, having reached no queue",
            Metric.ReturnedUnroutable, Unroutable("returned")),
        OfProtocols("global_messages_delivered_consume_manual_ack_total", "Delivered, to be acknowledged",
            Metric.Delivered, Delivered("consume_manual_ack")),
        OfProtocols("global_messages_delivered_consume_auto_ack_total", "Delivered, not acknowledged",
            Metric.DeliveredNoAck, Delivered("consume_auto_ack")),
        OfProtocols("global_messages_delivered_get_manual_ack_total", "Taken one by one, to be acknowledged",
            Metric.Got, Delivered("get_manual_ack")),
        OfProtocols("global_messages_delivered_get_auto_ack_total", "Taken one by one, not acknowledged",
            Metric.GotNoAck, Delivered("get_auto_ack")),
        OfProtocols("global_messages_get_empty_total", "Gets that found none",
            Metric.GotEmpty, new("posthaste.get.empty", "{request}")),
        OfProtocols("global_messages_redelivered_total", "Redelivered",
            Metric.Redelivered, new("posthaste.message.redelivered", Message)),
        OfProtocols("global_messages_acknowledged_total", "Acknowledged",
            Metric.Acknowledged, new("posthaste.message.acknowledged", Message)),
        OfProtocols("posthaste_received_bytes_total", "Bytes received",
            Metric.ReceivedBytes, new("posthaste.network.received", "By")),
        OfProtocols("posthaste_sent_bytes_total", "Bytes sent",
            Metric.SentBytes, new("posthaste.network.sent", "By")),
        OfProtocols("global_messages_delivered_total", "Delivered in any way",
            static sample => sample.Now.DeliveredOrGot, null),
        OfProtocols("global_consumers", "Consumers",
            static sample => sample.ConsumerCount, new("posthaste.consumer.count", "{consumer}")),
        OfProtocols("global_publishers", "Channels, or sessions without channels, that have published",
            static sample => sample.PublisherCount, null),
        OfProtocols("posthaste_connections", "Connections open",
            static sample => sample.ConnectionCount, new("posthaste.connection.count", "{connection}")),
        OfQueues("global_messages_routed_total", "Messages that entered queues",
            Metric.Enqueued, new("posthaste.message.enqueued", Message)),
        OfQueues("global_messages_dead_lettered_rejected_total", "Dead-lettered: rejected",
            Metric.DeadRejected, DeadLettered("rejected")),
        OfQueues("global_messages_dead_lettered_expired_total", "Dead-lettered: time over",
            Metric.DeadExpired, DeadLettered("expired")),
        OfQueues("global_messages_dead_lettered_maxlen_total", "Dead-lettered: queue full",
            Metric.DeadMaxLength, DeadLettered("maxlen")),
        OfQueues("global_messages_dead_lettered_delivery_limit_total", "Dead-lettered: delivered too often",
            Metric.DeadDeliveryLimit, DeadLettered("delivery_limit")),
    ];

    public override IEnumerable<BrokerMetric> Whole => Metrics;

    private static BrokerMetric OfProtocols(string name, string help, Metric metric, InstrumentName instrument) =>
        OfProtocols(name, help, sample => sample.Now.Of(metric), instrument);

    private static BrokerMetric OfProtocols(
        string name, string help, Func<ProtocolSample, double> value, InstrumentName? instrument) => new(
        name, help, instrument,
        scrape => scrape.Protocols.Select(sample => new Reading(value(sample), sample.Protocol)));

    private static BrokerMetric OfQueues(string name, string help, Metric metric, InstrumentName instrument) => new(
        name, help, instrument, scrape => [new(scrape.Broker.Statistics.Broker.Now.Of(metric))]);

    private static InstrumentName Unroutable(string outcome) =>
        new("posthaste.message.unroutable", Message) { Tag = new("posthaste.outcome", outcome) };

    private static InstrumentName Delivered(string mode) =>
        new("posthaste.message.delivered", Message) { Tag = new("posthaste.delivery.mode", mode) };

    private static InstrumentName DeadLettered(string reason) =>
        new("posthaste.message.dead_lettered", Message) { Tag = new("posthaste.dead_letter.reason", reason) };
}
