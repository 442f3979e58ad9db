using System.Buffers.Binary;
using Posthaste.Bench.Load;

namespace Posthaste.Bench.Amqp;

/// <summary>One frame of AMQP 0-9-1, a view into the receive buffer that is valid until the next receive.</summary>
/// <remarks>
/// <code>
/// 0      1         3             7                  7+size
/// | type | channel | size (BE32) | payload (size) … | 0xCE |
/// </code>
/// </remarks>
internal readonly ref struct Frame(byte type, ushort channel, ReadOnlySpan<byte> payload)
{
    public const byte MethodType = 1;
    public const byte HeaderType = 2;
    public const byte BodyType = 3;
    public const byte HeartbeatType = 8;
    public const byte End = 0xCE;
    public const int PrefixBytes = 7;
    public const int OverheadBytes = PrefixBytes + 1;

    public byte Type { get; } = type;

    public ushort Channel { get; } = channel;

    public ReadOnlySpan<byte> Payload { get; } = payload;

    /// <summary>The method of a method frame, see <see cref="Amqp.Method"/>.</summary>
    public uint Method => BinaryPrimitives.ReadUInt32BigEndian(Payload);

    /// <summary>The arguments behind the method's four identifying bytes.</summary>
    public ReadOnlySpan<byte> Arguments => Payload[4..];

    /// <summary>
    /// Reads the frame at the start of <paramref name="source"/>; false means that more bytes are needed.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out Frame frame, out int consumed)
    {
        frame = default;
        consumed = 0;
        if (source.Length < OverheadBytes)
        {
            return false;
        }

        uint size = BinaryPrimitives.ReadUInt32BigEndian(source[3..]);
        if (size > (uint)(source.Length - OverheadBytes))
        {
            return false;
        }

        if (source[PrefixBytes + (int)size] != End)
        {
            throw new ConnectionException($"a frame of {size} bytes does not end with 0xCE");
        }

        frame = new Frame(
            source[0], BinaryPrimitives.ReadUInt16BigEndian(source[1..]), source.Slice(PrefixBytes, (int)size));
        consumed = OverheadBytes + (int)size;
        return true;
    }
}
