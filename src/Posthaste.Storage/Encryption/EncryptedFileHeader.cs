using System.Buffers.Binary;
using Posthaste.Primitives;

namespace Posthaste.Storage.Encryption;

/// <summary>
/// What stands before the content of an encrypted file: a page of 4,096 bytes, the same 2,048 bytes twice, so that no
/// sector that goes bad takes a file's number with it. Not encrypted. Numbers are little-endian.
/// <code>
///  0        8        12       16           24      2,048
/// +--------+--------+--------+------------+-------+
/// | magic  | crc32c | version| fileNumber | zeros |
/// +--------+--------+--------+------------+-------+
///   u64      u32      u32      u64
/// </code>
/// The CRC covers everything behind itself.
/// </summary>
internal static class EncryptedFileHeader
{
    public const int PageBytes = 4096;

    private const int CopyBytes = PageBytes / 2;
    private const ulong Magic = 0x50414E43_54535048; // "HPSTCNAP" as bytes
    private const int Version = 1;
    private const int CrcEnd = 12;

    public static void Write(Span<byte> page, ulong fileNumber)
    {
        page.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(page, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(page[12..], Version);
        BinaryPrimitives.WriteUInt64LittleEndian(page[16..], fileNumber);
        BinaryPrimitives.WriteUInt32LittleEndian(page[8..], Crc32C.Compute(page[CrcEnd..CopyBytes]));
        page[..CopyBytes].CopyTo(page[CopyBytes..]);
    }

    /// <summary>Reads the number from whichever copy is whole.</summary>
    public static bool TryRead(ReadOnlySpan<byte> page, out ulong fileNumber) =>
        TryReadCopy(page[..CopyBytes], out fileNumber) || TryReadCopy(page[CopyBytes..], out fileNumber);

    private static bool TryReadCopy(ReadOnlySpan<byte> copy, out ulong fileNumber)
    {
        fileNumber = BinaryPrimitives.ReadUInt64LittleEndian(copy[16..]);
        return BinaryPrimitives.ReadUInt64LittleEndian(copy) == Magic
            && BinaryPrimitives.ReadInt32LittleEndian(copy[12..]) == Version
            && BinaryPrimitives.ReadUInt32LittleEndian(copy[8..]) == Crc32C.Compute(copy[CrcEnd..]);
    }
}
