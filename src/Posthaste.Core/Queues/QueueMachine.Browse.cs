using System.Runtime.CompilerServices;

namespace Posthaste.Core.Queues;

/// <summary>How a step of <see cref="QueueMachine.Browse"/> went.</summary>
public enum BrowseStep
{
    /// <summary>There are entries, and there may be more.</summary>
    Found,

    /// <summary>There is nothing more.</summary>
    End,

    /// <summary>
    /// The next entries are in a block that is not in memory: read it, call <see cref="QueueMachine.ColdBlockLoaded"/>
    /// or <see cref="QueueMachine.ColdBlockFailed"/>, and go on.
    /// </summary>
    NeedsBlock,
}

/// <summary>Looking at ready entries without taking them, and taking one from the middle.</summary>
public sealed partial class QueueMachine
{
    /// <summary>Where a walk through the queue begins.</summary>
    public static EntryId BrowseStart => new(byte.MaxValue, 0);

    /// <summary>
    /// Lists ready entries in the order of delivery but for returned ones, which come in their old places. The queue
    /// may change between two steps: what stays is listed once, what comes behind the walk's place is listed too.
    /// </summary>
    /// <param name="at">The walk's place.</param>
    /// <param name="max">Most entries wanted.</param>
    /// <param name="into">Added to.</param>
    /// <param name="level">Priority level of the block that is needed.</param>
    /// <param name="block">The block that is needed.</param>
    public BrowseStep Browse(ref EntryId at, int max, List<EntryId> into, out byte level, out ColdBlock block)
    {
        (level, block) = (0, default);
        var start = into.Count;
        foreach (var log in _logs)
        {
            if (log.Level > at.Level) continue;
            var from = log.Level == at.Level ? at.Seq : 0;
            var isLast = false;
            while (!isLast && into.Count - start < max)
            {
                ref var entry = ref log.Chunks.Next(from, EntryLog.NotReady, out var seq);
                isLast = Unsafe.IsNullRef(ref entry);
                if (log.Spans.FirstColdFrom(from) is { } cold && (isLast || cold.FirstColdSeq < seq))
                {
                    (at, level, block) = (log.Id(from), log.Level, cold.Block);
                    return into.Count > start ? BrowseStep.Found : BrowseStep.NeedsBlock;
                }

                if (isLast) break;
                into.Add(log.Id(seq));
                from = seq + 1;
            }

            at = log.Id(from);
            if (!isLast) return BrowseStep.Found;
        }

        return into.Count > start ? BrowseStep.Found : BrowseStep.End;
    }

    /// <summary>
    /// A walk that a block was read for has passed it: what came into memory with it may leave again, unless the head
    /// is near.
    /// </summary>
    public void PassedBlock(byte level, in ColdBlock block)
    {
        if (LogOf(new EntryId(level, 0)) is not { } log || log.Spans.Find(block) is not { } span) return;
        log.Cool(span);
        log.Expiry.CompactIfLarge(log.Chunks);
    }

    /// <summary>Looks a ready entry up.</summary>
    /// <returns>False when it is not ready, or has no index in memory.</returns>
    public bool TryGetReady(EntryId id, out QueueEntry entry, out EntryCounters counters)
    {
        (entry, counters) = (default, default);
        if (LogOf(id) is not { } log) return false;
        ref var ready = ref log.Chunks.Find(id.Seq);
        if (!EntryLog.IsReady(ref ready)) return false;
        (entry, counters) = (ready, CountersOf(id, ready));
        return true;
    }

    /// <summary>
    /// Takes a ready entry, wherever it stands: it is out as if <see cref="TryTakeNext"/> had taken it, but nobody has
    /// seen it.
    /// </summary>
    /// <returns>False when it is not ready, or has no index in memory.</returns>
    public bool TryTake(EntryId id)
    {
        if (LogOf(id) is not { } log) return false;
        ref var ready = ref log.Chunks.Find(id.Seq);
        if (!EntryLog.IsReady(ref ready)) return false;
        log.TakeOut(ref ready);
        UnackedCount++;
        _isStalled = false;
        return true;
    }
}
