using System.Buffers.Binary;
using Posthaste.Primitives;

namespace Posthaste.Storage.Snapshots;

/// <summary>
/// A snapshot file is a header of 64 bytes and chunks. All numbers are little-endian.
/// <code>
///  0        8        12       16         24      32           40      64
/// +--------+--------+--------+----------+-------+------------+-------+
/// | magic  | crc32c | version| position | epoch | unixTimeMs | zeros |
/// +--------+--------+--------+----------+-------+------------+-------+
///   u64      u32      u32      i64        i64     i64
///
///  0        4        8        12       16
/// +--------+--------+--------+--------+----------+
/// | crc32c | length | index  | isLast | content  |     repeated
/// +--------+--------+--------+--------+----------+
///   u32      u32      u32      u32      length bytes
/// </code>
/// Each CRC covers everything behind itself, a chunk's starting from the position, so chunks of two snapshots cannot be
/// mixed. Only the last chunk has isLast 1; without it the snapshot is not complete, and nothing may follow it.
/// </summary>
internal static class SnapshotFormat
{
    public const int Version = 1;
    public const int HeaderBytes = 64;
    public const int ChunkHeaderBytes = 16;

    /// <summary>
    /// Content of an ordinary chunk; a longer one is made only where the writer asks for it in one piece.
    /// </summary>
    public const int ChunkBytes = 256 * 1024;

    private const ulong Magic = 0x50414E53_54535048; // "HPSTSNAP" as bytes
    private const int CrcEnd = 12;

    public static void WriteHeader(Span<byte> header, in SnapshotInfo info)
    {
        header[..HeaderBytes].Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(header, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(header[12..], Version);
        BinaryPrimitives.WriteInt64LittleEndian(header[16..], info.Position);
        BinaryPrimitives.WriteInt64LittleEndian(header[24..], info.Epoch);
        BinaryPrimitives.WriteInt64LittleEndian(header[32..], info.UnixTimeMs);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], Crc32C.Compute(header[CrcEnd..HeaderBytes]));
    }

    public static bool TryReadHeader(ReadOnlySpan<byte> header, out SnapshotInfo info)
    {
        info = default;
        if (header.Length < HeaderBytes
            || BinaryPrimitives.ReadUInt64LittleEndian(header) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(header[8..]) != Crc32C.Compute(header[CrcEnd..HeaderBytes])
            || BinaryPrimitives.ReadInt32LittleEndian(header[12..]) != Version)
        {
            return false;
        }
        info = new SnapshotInfo(
            BinaryPrimitives.ReadInt64LittleEndian(header[16..]),
            BinaryPrimitives.ReadInt64LittleEndian(header[24..]),
            BinaryPrimitives.ReadInt64LittleEndian(header[32..]));
        return true;
    }

    public static void WriteChunkHeader(Span<byte> chunk, long position, int index, bool isLast)
    {
        BinaryPrimitives.WriteInt32LittleEndian(chunk[4..], chunk.Length - ChunkHeaderBytes);
        BinaryPrimitives.WriteInt32LittleEndian(chunk[8..], index);
        BinaryPrimitives.WriteInt32LittleEndian(chunk[12..], isLast ? 1 : 0);
        BinaryPrimitives.WriteUInt32LittleEndian(chunk, Crc(chunk, position));
    }

    public static int ReadChunkLength(ReadOnlySpan<byte> header) => BinaryPrimitives.ReadInt32LittleEndian(header[4..]);

    public static bool IsChunkValid(ReadOnlySpan<byte> chunk, long position, int index, out bool isLast)
    {
        isLast = BinaryPrimitives.ReadInt32LittleEndian(chunk[12..]) == 1;
        return BinaryPrimitives.ReadInt32LittleEndian(chunk[8..]) == index
            && BinaryPrimitives.ReadUInt32LittleEndian(chunk) == Crc(chunk, position);
    }

    private static uint Crc(ReadOnlySpan<byte> chunk, long position) =>
        Crc32C.Append(Crc32C.Append(0, (ulong)position), chunk[4..]);
}

/// <summary>What a snapshot is of.</summary>
/// <param name="Position">The journal position up to which records are part of it.</param>
/// <param name="Epoch">The epoch that wrote it.</param>
/// <param name="UnixTimeMs">The wall clock when it was begun, as the caller said.</param>
public readonly record struct SnapshotInfo(long Position, long Epoch, long UnixTimeMs);
