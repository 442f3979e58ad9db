using System.Buffers.Binary;

namespace Posthaste.Broker.Storage;

/// <summary>
/// Payload of a compound record: other records that hold together or not at all.
/// <code>
///  0        1              4                8
/// +--------+--------------+----------------+-----------+
/// | type   | zero         | length (u32)   | payload … |  once per part, without padding
/// +--------+--------------+----------------+-----------+
/// </code>
/// </summary>
internal static class CompoundRecord
{
    public const int PartHeaderBytes = 8;

    /// <summary>Writes a part's header; returns the rest, where its payload goes.</summary>
    public static Span<byte> BeginPart(Span<byte> target, RecordType type, int payloadBytes)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(target, (uint)type);
        BinaryPrimitives.WriteUInt32LittleEndian(target[4..], (uint)payloadBytes);
        return target[PartHeaderBytes..];
    }

    /// <summary>Reads the part at an offset; returns the offset of the next.</summary>
    public static int ReadPart(
        ReadOnlySpan<byte> compound, int at, out RecordType type, out int payloadOffset, out int payloadBytes)
    {
        type = (RecordType)compound[at];
        payloadBytes = (int)BinaryPrimitives.ReadUInt32LittleEndian(compound[(at + 4)..]);
        payloadOffset = at + PartHeaderBytes;
        return payloadOffset + payloadBytes;
    }
}
