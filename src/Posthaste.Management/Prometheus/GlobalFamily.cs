using Posthaste.Broker.Statistics;

namespace Posthaste.Management.Prometheus;

/// <summary>
/// `rabbitmq_global_…`: by protocol what clients did, also those that are gone. Dead letters and routed messages are
/// counted by queues, so they have no protocol.
/// </summary>
internal sealed class GlobalFamily() : MetricFamily("global")
{
    private static readonly (string Name, string Help, Metric Metric)[] ByProtocol =
    [
        ("messages_received_total", "Messages published by clients", Metric.Published),
        ("messages_confirmed_total", "Messages confirmed to clients", Metric.Confirmed),
        ("messages_unroutable_dropped_total", "Dropped, having reached no queue", Metric.DroppedUnroutable),
        ("messages_unroutable_returned_total", "Returned, having reached no queue", Metric.ReturnedUnroutable),
        ("messages_delivered_consume_manual_ack_total", "Delivered, to be acknowledged", Metric.Delivered),
        ("messages_delivered_consume_auto_ack_total", "Delivered, not acknowledged", Metric.DeliveredNoAck),
        ("messages_delivered_get_manual_ack_total", "Taken one by one, to be acknowledged", Metric.Got),
        ("messages_delivered_get_auto_ack_total", "Taken one by one, not acknowledged", Metric.GotNoAck),
        ("messages_get_empty_total", "Gets that found none", Metric.GotEmpty),
        ("messages_redelivered_total", "Redelivered", Metric.Redelivered),
        ("messages_acknowledged_total", "Acknowledged", Metric.Acknowledged),
        ("posthaste_received_bytes_total", "Bytes received", Metric.ReceivedBytes),
        ("posthaste_sent_bytes_total", "Bytes sent", Metric.SentBytes),
    ];

    private static readonly (string Name, string Help, Metric Metric)[] OfQueues =
    [
        ("messages_routed_total", "Messages that entered queues", Metric.Enqueued),
        ("messages_dead_lettered_rejected_total", "Dead-lettered: rejected", Metric.DeadRejected),
        ("messages_dead_lettered_expired_total", "Dead-lettered: time over", Metric.DeadExpired),
        ("messages_dead_lettered_maxlen_total", "Dead-lettered: queue full", Metric.DeadMaxLength),
        ("messages_dead_lettered_delivery_limit_total", "Dead-lettered: delivered too often",
            Metric.DeadDeliveryLimit),
    ];

    public override void Write(MetricsText to, Scrape scrape, Detail detail)
    {
        var protocols = scrape.Protocols;
        foreach (var (name, help, metric) in ByProtocol)
            Write(to, NameOf(name), help, protocols, sample => sample.Now.Of(metric));
        Write(to, "rabbitmq_global_messages_delivered_total", "Delivered in any way", protocols,
            static sample => sample.Now.DeliveredOrGot);
        Write(to, "rabbitmq_global_consumers", "Consumers", protocols, static sample => sample.ConsumerCount);
        Write(to, "posthaste_connections", "Connections open", protocols, static sample => sample.ConnectionCount);
        var all = scrape.Broker.Statistics.Broker.Now;
        foreach (var (name, help, metric) in OfQueues)
        {
            to.Family(NameOf(name), TypeOf(name), help);
            to.Sample(NameOf(name), all.Of(metric));
        }
    }

    private static string NameOf(string name) =>
        name.StartsWith("posthaste_", StringComparison.Ordinal) ? name : "rabbitmq_global_" + name;

    private static void Write(
        MetricsText to, string name, string help, IReadOnlyList<ProtocolSample> protocols,
        Func<ProtocolSample, double> value)
    {
        to.Family(name, TypeOf(name), help);
        foreach (var sample in protocols)
            to.Sample(name, value(sample), new Label("protocol", LabelOf(sample.Protocol)));
    }

    /// <summary>RabbitMQ's dashboards say `amqp091`.</summary>
    private static string LabelOf(string protocol) => protocol == "amqp" ? "amqp091" : protocol;
}
