using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Wire.Content;

/// <summary>
/// Writes a method with its content as one run of frames into a span that the caller has sized: the hottest code of
/// the sending side. Nothing is allocated, and each argument is written exactly once.
/// <code>
///  +--------------+--------------+------------+-----+------------+
///  | method frame | header frame | body frame | ... | body frame |
///  +--------------+--------------+------------+-----+------------+
///    deliver, get-ok, class 60,    at most frame-max bytes with
///    return, publish  body size,   their 8 bytes of overhead;
///                     properties   none for an empty body
///  Every frame: type u8, channel u16, size u32, payload, 0xCE.
/// </code>
/// </summary>
/// <remarks>
/// A header frame cannot be split: one with properties near frame-max exceeds a smaller frame-max that another
/// client has negotiated, and is sent all the same.
/// Names are short strings, at most 255 bytes; properties are flags and list as their publisher encoded them.
/// </remarks>
public static class ContentFrames
{
    // The arguments without the bytes of their short strings.
    private const int DeliverFixedBytes = 1 + sizeof(ulong) + 1 + 1 + 1;
    private const int GetOkFixedBytes = sizeof(ulong) + 1 + 1 + 1 + sizeof(uint);
    private const int ReturnFixedBytes = sizeof(ushort) + 1 + 1 + 1;
    private const int PublishFixedBytes = sizeof(ushort) + 1 + 1 + 1;

    /// <summary>
    /// Bytes that <see cref="WriteDeliver"/> writes for strings, properties and a body of these lengths.
    /// </summary>
    public static int GetDeliverSize(
        int consumerTagBytes,
        int exchangeBytes,
        int routingKeyBytes,
        int propertiesBytes,
        int bodyBytes,
        int frameMax)
    {
        var argumentBytes = DeliverFixedBytes + consumerTagBytes + exchangeBytes + routingKeyBytes;
        return GetSize(argumentBytes, propertiesBytes, bodyBytes, frameMax);
    }

    /// <summary>Bytes that <see cref="WriteGetOk"/> writes.</summary>
    public static int GetGetOkSize(
        int exchangeBytes, int routingKeyBytes, int propertiesBytes, int bodyBytes, int frameMax) =>
        GetSize(GetOkFixedBytes + exchangeBytes + routingKeyBytes, propertiesBytes, bodyBytes, frameMax);

    /// <summary>Bytes that <see cref="WriteReturn"/> writes.</summary>
    public static int GetReturnSize(
        int replyTextBytes,
        int exchangeBytes,
        int routingKeyBytes,
        int propertiesBytes,
        int bodyBytes,
        int frameMax)
    {
        var argumentBytes = ReturnFixedBytes + replyTextBytes + exchangeBytes + routingKeyBytes;
        return GetSize(argumentBytes, propertiesBytes, bodyBytes, frameMax);
    }

    /// <summary>Bytes that <see cref="WritePublish"/> writes.</summary>
    public static int GetPublishSize(
        int exchangeBytes, int routingKeyBytes, int propertiesBytes, int bodyBytes, int frameMax) =>
        GetSize(PublishFixedBytes + exchangeBytes + routingKeyBytes, propertiesBytes, bodyBytes, frameMax);

    /// <summary>Writes basic.deliver with its content and returns the bytes written.</summary>
    public static int WriteDeliver(
        Span<byte> destination,
        ushort channel,
        ReadOnlySpan<byte> consumerTag,
        ulong deliveryTag,
        bool redelivered,
        ReadOnlySpan<byte> exchange,
        ReadOnlySpan<byte> routingKey,
        ReadOnlySpan<byte> properties,
        ReadOnlySpan<byte> body,
        int frameMax)
    {
        var arguments = DeliverFixedBytes + consumerTag.Length + exchange.Length + routingKey.Length;
        RequireRoom(destination, GetSize(arguments, properties.Length, body.Length, frameMax));
        var at = BeginMethod(destination, channel, MethodId.BasicDeliver, arguments);
        at = WriteShortString(destination, at, consumerTag);
        BinaryPrimitives.WriteUInt64BigEndian(destination[at..], deliveryTag);
        destination[at + 8] = Unsafe.BitCast<bool, byte>(redelivered);
        at = WriteShortString(destination, at + 9, exchange);
        at = WriteShortString(destination, at, routingKey);
        return FinishWithContent(destination, at, channel, properties, body, frameMax);
    }

    /// <summary>Writes basic.get-ok with its content and returns the bytes written.</summary>
    public static int WriteGetOk(
        Span<byte> destination,
        ushort channel,
        ulong deliveryTag,
        bool redelivered,
        ReadOnlySpan<byte> exchange,
        ReadOnlySpan<byte> routingKey,
        uint messageCount,
        ReadOnlySpan<byte> properties,
        ReadOnlySpan<byte> body,
        int frameMax)
    {
        var arguments = GetOkFixedBytes + exchange.Length + routingKey.Length;
        RequireRoom(destination, GetSize(arguments, properties.Length, body.Length, frameMax));
        var at = BeginMethod(destination, channel, MethodId.BasicGetOk, arguments);
        BinaryPrimitives.WriteUInt64BigEndian(destination[at..], deliveryTag);
        destination[at + 8] = Unsafe.BitCast<bool, byte>(redelivered);
        at = WriteShortString(destination, at + 9, exchange);
        at = WriteShortString(destination, at, routingKey);
        BinaryPrimitives.WriteUInt32BigEndian(destination[at..], messageCount);
        return FinishWithContent(destination, at + sizeof(uint), channel, properties, body, frameMax);
    }

    /// <summary>Writes basic.return with its content and returns the bytes written.</summary>
    public static int WriteReturn(
        Span<byte> destination,
        ushort channel,
        ReplyCode replyCode,
        ReadOnlySpan<byte> replyText,
        ReadOnlySpan<byte> exchange,
        ReadOnlySpan<byte> routingKey,
        ReadOnlySpan<byte> properties,
        ReadOnlySpan<byte> body,
        int frameMax)
    {
        var arguments = ReturnFixedBytes + replyText.Length + exchange.Length + routingKey.Length;
        RequireRoom(destination, GetSize(arguments, properties.Length, body.Length, frameMax));
        var at = BeginMethod(destination, channel, MethodId.BasicReturn, arguments);
        BinaryPrimitives.WriteUInt16BigEndian(destination[at..], (ushort)replyCode);
        at = WriteShortString(destination, at + sizeof(ushort), replyText);
        at = WriteShortString(destination, at, exchange);
        at = WriteShortString(destination, at, routingKey);
        return FinishWithContent(destination, at, channel, properties, body, frameMax);
    }

    /// <summary>
    /// Writes basic.publish with its content, as clients and load generators do; returns the bytes written.
    /// </summary>
    public static int WritePublish(
        Span<byte> destination,
        ushort channel,
        ReadOnlySpan<byte> exchange,
        ReadOnlySpan<byte> routingKey,
        bool mandatory,
        ReadOnlySpan<byte> properties,
        ReadOnlySpan<byte> body,
        int frameMax)
    {
        var arguments = PublishFixedBytes + exchange.Length + routingKey.Length;
        RequireRoom(destination, GetSize(arguments, properties.Length, body.Length, frameMax));
        var at = BeginMethod(destination, channel, MethodId.BasicPublish, arguments);
        BinaryPrimitives.WriteUInt16BigEndian(destination[at..], 0);
        at = WriteShortString(destination, at + sizeof(ushort), exchange);
        at = WriteShortString(destination, at, routingKey);
        destination[at] = Unsafe.BitCast<bool, byte>(mandatory);
        return FinishWithContent(destination, at + 1, channel, properties, body, frameMax);
    }

    private static int GetSize(int argumentBytes, int propertiesBytes, int bodyBytes, int frameMax)
    {
        // Bodies of one frame, the usual ones, must not pay for a division.
        var room = frameMax - Frame.OverheadBytes;
        var bodyFrames = bodyBytes <= room ? (bodyBytes > 0 ? 1 : 0) : ((bodyBytes - 1) / room) + 1;
        return Frame.OverheadBytes + MethodIds.SizeBytes + argumentBytes
            + Frame.OverheadBytes + ContentHeader.FixedBytes + propertiesBytes
            + (bodyFrames * Frame.OverheadBytes) + bodyBytes;
    }

    private static int BeginMethod(Span<byte> destination, ushort channel, MethodId method, int argumentBytes)
    {
        WriteFrameHeader(destination, FrameType.Method, channel, MethodIds.SizeBytes + argumentBytes);
        BinaryPrimitives.WriteUInt32BigEndian(destination[Frame.HeaderBytes..], (uint)method);
        return Frame.HeaderBytes + MethodIds.SizeBytes;
    }

    private static int FinishWithContent(
        Span<byte> destination,
        int at,
        ushort channel,
        ReadOnlySpan<byte> properties,
        ReadOnlySpan<byte> body,
        int frameMax)
    {
        destination[at] = Frame.End;
        destination = destination[(at + 1)..];

        WriteFrameHeader(destination, FrameType.Header, channel, ContentHeader.FixedBytes + properties.Length);
        BinaryPrimitives.WriteUInt32BigEndian(destination[7..], (uint)MethodIds.BasicClass << 16);
        BinaryPrimitives.WriteUInt64BigEndian(destination[11..], (ulong)body.Length);
        properties.CopyTo(destination[19..]);
        destination[19 + properties.Length] = Frame.End;
        var written = at + 1 + 20 + properties.Length;
        destination = destination[(20 + properties.Length)..];

        var room = frameMax - Frame.OverheadBytes;
        while (body.Length > 0)
        {
            var piece = body[..int.Min(body.Length, room)];
            WriteFrameHeader(destination, FrameType.Body, channel, piece.Length);
            piece.CopyTo(destination[Frame.HeaderBytes..]);
            destination[Frame.HeaderBytes + piece.Length] = Frame.End;
            written += Frame.OverheadBytes + piece.Length;
            destination = destination[(Frame.OverheadBytes + piece.Length)..];
            body = body[piece.Length..];
        }

        return written;
    }

    // Seven bytes in one store; the eighth belongs to the payload, which is written after.
    private static void WriteFrameHeader(Span<byte> destination, FrameType type, ushort channel, int payloadBytes) =>
        BinaryPrimitives.WriteUInt64BigEndian(
            destination, ((ulong)type << 56) | ((ulong)channel << 40) | ((ulong)(uint)payloadBytes << 8));

    private static int WriteShortString(Span<byte> destination, int at, ReadOnlySpan<byte> value)
    {
        if (value.Length > ShortStrings.BytesMax)
            ThrowShortStringTooLong(value.Length);
        destination[at] = (byte)value.Length;
        value.CopyTo(destination[(at + 1)..]);
        return at + 1 + value.Length;
    }

    // Once and first, so that a caller who sized wrongly finds nothing half written.
    private static void RequireRoom(Span<byte> destination, int bytes)
    {
        if (destination.Length < bytes)
            ThrowDestinationTooShort(destination.Length, bytes);
    }

    [DoesNotReturn]
    private static void ThrowDestinationTooShort(int roomBytes, int bytes) =>
        throw new ArgumentException($"The frames take {bytes} bytes, and there is room for {roomBytes}.");

    [DoesNotReturn]
    private static void ThrowShortStringTooLong(int bytes) =>
        throw new ArgumentException($"A short string has at most {ShortStrings.BytesMax} bytes, not {bytes}.");
}
