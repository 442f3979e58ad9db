using System.Buffers.Binary;
using Posthaste.Primitives;

namespace Posthaste.Storage.Segments;

/// <summary>
/// A segment file is a sequence of blocks; each begins with a header of 80 bytes. All numbers are little-endian.
/// <code>
///  0       8          12      16      20        24       28      32            40         48        56
/// +-------+----------+-------+-------+---------+--------+-------+-------------+----------+---------+
/// | magic | headerCrc| bodyCrc vers. | entries | bodyBytes segm. | destination | firstSeq | lastSeq |
/// +-------+----------+-------+-------+---------+--------+-------+-------------+----------+---------+
///   u64     u32        u32     u32     u32       u32      u32     u64           u64        u64
///  56              64       72      73     80
/// +---------------+--------+-------+------+------------------+
/// | minExpiresAtMs| offset | level | zeros| body: entries    |
/// +---------------+--------+-------+------+------------------+
///   i64             i64      u8      7      bodyBytes
/// </code>
/// Zeros behind the last entry make the block a multiple of 16 long, so that two blocks never share what an encrypted
/// file is encrypted by; earlier writers left them out.
/// headerCrc covers everything behind itself up to the body, bodyCrc the body. Segment and offset say where the block
/// belongs, so that a misplaced one is not valid. An entry starts at a multiple of 8 within the body:
/// <code>
///  0     8             16      17     18           20         22      24          28             32
/// +-----+-------------+-------+------+------------+----------+-------+-----------+--------------+---------+-------+
/// | seq | expiresAtMs | flags | zero | deliveries | acquired | zeros | bodyBytes | messageBytes | message | zeros |
/// +-----+-------------+-------+------+------------+----------+-------+-----------+--------------+---------+-------+
///   u64   i64           u8      u8     u16           u16             u16      u32         u32            bytes     to
/// 8
/// </code>
/// </summary>
internal static class SegmentFormat
{
    public const int Version = 1;
    public const int HeaderBytes = 80;
    public const int EntryHeaderBytes = 32;

    /// <summary>A block ends before this unless a single message is larger.</summary>
    public const int BlockBytesMax = 1024 * 1024;

    private const ulong Magic = 0x4B4C4247_53545348; // "HSTSGBLK" as bytes
    private const int CrcEnd = 12;

    public static int EntryBytes(int messageBytes) => (EntryHeaderBytes + messageBytes + 7) & -8;

    public static int BlockBytes(int bytes) => (bytes + 15) & -16;

    public static void WriteHeader(Span<byte> block, in SegmentBlockInfo info)
    {
        Span<byte> header = block[..HeaderBytes];
        header.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(header, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(header[12..], Crc32C.Compute(block[HeaderBytes..]));
        BinaryPrimitives.WriteInt32LittleEndian(header[16..], Version);
        BinaryPrimitives.WriteInt32LittleEndian(header[20..], info.Count);
        BinaryPrimitives.WriteInt32LittleEndian(header[24..], info.Length - HeaderBytes);
        BinaryPrimitives.WriteInt32LittleEndian(header[28..], info.SegmentId);
        BinaryPrimitives.WriteUInt64LittleEndian(header[32..], info.DestinationId);
        BinaryPrimitives.WriteUInt64LittleEndian(header[40..], info.FirstSeq);
        BinaryPrimitives.WriteUInt64LittleEndian(header[48..], info.LastSeq);
        BinaryPrimitives.WriteInt64LittleEndian(header[56..], info.MinExpiresAtMs);
        BinaryPrimitives.WriteInt64LittleEndian(header[64..], info.Offset);
        header[72] = info.Level;
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], Crc32C.Compute(header[CrcEnd..]));
    }

    public static bool TryReadHeader(ReadOnlySpan<byte> header, out SegmentBlockInfo info)
    {
        info = default;
        if (header.Length < HeaderBytes
            || BinaryPrimitives.ReadUInt64LittleEndian(header) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(header[8..]) != Crc32C.Compute(header[CrcEnd..HeaderBytes])
            || BinaryPrimitives.ReadInt32LittleEndian(header[16..]) != Version)
        {
            return false;
        }
        info = new SegmentBlockInfo
        {
            SegmentId = BinaryPrimitives.ReadInt32LittleEndian(header[28..]),
            Offset = BinaryPrimitives.ReadInt64LittleEndian(header[64..]),
            Length = BinaryPrimitives.ReadInt32LittleEndian(header[24..]) + HeaderBytes,
            DestinationId = BinaryPrimitives.ReadUInt64LittleEndian(header[32..]),
            Level = header[72],
            FirstSeq = BinaryPrimitives.ReadUInt64LittleEndian(header[40..]),
            LastSeq = BinaryPrimitives.ReadUInt64LittleEndian(header[48..]),
            Count = BinaryPrimitives.ReadInt32LittleEndian(header[20..]),
            MinExpiresAtMs = BinaryPrimitives.ReadInt64LittleEndian(header[56..]),
        };
        return true;
    }

    public static bool IsBodyValid(ReadOnlySpan<byte> block) =>
        BinaryPrimitives.ReadUInt32LittleEndian(block[12..]) == Crc32C.Compute(block[HeaderBytes..]);

    public static void WriteEntry(Span<byte> at, in SegmentEntry entry, ReadOnlySpan<byte> message)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(at, entry.Seq);
        BinaryPrimitives.WriteInt64LittleEndian(at[8..], entry.ExpiresAtMs);
        BinaryPrimitives.WriteUInt16LittleEndian(at[16..], entry.Flags);
        BinaryPrimitives.WriteUInt16LittleEndian(at[18..], entry.DeliveryCount);
        BinaryPrimitives.WriteUInt32LittleEndian(at[20..], entry.AcquiredCount);
        BinaryPrimitives.WriteUInt32LittleEndian(at[24..], entry.BodyBytes);
        BinaryPrimitives.WriteInt32LittleEndian(at[28..], message.Length);
        message.CopyTo(at[EntryHeaderBytes..]);
        at[(EntryHeaderBytes + message.Length)..EntryBytes(message.Length)].Clear();
    }

    public static SegmentEntry ReadEntry(ReadOnlySpan<byte> at, out int messageBytes)
    {
        messageBytes = BinaryPrimitives.ReadInt32LittleEndian(at[28..]);
        return new SegmentEntry
        {
            Seq = BinaryPrimitives.ReadUInt64LittleEndian(at),
            ExpiresAtMs = BinaryPrimitives.ReadInt64LittleEndian(at[8..]),
            Flags = at[16],
            DeliveryCount = BinaryPrimitives.ReadUInt16LittleEndian(at[18..]),
            AcquiredCount = BinaryPrimitives.ReadUInt16LittleEndian(at[20..]),
            BodyBytes = BinaryPrimitives.ReadUInt32LittleEndian(at[24..]),
        };
    }
}
