namespace Posthaste.Core.Queues;

/// <summary>
/// A run of entries whose index is not in memory: it is in a block of a segment file of the destination and is loaded
/// when the queue's head gets there. Some 150 bytes stand for a block of up to 1 MiB of messages.
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
    uint SegmentId, uint Offset, int Length, ulong FirstSeq, ulong LastSeq, int Count, long BodyBytes,
    long MinExpiresAtMs)
{
    /// <summary>
    /// Lists the ranges of numbers between the first and last that are not in a block: what a journaled block needs
    /// beside it for
    /// <see cref="QueueMachine.RestoreColdBlock"/>. Empty for entries that were appended in a row and are all still
    /// there.
    /// </summary>
    /// <param name="entries">All entries of the block, ascending.</param>
    /// <param name="into">Added to.</param>
    public static void FindHoles(
        ReadOnlySpan<(ulong Seq, uint Offset)> entries, List<(ulong First, ulong Last)> into)
    {
        for (var i = 1; i < entries.Length; i++)
        {
            if (entries[i].Seq > entries[i - 1].Seq + 1)
            {
                into.Add((entries[i - 1].Seq + 1, entries[i].Seq - 1));
            }
        }
    }
}

/// <summary>One entry as read from a cold block or from the journal while recovering.</summary>
public struct StoredEntry
{
    public ulong Seq;
    public QueueEntry Entry;
    public EntryCounters Counters;
}

/// <summary>
/// An entry that has to leave the journal's oldest file (or memory), as <c>QueueMachine.CollectEvacuation</c> lists it.
/// </summary>
public readonly record struct EvacuationCandidate(EntryId Id, QueueEntry Entry, EntryCounters Counters);
