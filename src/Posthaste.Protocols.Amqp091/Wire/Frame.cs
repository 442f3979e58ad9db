using Posthaste.Protocols.Amqp091.Wire.Methods;
namespace Posthaste.Protocols.Amqp091.Wire;

/// <summary>The kinds of frame.</summary>
public enum FrameType : byte
{
    /// <summary>A method with its arguments.</summary>
    Method = 1,

    /// <summary>The header of a content: its size and properties.</summary>
    Header = 2,

    /// <summary>A piece of a content's body.</summary>
    Body = 3,

    /// <summary>A sign of life; no payload, channel 0.</summary>
    Heartbeat = 8,
}

/// <summary>
/// One frame in the buffer that it came in.
/// <code>
///  0      1         3             7                    7+size
///  +------+---------+-------------+--------------------+-----------+
///  | type | channel | size        | payload            | 0xCE      |
///  | u8   | u16     | u32         | size bytes         | frame end |
///  +------+---------+-------------+--------------------+-----------+
/// </code>
/// </summary>
public readonly ref struct Frame
{
    /// <summary>Bytes before the payload.</summary>
    public const int HeaderBytes = 7;

    /// <summary>Bytes of a frame without its payload.</summary>
    public const int OverheadBytes = HeaderBytes + 1;

    /// <summary>The octet after every payload: a reader that has lost its place finds something else there.</summary>
    public const byte End = 0xCE;

    /// <summary>The least that a peer may negotiate as frame-max, in bytes; fixed by the specification.</summary>
    public const int MinMaxBytes = 4096;

    /// <summary>
    /// The frame-max that holds until it is negotiated, in bytes. The specification allows
    /// <see cref="MinMaxBytes"/>; RabbitMQ takes twice that, for tokens as passwords in start-ok.
    /// </summary>
    public const int InitialMaxBytes = 8192;

    internal Frame(FrameType type, ushort channel, ReadOnlySpan<byte> payload)
    {
        Type = type;
        Channel = channel;
        Payload = payload;
    }

    /// <summary>The kind of frame.</summary>
    public FrameType Type { get; }

    /// <summary>0 for the connection itself.</summary>
    public ushort Channel { get; }

    /// <summary>What is between the header and the end octet.</summary>
    public ReadOnlySpan<byte> Payload { get; }

    /// <summary>
    /// The method in a method frame; <see cref="MethodId.None"/> if the payload is too short to name one.
    /// </summary>
    public MethodId Method => MethodIds.Read(Payload);
}
