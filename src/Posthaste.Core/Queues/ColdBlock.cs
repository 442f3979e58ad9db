namespace Posthaste.Core.Queues;

/// <summary>
/// A run of entries whose index is not in memory: it is in a block of a segment file of the destination and is loaded
/// when the queue's head gets there. About 50 bytes stand for a block of up to 1 MiB of messages.
/// </summary>
/// <param name="SegmentId">Segment file.</param>
/// <param name="Offset">Byte offset of the block in the file.</param>
/// <param name="Length">Bytes of the block, header included.</param>
/// <param name="FirstSeq">Lowest sequence number in the block.</param>
/// <param name="LastSeq">Highest sequence number in the block.</param>
/// <param name="Count">Entries in the block, settled ones included.</param>
/// <param name="BodyBytes">Sum of the entries' body bytes.</param>
/// <param name="MinExpiresAtMs">Earliest expiry in the block; 0 when none expires.</param>
public readonly record struct ColdBlock(
    uint SegmentId, uint Offset, int Length, ulong FirstSeq, ulong LastSeq, int Count, long BodyBytes, long MinExpiresAtMs);

/// <summary>One entry as read from a cold block or from the journal while recovering.</summary>
public struct StoredEntry
{
    public ulong Seq;
    public QueueEntry Entry;
    public EntryCounters Counters;
}

/// <summary>An entry that has to leave the journal's oldest file (or memory), as <c>QueueMachine.CollectEvacuation</c> lists it.</summary>
public readonly record struct EvacuationCandidate(EntryId Id, QueueEntry Entry, EntryCounters Counters);
