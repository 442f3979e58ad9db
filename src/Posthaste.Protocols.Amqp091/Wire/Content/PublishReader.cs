using System.Buffers.Binary;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Wire.Content;

/// <summary>A whole publish in the buffer that it came in.</summary>
public readonly ref struct PublishView
{
    /// <summary>Never 0.</summary>
    public ushort Channel { get; init; }

    public bool Mandatory { get; init; }

    public bool Immediate { get; init; }

    public ReadOnlySpan<byte> Exchange { get; init; }

    public ReadOnlySpan<byte> RoutingKey { get; init; }

    /// <summary>Flags and list as they came, unchecked: see <see cref="BasicPropertiesReader"/>.</summary>
    public ReadOnlySpan<byte> Properties { get; init; }

    public ReadOnlySpan<byte> Body { get; init; }
}

/// <summary>
/// Reads the usual publish in one go: method frame, header frame and at most one body frame of one channel,
/// complete and side by side in one buffer. The hottest code of the receiving side.
/// <code>
///  0    1    3        7                11     13                                          m = 7+size
///  +----+----+--------+----------------+------+------------+------------+-----------------+------+
///  | 1  | ch | size   | 60, 40         |ticket| exchange   | routing-key| mandatory,      | 0xCE |
///  | u8 | u16| u32    | u32            | u16  | shortstr   | shortstr   | immediate u8    |      |
///  +----+----+--------+----------------+------+------------+------------+-----------------+------+
///  +----+----+--------+----------------+------+------------+------+   +----+----+------+------+------+
///  | 2  | ch | size   | 60, 0          | body size u64     | props| CE| 3  | ch | size | body | 0xCE |
///  +----+----+--------+----------------+-------------------+------+   +----+----+------+------+------+
///  h = m+1  h+3       h+7              h+11                h+19        only if the body is not empty
/// </code>
/// </summary>
public static class PublishReader
{
    // A method frame with two empty names and a header frame with empty properties.
    private const int BytesMin = 17 + 22;

    /// <summary>
    /// True for a whole publish at the start of the buffer. False says nothing about what is there instead: part of a
    /// publish, one in several body frames, another method, or rubbish. The caller then takes it frame by frame,
    /// which finds out; so this needs no errors, and it accepts nothing that the frame-by-frame way would refuse.
    /// </summary>
    /// <param name="buffer">Bytes from the start of a frame on.</param>
    /// <param name="frameMax">The negotiated frame-max; tolerant as <see cref="FrameScanner.Scan"/> is.</param>
    /// <param name="publish">The publish, its spans within the buffer.</param>
    /// <param name="consumed">Bytes of all its frames; 0 if there is none.</param>
    public static bool TryReadPublish(
        ReadOnlySpan<byte> buffer, int frameMax, out PublishView publish, out int consumed)
    {
        publish = default;
        consumed = 0;
        if (buffer.Length < BytesMin
            || BinaryPrimitives.ReadUInt32BigEndian(buffer[Frame.HeaderBytes..]) != (uint)MethodId.BasicPublish
            || !TryReadFrame(buffer, FrameType.Method, frameMax, out var channel, out var method)
            || channel == 0)
        {
            return false;
        }

        // Offsets within the method's payload: id 0, ticket 4, exchange 6. Each length is checked before it is used
        // as an index, and the bits must be the last octet.
        if (method.Length < 9)
            return false;
        var keyAt = 7 + method[6];
        if (keyAt >= method.Length)
            return false;
        var bitsAt = keyAt + 1 + method[keyAt];
        if (bitsAt != method.Length - 1)
            return false;

        var rest = buffer[(Frame.OverheadBytes + method.Length)..];
        if (!TryReadFrame(rest, FrameType.Header, frameMax, out var headerChannel, out var header)
            || headerChannel != channel
            || header.Length < ContentHeader.FixedBytes + BasicPropertiesReader.FlagsBytes
            || BinaryPrimitives.ReadUInt32BigEndian(header) != (uint)MethodIds.BasicClass << 16)
        {
            return false;
        }

        rest = rest[(Frame.OverheadBytes + header.Length)..];
        var bodyBytes = BinaryPrimitives.ReadUInt64BigEndian(header[4..]);
        ReadOnlySpan<byte> body = default;
        if (bodyBytes != 0)
        {
            if (!TryReadFrame(rest, FrameType.Body, frameMax, out var bodyChannel, out body)
                || bodyChannel != channel
                || (ulong)body.Length != bodyBytes)
            {
                return false;
            }

            rest = rest[(Frame.OverheadBytes + body.Length)..];
        }

        publish = new PublishView
        {
            Channel = channel,
            Mandatory = (method[bitsAt] & 1) != 0,
            Immediate = (method[bitsAt] & 2) != 0,
            Exchange = method[7..keyAt],
            RoutingKey = method[(keyAt + 1)..bitsAt],
            Properties = header[ContentHeader.FixedBytes..],
            Body = body,
        };
        consumed = buffer.Length - rest.Length;
        return true;
    }

    private static bool TryReadFrame(
        ReadOnlySpan<byte> buffer, FrameType type, int frameMax, out ushort channel, out ReadOnlySpan<byte> payload)
    {
        channel = 0;
        payload = default;
        if (buffer.Length < Frame.OverheadBytes)
            return false;

        // The whole header in one load: type, channel, size, and one octet of payload that is shifted out.
        var header = BinaryPrimitives.ReadUInt64BigEndian(buffer);
        var size = (uint)(header >> 8);
        if ((FrameType)(header >> 56) != type || size > (uint)frameMax
            || size > (uint)(buffer.Length - Frame.OverheadBytes)
            || buffer[Frame.HeaderBytes + (int)size] != Frame.End)
        {
            return false;
        }

        channel = (ushort)(header >> 40);
        payload = buffer.Slice(Frame.HeaderBytes, (int)size);
        return true;
    }
}
