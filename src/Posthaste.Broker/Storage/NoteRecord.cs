using System.Buffers.Binary;

namespace Posthaste.Broker.Storage;

/// <summary>
/// Payload of the records about notes: one is set, one is removed, all with a prefix are removed.
/// <code>
///  0                4            6
/// +----------------+------------+-------+---------+
/// | virtual host   | key bytes  | key … | value … |   to the end; no value where something is removed
/// | id (u32)       | (u16)      |       |         |
/// +----------------+------------+-------+---------+
/// </code>
/// Integers are little-endian. For removal by prefix the key is the prefix.
/// </summary>
internal static class NoteRecord
{
    private const int FixedBytes = 6;

    public static int Size(int keyLength, int valueLength) => FixedBytes + keyLength + valueLength;

    public static void Write(Span<byte> target, uint hostId, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(target, hostId);
        BinaryPrimitives.WriteUInt16LittleEndian(target[4..], (ushort)key.Length);
        key.CopyTo(target[FixedBytes..]);
        value.CopyTo(target[(FixedBytes + key.Length)..]);
    }

    public static uint ReadHostId(ReadOnlySpan<byte> payload) => BinaryPrimitives.ReadUInt32LittleEndian(payload);

    public static ReadOnlySpan<byte> ReadKey(ReadOnlySpan<byte> payload) =>
        payload.Slice(FixedBytes, BinaryPrimitives.ReadUInt16LittleEndian(payload[4..]));

    public static ReadOnlySpan<byte> ReadValue(ReadOnlySpan<byte> payload) =>
        payload[(FixedBytes + BinaryPrimitives.ReadUInt16LittleEndian(payload[4..]))..];
}
