using System.Buffers.Binary;
using Posthaste.Core.Messages;
using Posthaste.Core.Queues;
using Posthaste.Storage.Journaling;

namespace Posthaste.Broker.Storage;

/// <summary>
/// Payload of a counters record and of a waits record: an entry came back, and how often it has by now.
/// <code>
///  0                8                16            18            20                   28
/// +----------------+----------------+-------------+-------------+--------------------+
/// | queue id (u64) | entry id (u64) | deliveries  | acquired    | waits until, unix  |
/// |                |                | (u16)       | (u16)       | ms (i64)           |
/// +----------------+----------------+-------------+-------------+--------------------+
/// </code>
/// A counters record ends before the time: the entry was ready again at once.
/// </summary>
internal static class ReturnRecord
{
    private const int CountersBytes = 20;

    /// <param name="dueMs">Until when it waits; 0 for not at all.</param>
    public static RecordType TypeFor(long dueMs) => dueMs == 0 ? RecordType.Counters : RecordType.Waits;

    /// <param name="dueMs">Until when it waits; 0 for not at all.</param>
    public static int Size(long dueMs) => dueMs == 0 ? CountersBytes : CountersBytes + sizeof(long);

    public static void Write(Span<byte> target, ulong queueId, EntryId id, EntryCounters counters, long dueMs)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(target, queueId);
        BinaryPrimitives.WriteUInt64LittleEndian(target[8..], id.Value);
        BinaryPrimitives.WriteUInt16LittleEndian(target[16..], counters.DeliveryCount);
        BinaryPrimitives.WriteUInt16LittleEndian(target[18..], counters.AcquiredCount);
        if (dueMs != 0) BinaryPrimitives.WriteInt64LittleEndian(target[CountersBytes..], dueMs);
    }

    public static (ulong QueueId, EntryId Id, EntryCounters Counters, long DueMs) Read(ReadOnlySpan<byte> payload) => (
        BinaryPrimitives.ReadUInt64LittleEndian(payload),
        new EntryId(BinaryPrimitives.ReadUInt64LittleEndian(payload[8..])),
        new EntryCounters(
            BinaryPrimitives.ReadUInt16LittleEndian(payload[16..]),
            BinaryPrimitives.ReadUInt16LittleEndian(payload[18..])),
        payload.Length == CountersBytes ? 0 : BinaryPrimitives.ReadInt64LittleEndian(payload[CountersBytes..]));
}

/// <summary>
/// Payload of a delivery mark record: entries of the level below the mark may have been delivered.
/// <code>
///  0                8                16       17
/// +----------------+----------------+--------+
/// | queue id (u64) | below seq (u64)| level  |
/// +----------------+----------------+--------+
/// </code>
/// </summary>
internal static class DeliveryMarkRecord
{
    public const int Bytes = 17;

    public static void Write(Span<byte> target, ulong queueId, byte level, ulong belowSeq)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(target, queueId);
        BinaryPrimitives.WriteUInt64LittleEndian(target[8..], belowSeq);
        target[16] = level;
    }

    public static (ulong QueueId, byte Level, ulong BelowSeq) Read(ReadOnlySpan<byte> payload) => (
        BinaryPrimitives.ReadUInt64LittleEndian(payload), payload[16],
        BinaryPrimitives.ReadUInt64LittleEndian(payload[8..]));
}

/// <summary>
/// Payload of a sequence record: the entry whose message stands at a journal position has this id. Written when
/// messages without a record of their own (transient ones in a durable queue) took numbers in between. A settlement
/// that names the entry comes later in the journal, so where a crash cuts this record off it cuts that off too.
/// <code>
///  0                8                16               24
/// +----------------+----------------+----------------+
/// | queue id (u64) | entry id (u64) | location (u64) |
/// +----------------+----------------+----------------+
/// </code>
/// </summary>
internal static class SequenceRecord
{
    public const int Bytes = 24;

    public static void Write(Span<byte> target, ulong queueId, EntryId id, MessageLocation location)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(target, queueId);
        BinaryPrimitives.WriteUInt64LittleEndian(target[8..], id.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(target[16..], location.Value);
    }

    public static (ulong QueueId, EntryId Id, MessageLocation Location) Read(ReadOnlySpan<byte> payload) => (
        BinaryPrimitives.ReadUInt64LittleEndian(payload),
        new EntryId(BinaryPrimitives.ReadUInt64LittleEndian(payload[8..])),
        new MessageLocation(BinaryPrimitives.ReadUInt64LittleEndian(payload[16..])));
}

/// <summary>
/// Payload of a forward record: a message that is still wanted, copied to the journal's tail.
/// <code>
///  0                8                16               24         28         30         32         36
/// +----------------+----------------+----------------+----------+----------+----------+----------+-----------+
/// | queue id (u64) | entry id (u64) | expires at ms  | body     | deliv-   | acquired | distance | message … |
/// |                |                | and flags (u64)| bytes u32| eries u16| (u16)    | (u32)    |           |
/// +----------------+----------------+----------------+----------+----------+----------+----------+-----------+
/// </code>
/// The distance to the payload's start is what <see cref="PublishRecord"/> has there too.
/// The third word is the queue entry's own: expiry in the low 48 bits, <see cref="EntryFlags"/> in the high 16.
/// </summary>
internal static class ForwardRecord
{
    public const int FixedBytes = 32 + Journal.DistanceBytes;

    public static void WriteHeader(Span<byte> target, ulong queueId, in EvacuationCandidate candidate)
    {
        Journal.WriteDistance(target[32..], FixedBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(target, queueId);
        BinaryPrimitives.WriteUInt64LittleEndian(target[8..], candidate.Id.Value);
        var word = (ulong)candidate.Entry.ExpiresAtMs | ((ulong)candidate.Entry.Flags << 48);
        BinaryPrimitives.WriteUInt64LittleEndian(target[16..], word);
        BinaryPrimitives.WriteInt32LittleEndian(target[24..], candidate.Entry.BodyBytes);
        BinaryPrimitives.WriteUInt16LittleEndian(target[28..], candidate.Counters.DeliveryCount);
        BinaryPrimitives.WriteUInt16LittleEndian(target[30..], candidate.Counters.AcquiredCount);
    }

    public static (ulong QueueId, EvacuationCandidate Candidate) Read(ReadOnlySpan<byte> payload, long payloadPosition)
    {
        var word = BinaryPrimitives.ReadUInt64LittleEndian(payload[16..]);
        var entry = new QueueEntry
        {
            Location = MessageLocation.Journal(payloadPosition + FixedBytes),
            Length = payload.Length - FixedBytes,
            BodyBytes = BinaryPrimitives.ReadInt32LittleEndian(payload[24..]),
            ExpiresAtMs = (long)(word & ((1UL << 48) - 1)),
            Flags = (EntryFlags)(word >> 48),
        };
        var counters = new EntryCounters(
            BinaryPrimitives.ReadUInt16LittleEndian(payload[28..]),
            BinaryPrimitives.ReadUInt16LittleEndian(payload[30..]));
        return (
            BinaryPrimitives.ReadUInt64LittleEndian(payload),
            new EvacuationCandidate(
                new EntryId(BinaryPrimitives.ReadUInt64LittleEndian(payload[8..])), entry, counters));
    }
}

/// <summary>
/// Payload of an evacuate record: a block of a segment file holds entries of a queue from now on. Entries of the block
/// that had left the queue by then are listed; later ones have settle records.
/// <code>
///  0                8        9                                     61         65
/// +----------------+--------+-------------------------------------+----------+-----------------------------+
/// | queue id (u64) | level  | block: segment u32, offset u32,     | ranges   | ( first u64, last u64 )…    |
/// |                |        | length i32, first u64, last u64,    | (u32)    | gone already                |
/// |                |        | count i32, body i64, min expiry i64 |          |                             |
/// +----------------+--------+-------------------------------------+----------+-----------------------------+
/// </code>
/// </summary>
internal static class EvacuateRecord
{
    private const int BlockBytes = 48;
    public const int FixedBytes = 8 + 1 + BlockBytes + 4;

    public static int Size(int goneRanges) => FixedBytes + (goneRanges * 16);

    public static void Write(
        Span<byte> target, ulong queueId, byte level, in ColdBlock block, ReadOnlySpan<(ulong First, ulong Last)> gone)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(target, queueId);
        target[8] = level;
        var at = target[9..];
        BinaryPrimitives.WriteUInt32LittleEndian(at, block.SegmentId);
        BinaryPrimitives.WriteUInt32LittleEndian(at[4..], block.Offset);
        BinaryPrimitives.WriteInt32LittleEndian(at[8..], block.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(at[12..], block.FirstSeq);
        BinaryPrimitives.WriteUInt64LittleEndian(at[20..], block.LastSeq);
        BinaryPrimitives.WriteInt32LittleEndian(at[28..], block.Count);
        BinaryPrimitives.WriteInt64LittleEndian(at[32..], block.BodyBytes);
        BinaryPrimitives.WriteInt64LittleEndian(at[40..], block.MinExpiresAtMs);
        at = at[BlockBytes..];
        BinaryPrimitives.WriteUInt32LittleEndian(at, (uint)gone.Length);
        at = at[4..];
        foreach (var (first, last) in gone)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(at, first);
            BinaryPrimitives.WriteUInt64LittleEndian(at[8..], last);
            at = at[16..];
        }
    }

    public static (ulong QueueId, byte Level, ColdBlock Block, (ulong First, ulong Last)[] Gone) Read(
        ReadOnlySpan<byte> payload)
    {
        var at = payload[9..];
        var block = new ColdBlock(
            BinaryPrimitives.ReadUInt32LittleEndian(at),
            BinaryPrimitives.ReadUInt32LittleEndian(at[4..]),
            BinaryPrimitives.ReadInt32LittleEndian(at[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(at[12..]),
            BinaryPrimitives.ReadUInt64LittleEndian(at[20..]),
            BinaryPrimitives.ReadInt32LittleEndian(at[28..]),
            BinaryPrimitives.ReadInt64LittleEndian(at[32..]),
            BinaryPrimitives.ReadInt64LittleEndian(at[40..]));
        at = at[BlockBytes..];
        var gone = new (ulong First, ulong Last)[BinaryPrimitives.ReadUInt32LittleEndian(at)];
        at = at[4..];
        for (var i = 0; i < gone.Length; i++)
        {
            gone[i] = (BinaryPrimitives.ReadUInt64LittleEndian(at), BinaryPrimitives.ReadUInt64LittleEndian(at[8..]));
            at = at[16..];
        }

        return (BinaryPrimitives.ReadUInt64LittleEndian(payload), payload[8], block, gone);
    }
}
