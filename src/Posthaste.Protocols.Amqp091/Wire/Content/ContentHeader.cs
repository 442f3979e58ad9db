using System.Buffers.Binary;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Wire.Content;

/// <summary>
/// The payload of a header frame, which follows the methods with content: how long the body is, and the properties as
/// their publisher encoded them.
/// <code>
///  +----------+--------+-----------+----------------------------+
///  | class-id | weight | body-size | properties                 |
///  | u16 = 60 | u16 = 0| u64       | flags u16, then their list |
///  +----------+--------+-----------+----------------------------+
/// </code>
/// </summary>
public readonly ref struct ContentHeader
{
    /// <summary>Bytes of the payload before the properties.</summary>
    public const int FixedBytes = 12;

    private ContentHeader(ushort classId, ulong bodyBytes, ReadOnlySpan<byte> properties)
    {
        ClassId = classId;
        BodyBytes = bodyBytes;
        Properties = properties;
    }

    /// <summary>The class of the method before; <see cref="MethodIds.BasicClass"/> if the peer is sound.</summary>
    public ushort ClassId { get; }

    /// <summary>
    /// The body's length over all its frames, as the peer claims: not to be trusted with an allocation.
    /// </summary>
    public ulong BodyBytes { get; }

    /// <summary>Property flags and list, to be read by <see cref="BasicPropertiesReader"/>.</summary>
    public ReadOnlySpan<byte> Properties { get; }

    /// <summary>
    /// Reads a header frame's payload. False if it is too short or has a weight other than zero; whether class,
    /// size and properties are acceptable is for the caller to judge.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> payload, out ContentHeader header)
    {
        header = default;
        if (payload.Length < FixedBytes + BasicPropertiesReader.FlagsBytes)
            return false;
        if (BinaryPrimitives.ReadUInt16BigEndian(payload[2..]) != 0)
            return false;

        header = new ContentHeader(
            BinaryPrimitives.ReadUInt16BigEndian(payload),
            BinaryPrimitives.ReadUInt64BigEndian(payload[4..]),
            payload[FixedBytes..]);
        return true;
    }
}
