namespace Posthaste.Core.Queues;

/// <summary>RabbitMQ's queue types that a declaration can name in `x-queue-type`. Persisted: grow only.</summary>
public enum QueueType : byte
{
    Classic = 0,

    /// <summary>Always durable; delivery limit, strict priorities, at-least-once dead-lettering.</summary>
    Quorum = 1,
}

/// <summary>What a full queue does with one message more (`x-overflow`).</summary>
public enum OverflowPolicy : byte
{
    /// <summary>Drops (or dead-letters, reason `maxlen`) from the head.</summary>
    DropHead = 0,

    /// <summary>Refuses the publish: a nack to a publisher that asked for confirms.</summary>
    RejectPublish = 1,

    /// <summary>Refuses the publish and dead-letters the refused message.</summary>
    RejectPublishDeadLetter = 2,
}

/// <summary>How safely messages move to the dead-letter exchange (`x-dead-letter-strategy`).</summary>
public enum DeadLetterStrategy : byte
{
    AtMostOnce = 0,

    /// <summary>A message that cannot be routed or taken there yet stays here and is tried again.</summary>
    AtLeastOnce = 1,
}

/// <summary>Which returned messages wait before they are delivered again (`x-delayed-retry-type`).</summary>
public enum DelayedRetry : byte
{
    Disabled = 0,
    All = 1,

    /// <summary>Those whose delivery counts as failed.</summary>
    Failed = 2,

    /// <summary>Those that were given up only.</summary>
    Returned = 3,
}

/// <summary>
/// The behaviour of a queue: its arguments, parsed and checked (see QueueArguments), with effective defaults.
/// Immutable; a policy change makes a new one.
/// </summary>
public sealed record QueueSettings
{
    public QueueType Type { get; init; }

    /// <summary>
    /// Upper bound on each message's time to live in milliseconds (`x-message-ttl`); null for none. 0: deliver at once
    /// or drop.
    /// </summary>
    public long? MessageTtlMs { get; init; }

    /// <summary>
    /// The queue deletes itself after this long unused, in milliseconds (`x-expires`); null for never.
    /// </summary>
    public long? ExpiresMs { get; init; }

    /// <summary>Most ready messages (`x-max-length`); null for no limit.</summary>
    public long? LengthMax { get; init; }

    /// <summary>Most bytes of bodies of ready messages (`x-max-length-bytes`); null for no limit.</summary>
    public long? BytesMax { get; init; }

    public OverflowPolicy Overflow { get; init; }

    /// <summary>
    /// Name of the dead-letter exchange; null when dead messages are dropped; "" is the default exchange.
    /// </summary>
    public string? DeadLetterExchange { get; init; }

    /// <summary>Replaces the routing keys of dead-lettered messages; null keeps them.</summary>
    public string? DeadLetterRoutingKey { get; init; }

    public DeadLetterStrategy DeadLetterStrategy { get; init; }

    /// <summary>
    /// Failed deliveries after which a message is dead-lettered (quorum: 20 by default); null for no limit.
    /// </summary>
    public long? DeliveryLimit { get; init; }

    /// <summary>
    /// Highest priority level (`x-max-priority`, classic 0-255; quorum: 31 without any argument); 0 for none.
    /// </summary>
    public byte PriorityMax { get; init; }

    public bool SingleActiveConsumer { get; init; }

    public DelayedRetry DelayedRetry { get; init; }

    /// <summary>Milliseconds that such a message waits for each failed delivery (`x-delayed-retry-min`).</summary>
    public long RetryMinMs { get; init; }

    /// <summary>Milliseconds that it waits at most (`x-delayed-retry-max`).</summary>
    public long RetryMaxMs { get; init; }

    /// <summary>
    /// Name of the exchange whose delayed messages it holds until they are due; null for the queues that clients use.
    /// </summary>
    public string? DelayedFor { get; init; }

    /// <summary>
    /// Milliseconds that a client may take to settle a delivery (`x-consumer-timeout`), 0 for any time; null for the
    /// broker's default.
    /// </summary>
    public long? ConsumerTimeoutMs { get; init; }
}
