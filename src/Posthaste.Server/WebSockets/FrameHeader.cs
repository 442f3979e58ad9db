using System.Buffers;
using System.Buffers.Binary;

namespace Posthaste.Server.WebSockets;

/// <summary>What a frame carries [RFC 6455, 5.2].</summary>
internal enum Opcode : byte
{
    Continuation = 0,
    Text = 1,
    Binary = 2,
    Close = 8,
    Ping = 9,
    Pong = 10,
}

/// <summary>
/// What stands before a frame's payload [RFC 6455, 5.2].
/// <code>
/// +---+---+---+---+----------+------+-------------+ +--------------------+ +-----------------+
/// |FIN|RSV|RSV|RSV|  opcode  | MASK |   length    | | longer length      | | masking key     |
/// |   | 1 | 2 | 3 |  4 bits  |      |   7 bits    | | 126: 2 bytes       | | 4 bytes, if     |
/// |   |   |   |   |          |      | 0..125      | | 127: 8 bytes       | | MASK is set     |
/// +---+---+---+---+----------+------+-------------+ +--------------------+ +-----------------+
/// </code>
/// Numbers are big-endian. A client masks every frame, a server none.
/// </summary>
internal readonly struct FrameHeader
{
    /// <summary>Longest payload of a control frame: its length is in the first two bytes.</summary>
    public const int ControlBytesMax = 125;

    /// <summary>Bytes of the longest header that a server writes.</summary>
    public const int WrittenBytesMax = 10;

    private const byte FinBit = 0x80;
    private const byte ReservedBits = 0x70;
    private const byte OpcodeBits = 0x0F;
    private const byte MaskBit = 0x80;
    private const byte Length16 = 126;
    private const byte Length64 = 127;
    private const int ReadBytesMax = 14;

    public bool IsFin { get; private init; }

    public bool HasReservedBits { get; private init; }

    public Opcode Opcode { get; private init; }

    public bool IsMasked { get; private init; }

    /// <summary>Bytes of the payload; negative when the peer set the top bit, which it must not.</summary>
    public long PayloadBytes { get; private init; }

    /// <summary>The masking key, its first byte lowest.</summary>
    public uint Mask { get; private init; }

    public bool IsControl => ((byte)Opcode & 8) != 0;

    /// <summary>Reads a header when all of it is there; otherwise reads nothing.</summary>
    public static bool TryRead(ref SequenceReader<byte> reader, out FrameHeader header)
    {
        header = default;
        Span<byte> copy = stackalloc byte[ReadBytesMax];
        ReadOnlySpan<byte> bytes = copy[..(int)Math.Min(reader.Remaining, ReadBytesMax)];
        if (bytes.Length < 2 || !reader.TryCopyTo(copy[..bytes.Length])) return false;
        var (first, second) = (bytes[0], bytes[1]);
        var (lengthBytes, length) = (second & ~MaskBit) switch
        {
            Length16 => (2, bytes.Length < 4 ? 0 : BinaryPrimitives.ReadUInt16BigEndian(bytes[2..])),
            Length64 => (8, bytes.Length < 10 ? 0 : BinaryPrimitives.ReadInt64BigEndian(bytes[2..])),
            var small => (0, small),
        };
        var isMasked = (second & MaskBit) != 0;
        var maskAt = 2 + lengthBytes;
        var size = maskAt + (isMasked ? sizeof(uint) : 0);
        if (bytes.Length < size) return false;

        reader.Advance(size);
        header = new FrameHeader
        {
            IsFin = (first & FinBit) != 0,
            HasReservedBits = (first & ReservedBits) != 0,
            Opcode = (Opcode)(first & OpcodeBits),
            IsMasked = isMasked,
            PayloadBytes = length,
            Mask = isMasked ? BinaryPrimitives.ReadUInt32LittleEndian(bytes[maskAt..]) : 0,
        };
        return true;
    }

    /// <summary>Bytes of the header that <see cref="Write"/> writes: the shortest, as a sender must.</summary>
    public static int WrittenBytes(long payloadBytes) =>
        payloadBytes <= ControlBytesMax ? 2 : payloadBytes <= ushort.MaxValue ? 4 : WrittenBytesMax;

    /// <summary>Writes the header of a whole message in one frame, without a mask.</summary>
    public static void Write(Span<byte> target, Opcode opcode, long payloadBytes)
    {
        target[0] = (byte)(FinBit | (byte)opcode);
        switch (WrittenBytes(payloadBytes))
        {
            case 2:
                target[1] = (byte)payloadBytes;
                break;
            case 4:
                target[1] = Length16;
                BinaryPrimitives.WriteUInt16BigEndian(target[2..], (ushort)payloadBytes);
                break;
            default:
                target[1] = Length64;
                BinaryPrimitives.WriteInt64BigEndian(target[2..], payloadBytes);
                break;
        }
    }
}
