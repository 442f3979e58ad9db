namespace Posthaste.Broker.Statistics;

/// <summary>
/// What is counted. Counters only grow for the life of their object; the last ones are gauges, which go up and down.
/// What an object does not count stays 0.
/// </summary>
public enum Metric : byte
{
    /// <summary>Messages that clients published: channels, connections, exchanges (as the first one named).</summary>
    Published,

    /// <summary>Those of them whose publishers wait to be told of their fate, or were told.</summary>
    PublishedToConfirm,

    /// <summary>Publishes that were confirmed to their publishers, in whatever words the protocol has.</summary>
    Confirmed,

    /// <summary>Mandatory messages that reached no queue and went back to their publishers.</summary>
    ReturnedUnroutable,

    /// <summary>Messages that reached no queue and nobody wanted back.</summary>
    DroppedUnroutable,

    /// <summary>Messages that entered queues, each queue counted: queues, exchanges (sent on by them).</summary>
    Enqueued,

    /// <summary>Bytes of the bodies that entered queues.</summary>
    EnqueuedBytes,

    /// <summary>Deliveries to consumers that acknowledge.</summary>
    Delivered,

    /// <summary>Deliveries to consumers that do not acknowledge.</summary>
    DeliveredNoAck,

    /// <summary>Messages taken one by one, to be acknowledged.</summary>
    Got,

    /// <summary>Messages taken one by one, without acknowledgement.</summary>
    GotNoAck,

    /// <summary>Requests for one message that found none.</summary>
    GotEmpty,

    /// <summary>Those of the four kinds of delivery that were marked as redelivered.</summary>
    Redelivered,

    /// <summary>Bytes of the bodies that were delivered, in all four ways: queues.</summary>
    DeliveredBytes,

    /// <summary>Deliveries that were acknowledged.</summary>
    Acknowledged,

    /// <summary>Messages dead-lettered because a consumer rejected them.</summary>
    DeadRejected,

    /// <summary>Messages dead-lettered because their time was over.</summary>
    DeadExpired,

    /// <summary>Messages dead-lettered because the queue was full.</summary>
    DeadMaxLength,

    /// <summary>Messages dead-lettered because they were delivered too often.</summary>
    DeadDeliveryLimit,

    /// <summary>Bytes that came over connections.</summary>
    ReceivedBytes,

    /// <summary>Bytes that went out over connections.</summary>
    SentBytes,

    /// <summary>Reads that brought bytes.</summary>
    Reads,

    /// <summary>Flushes to the transport.</summary>
    Flushes,

    /// <summary>Gauge: messages ready to be delivered.</summary>
    Ready,

    /// <summary>Gauge: messages out with consumers and not settled.</summary>
    Unacknowledged,
}
