using System.Runtime.CompilerServices;
using Posthaste.Core.Messages;

namespace Posthaste.Core.Queues;

/// <summary>What storage does to entries: moving their bytes, taking their index out of memory and back.</summary>
public sealed partial class QueueMachine
{
    private Func<EntryId, EntryCounters, bool>? _loadCounters;

    /// <summary>
    /// Lists live entries (ready, out or held) whose bytes are in the space of <paramref name="before"/> and before it,
    /// by level and sequence number: what has to be copied forward or moved to a segment before that part of the space
    /// is reused.
    /// </summary>
    /// <param name="before">The first location that may stay.</param>
    /// <param name="into">Added to.</param>
    /// <param name="max">Most entries in the list.</param>
    /// <returns>How many were added; fewer than there was room for means that these are all.</returns>
    public int CollectEvacuation(MessageLocation before, List<EvacuationCandidate> into, int max)
    {
        var start = into.Count;
        foreach (var log in _logByLevel)
        {
            log?.Chunks.CollectOlder(log.Level, before, into, max);
        }

        for (var i = start; i < into.Count; i++)
        {
            if (into[i].Entry.Is(EntryFlags.Counted))
            {
                into[i] = into[i] with { Counters = Counters[into[i].Id] };
            }
        }

        return into.Count - start;
    }

    /// <summary>Whether an entry is in the queue, ready or out, with its index in memory.</summary>
    public bool Holds(EntryId id) => LogOf(id) is { } log && !Unsafe.IsNullRef(ref log.Chunks.Find(id.Seq));

    /// <summary>The bytes of an entry were copied to a new place in the journal or arena.</summary>
    /// <returns>
    /// False when the entry has left meanwhile: if the copy was journaled, its settlement has to be journaled again,
    /// since the record of it may go before the copy does.
    /// </returns>
    public bool Relocated(EntryId id, MessageLocation newLocation)
    {
        var log = LogOf(id);
        if (log == null || Unsafe.IsNullRef(ref log.Chunks.Find(id.Seq)))
        {
            return false;
        }

        log.Chunks.Relocate(id.Seq, newLocation);
        return true;
    }

    /// <summary>
    /// A block of a segment file is durable (or, for transient entries, written) and holds these entries. Those in
    /// memory get their new location; ready ones that are not near the head lose their index. Entries that have left
    /// meanwhile are reported by <see cref="IQueueEffects.SettledRange"/>: journal that after the fact of the block.
    /// </summary>
    /// <param name="level">Their priority level.</param>
    /// <param name="block">The block; all its entries are persistent or all are transient.</param>
    /// <param name="entries">
    /// Every entry in it, ascending: sequence number, and offset of the message in the file.
    /// </param>
    public void MovedToSegment(byte level, in ColdBlock block, ReadOnlySpan<(ulong Seq, uint Offset)> entries) =>
        Log(level).MoveToSpan(block, entries);

    /// <summary>
    /// The entries of a block, as <see cref="IQueueEffects.LoadColdBlock"/> asked for. Call <see cref="Deliver"/> and
    /// <see cref="Tick"/> afterwards as <see cref="HasWork"/> and <see cref="NextDueMs"/> say. Ignored when the block
    /// is not awaited any more.
    /// </summary>
    /// <param name="level">Their priority level.</param>
    /// <param name="block">The block as it was asked for.</param>
    /// <param name="entries">
    /// All entries in it, ascending, settled ones included, with their location in the segment.
    /// </param>
    public void ColdBlockLoaded(byte level, in ColdBlock block, ReadOnlySpan<StoredEntry> entries)
    {
        if (LogOf(new EntryId(level, 0)) is { } log && log.Spans.Find(block) is { IsColdReady: true } span)
        {
            log.Load(span, entries, _loadCounters ??= NoteStoredCounters);
            WaitOn(new EntryId(level, block.FirstSeq), new EntryId(level, block.LastSeq));
            if (IsByDue) log.LoadNextDue();
            _isStalled = false;
        }
    }

    /// <summary>
    /// The block is damaged or unreadable: its entries without an index are out of reach and counted in <see
    /// cref="LostCount"/>; the queue goes on without them. The block stays known, so that a repaired file brings them
    /// back after a restart.
    /// </summary>
    public void ColdBlockFailed(byte level, in ColdBlock block)
    {
        if (LogOf(new EntryId(level, 0)) is { } log && log.Spans.Find(block) is { IsColdReady: true } span)
        {
            log.Fail(span);
            if (IsByDue) log.LoadNextDue();
            _isStalled = false;
        }
    }

    /// <summary>What the queue knows of an entry's returns is newer than what was stored with it.</summary>
    private bool NoteStoredCounters(EntryId id, EntryCounters stored)
    {
        if (Counters.ContainsKey(id))
        {
            return true;
        }

        if (stored == default)
        {
            return false;
        }

        Counters.Add(id, stored);
        return true;
    }
}
