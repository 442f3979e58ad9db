using System.Buffers.Binary;
using Posthaste.Primitives;

namespace Posthaste.Storage.Journaling;

/// <summary>The sizes and record types of the journal's format, version 1. All numbers are little-endian.</summary>
internal static class JournalFormat
{
    public const int Version = 1;

    /// <summary>The unit in which positions are looked up, blocks are cut and files end.</summary>
    public const int GranuleBytes = 16 * 1024;

    /// <summary>An ordinary block: what is read, kept and evicted as one.</summary>
    public const int BlockBytes = 1024 * 1024;

    /// <summary>
    /// Payloads up to this size are copied into the active block; larger ones get a block of their own.
    /// </summary>
    public const int InlinePayloadBytesMax = 64 * 1024;

    /// <summary>The largest payload: what a batch in one buffer can hold with room to spare.</summary>
    public const int PayloadBytesMax = 1 << 30;

    /// <summary>
    /// Every record starts at a multiple of this, so what is left of a block always fits a pad record.
    /// </summary>
    public const int Alignment = 16;

    public const int FileHeaderBytes = 4096;

    /// <summary>Callers' types are 1 to this.</summary>
    public const byte CallerTypeMax = 0xEF;
    public const byte PadType = 0xFE;
    public const byte BatchType = 0xFF;

    public static long GranuleFloor(long position) => position & -GranuleBytes;

    public static long GranuleCeiling(long position) => (position + GranuleBytes - 1) & -GranuleBytes;

    public static int Align(int bytes) => (bytes + Alignment - 1) & -Alignment;
}

/// <summary>
/// The header of every record:
/// <code>
///  0        4        8    9    10      12       16
/// +--------+--------+----+----+-------+--------+----------------+------------+
/// | crc32c | length |type|flag|reservd| epoch  | payload        | zeros      |
/// +--------+--------+----+----+-------+--------+----------------+------------+
///   u32      u32      u8   u8   u16     u32      length bytes     to 16 bytes
/// </code>
/// The CRC starts from (position xor the file's salt) and covers everything behind itself, the zeros at the end
/// included. So a record is valid at one position of one data directory only: what an earlier use of the same file
/// left behind never matches, and a payload cannot forge a record. The epoch (its low 32 bits) tells a record from one
/// that an earlier, cut-off write left at the very same position. Flags and the reserved field are zero.
/// </summary>
internal static class RecordHeader
{
    public const int Bytes = 16;
    private const int CrcBytes = 4;

    public static int BytesWith(int payloadBytes) => JournalFormat.Align(Bytes + payloadBytes);

    public static void Write(Span<byte> record, byte type, int payloadBytes, long epoch)
    {
        BinaryPrimitives.WriteInt32LittleEndian(record[4..], payloadBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(record[8..], type);
        BinaryPrimitives.WriteUInt32LittleEndian(record[12..], (uint)epoch);
    }

    public static int ReadLength(ReadOnlySpan<byte> record) => BinaryPrimitives.ReadInt32LittleEndian(record[4..]);

    public static byte ReadType(ReadOnlySpan<byte> record) => record[8];

    public static uint ReadEpoch(ReadOnlySpan<byte> record) => BinaryPrimitives.ReadUInt32LittleEndian(record[12..]);

    /// <summary>Computes and stores the CRC of a complete record (header, payload, zeros).</summary>
    public static void SealCrc(Span<byte> record, long position, ulong salt) =>
        BinaryPrimitives.WriteUInt32LittleEndian(record, Crc(record, position, salt));

    /// <summary>
    /// The bytes that the record at the start of <paramref name="data"/> takes, or 0 when it is not valid.
    /// </summary>
    public static int Validate(ReadOnlySpan<byte> data, long position, ulong salt)
    {
        int bytes = PlausibleBytes(data);
        return bytes != 0 && Crc(data[..bytes], position, salt) == BinaryPrimitives.ReadUInt32LittleEndian(data)
            ? bytes
            : 0;
    }

    /// <summary>The size of what may be a record, judged by its header alone; 0 when it cannot be one.</summary>
    public static int PlausibleBytes(ReadOnlySpan<byte> data)
    {
        if (data.Length < Bytes || BinaryPrimitives.ReadUInt32LittleEndian(data[8..]) is 0 or > 0xFF)
        {
            return 0;
        }
        int length = ReadLength(data);
        return length is >= 0 and <= JournalFormat.PayloadBytesMax && BytesWith(length) <= data.Length
            ? BytesWith(length)
            : 0;
    }

    private static uint Crc(ReadOnlySpan<byte> record, long position, ulong salt) =>
        Crc32C.Append(Crc32C.Append(0, (ulong)position ^ salt), record[CrcBytes..]);
}

/// <summary>
/// The first record of every batch, 64 bytes with its record header; a batch holds at least one more record.
/// <code>
///  16       24       32           40               48              56       64
/// +--------+--------+------------+----------------+---------------+--------+
/// | magic  | number | batchBytes | durableThrough | unixTimeMs    | epoch  |
/// +--------+--------+------------+----------------+---------------+--------+
///   u64      u64      i64          i64              i64             i64
/// </code>
/// batchBytes counts from this record to the end of the batch. Everything before durableThrough had been synced when
/// this batch was written: found behind an invalid batch, it proves that the invalid one was damaged, not torn.
/// </summary>
internal readonly record struct BatchHeader(
    ulong Number, long BatchBytes, long DurableThrough, long UnixTimeMs, long Epoch)
{
    public const int Bytes = 64;
    public const ulong Magic = 0x48435441_42484A50; // "PJHBATCH" as bytes
    private const int PayloadBytes = Bytes - RecordHeader.Bytes;

    public void Write(Span<byte> record, long position, ulong salt)
    {
        RecordHeader.Write(record, JournalFormat.BatchType, PayloadBytes, Epoch);
        BinaryPrimitives.WriteUInt64LittleEndian(record[16..], Magic);
        BinaryPrimitives.WriteUInt64LittleEndian(record[24..], Number);
        BinaryPrimitives.WriteInt64LittleEndian(record[32..], BatchBytes);
        BinaryPrimitives.WriteInt64LittleEndian(record[40..], DurableThrough);
        BinaryPrimitives.WriteInt64LittleEndian(record[48..], UnixTimeMs);
        BinaryPrimitives.WriteInt64LittleEndian(record[56..], Epoch);
        RecordHeader.SealCrc(record[..Bytes], position, salt);
    }

    public static bool TryRead(ReadOnlySpan<byte> data, long position, ulong salt, out BatchHeader header)
    {
        header = default;
        if (data.Length < Bytes
            || BinaryPrimitives.ReadUInt64LittleEndian(data[16..]) != Magic
            || RecordHeader.ReadType(data) != JournalFormat.BatchType
            || RecordHeader.Validate(data[..Bytes], position, salt) != Bytes)
        {
            return false;
        }
        header = new BatchHeader(
            BinaryPrimitives.ReadUInt64LittleEndian(data[24..]),
            BinaryPrimitives.ReadInt64LittleEndian(data[32..]),
            BinaryPrimitives.ReadInt64LittleEndian(data[40..]),
            BinaryPrimitives.ReadInt64LittleEndian(data[48..]),
            BinaryPrimitives.ReadInt64LittleEndian(data[56..]));
        return true;
    }
}

/// <summary>
/// The first page of a journal file: the same 2,048 bytes twice, so that one flipped bit costs a report and no data.
/// <code>
///  0        8        12       16         24     32       40          48            56     64
/// +--------+--------+--------+----------+------+--------+-----------+-------------+------+-------+
/// | magic  | crc32c | version| sequence | base | epoch  | dataBytes | firstBatch  | salt | zeros |
/// +--------+--------+--------+----------+------+--------+-----------+-------------+------+-------+
///   u64      u32      u32      i64        i64    i64      i64         i64           u64    to 2,048
/// </code>
/// Position p is at file offset 4,096 + (p - base). dataBytes is the room behind the page; the file's part of the
/// address space ends there or where the next file begins, whichever comes first. firstBatch is the position of the
/// first batch header at or behind base: before it lies the rest of a batch begun in the file before. The CRC covers
/// everything behind itself.
/// </summary>
internal readonly record struct FileHeader(
    long Sequence, long Base, long Epoch, long DataBytes, long FirstBatch, ulong Salt)
{
    public const int CopyBytes = JournalFormat.FileHeaderBytes / 2;
    private const ulong Magic = 0x4C4E524A_54535048; // "HPSTJRNL" as bytes

    public void Write(Span<byte> page)
    {
        Span<byte> copy = page[..CopyBytes];
        copy.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(copy, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(copy[12..], JournalFormat.Version);
        BinaryPrimitives.WriteInt64LittleEndian(copy[16..], Sequence);
        BinaryPrimitives.WriteInt64LittleEndian(copy[24..], Base);
        BinaryPrimitives.WriteInt64LittleEndian(copy[32..], Epoch);
        BinaryPrimitives.WriteInt64LittleEndian(copy[40..], DataBytes);
        BinaryPrimitives.WriteInt64LittleEndian(copy[48..], FirstBatch);
        BinaryPrimitives.WriteUInt64LittleEndian(copy[56..], Salt);
        BinaryPrimitives.WriteUInt32LittleEndian(copy[8..], Crc32C.Compute(copy[12..]));
        copy.CopyTo(page[CopyBytes..]);
    }

    public static bool TryRead(ReadOnlySpan<byte> copy, out FileHeader header)
    {
        header = default;
        if (BinaryPrimitives.ReadUInt64LittleEndian(copy) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(copy[8..]) != Crc32C.Compute(copy[12..CopyBytes])
            || BinaryPrimitives.ReadInt32LittleEndian(copy[12..]) != JournalFormat.Version)
        {
            return false;
        }
        header = new FileHeader(
            BinaryPrimitives.ReadInt64LittleEndian(copy[16..]),
            BinaryPrimitives.ReadInt64LittleEndian(copy[24..]),
            BinaryPrimitives.ReadInt64LittleEndian(copy[32..]),
            BinaryPrimitives.ReadInt64LittleEndian(copy[40..]),
            BinaryPrimitives.ReadInt64LittleEndian(copy[48..]),
            BinaryPrimitives.ReadUInt64LittleEndian(copy[56..]));
        return true;
    }
}
