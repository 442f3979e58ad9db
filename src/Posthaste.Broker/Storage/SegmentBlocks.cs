using Posthaste.Core.Messages;
using Posthaste.Core.Queues;
using Posthaste.Storage.Segments;

namespace Posthaste.Broker.Storage;

/// <summary>Translates between the blocks of a segment as storage knows them and as queues do.</summary>
internal static class SegmentBlocks
{
    /// <summary>How storage says that nothing expires; queues say 0.</summary>
    private const long Never = long.MaxValue;

    public static SegmentBlockInfo ToInfo(ulong queueId, byte level, in ColdBlock block) => new()
    {
        SegmentId = (int)block.SegmentId,
        Offset = block.Offset,
        Length = block.Length,
        DestinationId = queueId,
        Level = level,
        FirstSeq = block.FirstSeq,
        LastSeq = block.LastSeq,
        Count = block.Count,
        MinExpiresAtMs = block.MinExpiresAtMs == 0 ? Never : block.MinExpiresAtMs,
    };

    public static ColdBlock ToColdBlock(in SegmentBlockInfo info, long bodyBytes) => new(
        (uint)info.SegmentId, (uint)info.Offset, info.Length, info.FirstSeq, info.LastSeq, info.Count, bodyBytes,
        info.MinExpiresAtMs == Never ? 0 : info.MinExpiresAtMs);

    public static SegmentEntry ToEntry(in EvacuationCandidate candidate) => new()
    {
        Seq = candidate.Id.Seq,
        ExpiresAtMs = candidate.Entry.ExpiresAtMs == 0 ? Never : candidate.Entry.ExpiresAtMs,
        Flags = (byte)(candidate.Entry.Flags & (EntryFlags.Persistent | EntryFlags.Redelivered)),
        DeliveryCount = candidate.Counters.DeliveryCount,
        AcquiredCount = candidate.Counters.AcquiredCount,
        BodyBytes = (uint)candidate.Entry.BodyBytes,
    };

    /// <summary>Reads the entries of a block, which stays in the cache for the deliveries that follow.</summary>
    /// <exception cref="Posthaste.Storage.Devices.StorageException">It is damaged or can't be read.</exception>
    public static StoredEntry[] Read(SegmentStore segments, ulong queueId, byte level, in ColdBlock block)
    {
        var loaded = segments.Load(ToInfo(queueId, level, in block));
        try
        {
            var entries = new StoredEntry[block.Count];
            var count = 0;
            foreach (var item in loaded) entries[count++] = ToStored(in item);
            return entries;
        }
        finally
        {
            loaded.Release();
        }
    }

    private static StoredEntry ToStored(in SegmentBlock.Item item) => new()
    {
        Seq = item.Entry.Seq,
        Entry = new QueueEntry
        {
            Location = MessageLocation.Segment((uint)item.Location.SegmentId, (uint)item.Location.Offset),
            Length = item.MessageBytes,
            BodyBytes = (int)item.Entry.BodyBytes,
            ExpiresAtMs = item.Entry.ExpiresAtMs == Never ? 0 : item.Entry.ExpiresAtMs,
            Flags = (EntryFlags)item.Entry.Flags,
        },
        Counters = new EntryCounters(item.Entry.DeliveryCount, item.Entry.AcquiredCount),
    };
}
