using Posthaste.Broker.Transactions;
using Posthaste.Protocols.Stomp.Wire;

namespace Posthaste.Protocols.Stomp;

/// <summary>What one STOMP connection may use. The defaults are RabbitMQ's where it has the limit.</summary>
public sealed record StompLimits
{
    /// <summary>
    /// Most that <see cref="HeadBytesMax"/> may be: a frame that crosses blocks of the transport is gathered up to
    /// this, in one piece of memory.
    /// </summary>
    public const int HeadBytesCeiling = 64 * 1024;

    /// <summary>
    /// Bytes of command and headers of one frame. Default 65,536: far more than headers are meant for, little enough
    /// to be kept in the receive buffer until they are whole.
    /// </summary>
    public int HeadBytesMax { get; init; } = HeadBytesCeiling;

    /// <summary>Headers of one frame. Default 100 as in RabbitMQ.</summary>
    public int HeadersMax { get; init; } = 100;

    /// <summary>
    /// Bytes of the body of one SEND. Default 4 MiB as in RabbitMQ; never more than the broker's own limit of a message
    /// (MessageBytesMax).
    /// </summary>
    public int BodyBytesMax { get; init; } = 4 << 20;

    /// <summary>
    /// Bytes of a subscription's `id` and of a `receipt`. Default 1,024: both are repeated to the client, an id with
    /// every message.
    /// </summary>
    public int IdBytesMax { get; init; } = 1_024;

    /// <summary>Milliseconds from accept to CONNECTED. Default 10,000 as in RabbitMQ.</summary>
    public int HandshakeMsMax { get; init; } = 10_000;

    /// <summary>
    /// The shortest heart-beat interval that is agreed to, in milliseconds, both ways. Default 1,000 as in RabbitMQ:
    /// one timer that ticks twice a second serves all connections.
    /// </summary>
    public int HeartBeatMsMin { get; init; } = 1_000;

    /// <summary>
    /// Milliseconds at the end of a connection for outstanding receipts and the last bytes to leave. Default 5,000.
    /// </summary>
    public int CloseMsMax { get; init; } = 5_000;

    /// <summary>
    /// Subscriptions of one connection, temporary reply queues included. Default 10,000: RabbitMQ has no limit, memory
    /// has (about 1 KB each).
    /// </summary>
    public int SubscriptionsMax { get; init; } = 10_000;

    /// <summary>
    /// Deliveries of one connection that wait for an acknowledgement. Default 4,194,304 (24 bytes each, 100 MB): a
    /// consumer without prefetch that never acknowledges stops there.
    /// </summary>
    public int UnackedMax { get; init; } = 1 << 22;

    /// <summary>Transactions of one connection that are open at a time. Default 16 as in RabbitMQ.</summary>
    public int TransactionsMax { get; init; } = 16;

    /// <summary>
    /// Messages and acknowledgements in the open transactions of one connection together. Default 4,096: each message
    /// takes at least 16 KiB of pooled memory until the commit.
    /// </summary>
    public int TransactionActionsMax { get; init; } = 4_096;

    /// <summary>
    /// Bytes of messages in the open transactions of one connection together. Default 64 MiB, what one commit may hold.
    /// </summary>
    public int TransactionBytesMax { get; init; } = TransactionBuffer.BytesMax;

    internal static StompLimits Default { get; } = new();

    internal FrameLimits ForFrames(int messageBytesMax) =>
        new(HeadBytesMax, HeadersMax, int.Min(BodyBytesMax, messageBytesMax));
}
