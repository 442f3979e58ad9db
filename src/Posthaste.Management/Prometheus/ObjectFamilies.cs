using Posthaste.Broker.Statistics;

namespace Posthaste.Management.Prometheus;

/// <summary>Families of queues, channels, connections and exchanges, with RabbitMQ's names where it has one.</summary>
internal static class ObjectFamilies
{
    private const int EntryBytes = 24;
    private const double MsPerSecond = 1_000;

    public static IEnumerable<MetricFamily> All =>
    [
        Queues("queue_coarse_metrics",
            new("queue_messages_ready", "Messages ready to be delivered", static q => q.Queue.MessageCount,
                new("posthaste.message.ready", "{message}")),
            new("queue_messages_unacked", "Messages delivered and not acknowledged", static q => q.Queue.UnackedCount,
                new("posthaste.message.unacknowledged", "{message}")),
            new("queue_messages", "Messages ready and unacknowledged",
                static q => q.Queue.MessageCount + q.Queue.UnackedCount)),
        Queues("queue_consumer_count",
            new ObjectMetric<QueueSample>(
                "queue_consumers", "Consumers on a queue", static q => q.Queue.ConsumerCount)),
        Queues("queue_metrics",
            new("queue_consumer_capacity", "Share of time in which a consumer would take a message at once",
                static q => q.Queue.Meter?.ConsumerCapacity ?? 0),
            new("queue_consumer_utilisation", "Same as consumer capacity",
                static q => q.Queue.Meter?.ConsumerCapacity ?? 0),
            new("queue_process_memory_bytes", "Memory of the index, about",
                static q => EntryBytes * q.Look.ResidentCount,
                new("posthaste.queue.index.size", "By")),
            new("queue_messages_ram", "Messages with an index in memory", static q => q.Look.ResidentCount,
                new("posthaste.queue.index.count", "{message}")),
            new("queue_messages_bytes", "Bytes of the bodies that are ready", static q => q.Look.ReadyBytes),
            new("queue_messages_ready_bytes", "Bytes of the bodies that are ready", static q => q.Look.ReadyBytes,
                new("posthaste.message.ready.size", "By")),
            new("posthaste_queue_head_age_seconds", "Age of the message that is next, if it is in memory",
                static q => q.Look.HeadReceivedAtMs is { } at
                    ? Math.Max(0, q.Queue.Host.Broker.NowMs - at) / MsPerSecond : 0,
                new("posthaste.message.head.age", "s")) { Together = Largest },
            new("posthaste_queue_oldest_unacked_age_seconds",
                "Time for which the oldest unacknowledged delivery has been out",
                static q => (q.Pins.OldestUnacked?.AgeMs ?? 0) / MsPerSecond,
                new("posthaste.message.unacknowledged.age", "s")) { Together = Largest },
            new("posthaste_queue_pinned_memory_bytes", "Blocks of memory that a message of the queue keeps in use",
                static q => q.Pins.MemoryBytes),
            new("posthaste_queue_pinned_journal_bytes", "Journal from the queue's oldest message on",
                static q => q.Pins.JournalBytes) { Together = Largest },
            new("posthaste_queue_pinned_segment_bytes", "Segment files of the queue",
                static q => q.Pins.SegmentBytes)),
        Queues("queue_dead_letter_metrics",
            Of<QueueSample>("posthaste_queue_messages_dead_lettered_rejected_total", "Dead-lettered: rejected",
                Metric.DeadRejected, static q => q.Now),
            Of<QueueSample>("posthaste_queue_messages_dead_lettered_expired_total", "Dead-lettered: time over",
                Metric.DeadExpired, static q => q.Now),
            Of<QueueSample>("posthaste_queue_messages_dead_lettered_maxlen_total", "Dead-lettered: queue full",
                Metric.DeadMaxLength, static q => q.Now),
            Of<QueueSample>("posthaste_queue_messages_dead_lettered_delivery_limit_total",
                "Dead-lettered: delivered too often", Metric.DeadDeliveryLimit, static q => q.Now)),
        Queues("queue_delivery_metrics",
            Of<QueueSample>("queue_get_ack_total", "Messages taken one by one", Metric.Got, static q => q.Now),
            Of<QueueSample>("queue_get_total", "Messages taken one by one, not acknowledged", Metric.GotNoAck,
                static q => q.Now),
            Of<QueueSample>("queue_messages_delivered_ack_total", "Messages delivered", Metric.Delivered,
                static q => q.Now),
            Of<QueueSample>("queue_messages_delivered_total", "Messages delivered, not acknowledged",
                Metric.DeliveredNoAck, static q => q.Now),
            Of<QueueSample>("queue_messages_redelivered_total", "Messages redelivered", Metric.Redelivered,
                static q => q.Now),
            Of<QueueSample>("queue_messages_acked_total", "Messages acknowledged", Metric.Acknowledged,
                static q => q.Now),
            Of<QueueSample>("queue_get_empty_total", "Gets that found none", Metric.GotEmpty, static q => q.Now)),
        Queues("channel_queue_exchange_metrics",
            Of<QueueSample>("queue_messages_published_total", "Messages that entered a queue", Metric.Enqueued,
                static q => q.Now)),
        Channels("channel_metrics",
            new("channel_consumers", "Consumers on a channel", static c => c.Channel.ConsumerCount),
            new("channel_messages_unacked", "Delivered and not acknowledged", static c => c.Channel.UnackedCount),
            new("channel_messages_unconfirmed", "Published and not confirmed",
                static c => c.Channel.UnconfirmedCount,
                new("posthaste.message.unconfirmed", "{message}")),
            new("channel_messages_uncommitted", "Published in a transaction", static c => c.Channel.UncommittedCount,
                new("posthaste.message.uncommitted", "{message}")),
            new("channel_acks_uncommitted", "Acknowledged in a transaction",
                static c => c.Channel.UncommittedAckCount,
                new("posthaste.acknowledgement.uncommitted", "{acknowledgement}")),
            new("consumer_prefetch", "Limit of unacknowledged messages of each consumer",
                static c => c.Channel.PrefetchMax),
            new("channel_prefetch", "Limit of unacknowledged messages of all consumers together",
                static c => c.Channel.SharedPrefetchMax),
            new("posthaste_channel_oldest_unacked_age_seconds",
                "Time for which the oldest unacknowledged delivery has been out",
                static c => c.OldestUnackedMs / MsPerSecond) { Together = Largest }),
        Channels("channel_exchange_metrics",
            OfChannel("channel_messages_published_total", "Messages published", Metric.Published),
            OfChannel("channel_messages_confirmed_total", "Messages confirmed", Metric.Confirmed),
            OfChannel("channel_messages_unroutable_returned_total", "Returned, having reached no queue",
                Metric.ReturnedUnroutable),
            OfChannel("channel_messages_unroutable_dropped_total", "Dropped, having reached no queue",
                Metric.DroppedUnroutable)),
        Channels("channel_queue_metrics",
            OfChannel("channel_get_ack_total", "Messages taken one by one", Metric.Got),
            OfChannel("channel_get_total", "Messages taken one by one, not acknowledged", Metric.GotNoAck),
            OfChannel("channel_messages_delivered_ack_total", "Messages delivered", Metric.Delivered),
            OfChannel("channel_messages_delivered_total", "Messages delivered, not acknowledged",
                Metric.DeliveredNoAck),
            OfChannel("channel_messages_redelivered_total", "Messages redelivered", Metric.Redelivered),
            OfChannel("channel_messages_acked_total", "Messages acknowledged", Metric.Acknowledged),
            OfChannel("channel_get_empty_total", "Gets that found none", Metric.GotEmpty)),
        Connections("connection_coarse_metrics",
            OfConnection("connection_incoming_bytes_total", "Bytes received", Metric.ReceivedBytes),
            OfConnection("connection_outgoing_bytes_total", "Bytes sent", Metric.SentBytes)),
        Connections("connection_metrics",
            OfConnection("connection_incoming_packets_total", "Reads that brought bytes", Metric.Reads),
            OfConnection("connection_outgoing_packets_total", "Flushes to the transport", Metric.Flushes),
            new("connection_channels", "Channels on a connection", static c => c.Connection.Channels.Count)),
        new ObjectFamily<ExchangeSample>(
            "exchange_metrics", static scrape => scrape.Exchanges,
            static e => [new("vhost", e.Host.Name), new("exchange", e.Exchange.Name)],
            [
                Of<ExchangeSample>("posthaste_exchange_messages_in_total", "Messages published to an exchange",
                    Metric.Published, static e => e.Now),
                Of<ExchangeSample>("posthaste_exchange_messages_out_total", "Messages that it sent to queues",
                    Metric.Enqueued, static e => e.Now),
            ]),
    ];

    private static ObjectFamily<QueueSample> Queues(string name, params ObjectMetric<QueueSample>[] metrics) => new(
        name, static scrape => scrape.Queues,
        static q => [new("vhost", q.Queue.Host.Name), new("queue", q.Queue.Name)], metrics);

    private static ObjectFamily<ChannelSample> Channels(string name, params ObjectMetric<ChannelSample>[] metrics) =>
        new(name, static scrape => scrape.Channels, static c => [new("channel", c.Channel.Name)], metrics);

    private static ObjectFamily<ConnectionSample> Connections(
        string name, params ObjectMetric<ConnectionSample>[] metrics) => new(
        name, static scrape => scrape.Connections,
        static c => [new("connection", c.Connection.Name), new("protocol", c.Connection.Protocol)], metrics);

    /// <summary>Of ages, and of what objects share, only the largest says something.</summary>
    private static double Largest(IEnumerable<double> values) => values.DefaultIfEmpty().Max();

    private static ObjectMetric<ChannelSample> OfChannel(string name, string help, Metric metric) =>
        Of<ChannelSample>(name, help, metric, static c => c.Now);

    private static ObjectMetric<ConnectionSample> OfConnection(string name, string help, Metric metric) =>
        Of<ConnectionSample>(name, help, metric, static c => c.Now);

    private static ObjectMetric<T> Of<T>(string name, string help, Metric metric, Func<T, MetricValues> now) =>
        new(name, help, row => now(row).Of(metric));
}
