using Posthaste.Broker.Sessions;
using Posthaste.Protocols.Amqp091.Wire;

namespace Posthaste.Protocols.Amqp091;

/// <summary>What one AMQP 0-9-1 connection may use. The defaults are RabbitMQ's where it has the limit.</summary>
public sealed record Amqp091Limits
{
    /// <summary>Highest channel number. Default 2,047 as in RabbitMQ.</summary>
    public ushort ChannelMax { get; init; } = 2047;

    /// <summary>
    /// Most that <see cref="FrameBytesMax"/> may be: a frame that crosses blocks is copied as a whole.
    /// </summary>
    public const int FrameBytesCeiling = ReadScope.ScratchBytes - Frame.OverheadBytes;

    /// <summary>Bytes of the largest frame offered to clients. Default 131,072 as in RabbitMQ.</summary>
    public int FrameBytesMax { get; init; } = 131_072;

    /// <summary>
    /// Bytes of the largest frame before a client has said who it is. Default 8,192: room for a token as password.
    /// </summary>
    public int InitialFrameBytesMax { get; init; } = 8_192;

    /// <summary>
    /// Smallest frame-max that a client may choose. Default 4,096, which the specification demands of all peers.
    /// </summary>
    public int FrameBytesMin { get; init; } = 4096;

    /// <summary>
    /// Heartbeat interval offered, in seconds; clients may choose another or 0 for none. Default 60 as in RabbitMQ.
    /// </summary>
    public ushort HeartbeatSeconds { get; init; } = 60;

    /// <summary>Milliseconds from accept to connection.open. Default 10,000 as in RabbitMQ.</summary>
    public int HandshakeMsMax { get; init; } = 10_000;

    /// <summary>Milliseconds to wait for connection.close-ok and the last bytes to leave. Default 5,000.</summary>
    public int CloseMsMax { get; init; } = 5_000;

    /// <summary>Consumers on one channel. Default 65,536: RabbitMQ has no limit, memory has.</summary>
    public int ConsumersPerChannelMax { get; init; } = 65_536;

    /// <summary>
    /// Deliveries of one channel that wait for an acknowledgement. Default 4,194,304 (24 bytes each, 100 MB): a
    /// consumer without prefetch that never acknowledges stops there.
    /// </summary>
    public int UnackedPerChannelMax { get; init; } = 1 << 22;

    /// <summary>Bytes of replies and uncommitted returns that one transaction may hold. Default 16 MiB.</summary>
    public int TransactionReturnBytesMax { get; init; } = 16 << 20;

    internal static Amqp091Limits Default { get; } = new();
}
