using System.Buffers.Binary;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Content;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Session;

/// <summary>
/// The small parts of a content whose properties and body are copied block by block, because it is larger than one
/// block of the pipe. The layout is drawn at <see cref="Frame"/> and <see cref="ContentHeader"/>.
/// </summary>
internal static class ContentPieces
{
    public static ReadOnlySpan<byte> FrameEnd => [Frame.End];

    /// <summary>The header frame up to its properties.</summary>
    public static void WriteHeaderStart(Span<byte> target, ushort channel, int propertiesBytes, int bodyBytes)
    {
        WriteFrameStart(target, FrameType.Header, channel, ContentHeader.FixedBytes + propertiesBytes);
        BinaryPrimitives.WriteUInt32BigEndian(target[Frame.HeaderBytes..], (uint)MethodIds.BasicClass << 16);
        BinaryPrimitives.WriteUInt64BigEndian(target[(Frame.HeaderBytes + 4)..], (ulong)bodyBytes);
    }

    /// <summary>A body frame up to its payload.</summary>
    public static void WriteBodyStart(Span<byte> target, ushort channel, int bytes) =>
        WriteFrameStart(target, FrameType.Body, channel, bytes);

    private static void WriteFrameStart(Span<byte> target, FrameType type, ushort channel, int payloadBytes)
    {
        target[0] = (byte)type;
        BinaryPrimitives.WriteUInt16BigEndian(target[1..], channel);
        BinaryPrimitives.WriteInt32BigEndian(target[3..], payloadBytes);
    }
}
