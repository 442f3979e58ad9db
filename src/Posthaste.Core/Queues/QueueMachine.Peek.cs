using System.Runtime.CompilerServices;

namespace Posthaste.Core.Queues;

/// <summary>How <see cref="QueueMachine.TryPeek"/> went.</summary>
public enum PeekResult
{
    Found,

    /// <summary>Nothing is ready behind the place.</summary>
    End,

    /// <summary>The index of what is next is on disk and near the head: it has been asked for.</summary>
    NotLoaded,

    /// <summary>The index of what is next is on disk and far from the head: it stays there.</summary>
    OnDisk,
}

/// <summary>Looking at messages that stay where they are.</summary>
public sealed partial class QueueMachine
{
    /// <summary>
    /// The next ready entry behind a place, in the order of deliveries but for returned ones, which show at their old
    /// places. Nothing changes: it is not out, and not marked as delivered.
    /// </summary>
    /// <param name="after">The last one seen; null to begin at the head.</param>
    /// <param name="id">The entry, when found.</param>
    /// <param name="entry">Where its bytes are.</param>
    /// <param name="counters">How often it came back.</param>
    public PeekResult TryPeek(EntryId? after, out EntryId id, out QueueEntry entry, out EntryCounters counters)
    {
        (id, entry, counters) = (default, default, default);
        foreach (var log in _logs)
        {
            if (after is { } last && log.Level > last.Level) continue;
            var from = after is { } seen && seen.Level == log.Level ? seen.Seq + 1 : 0;
            ref var next = ref log.Chunks.Next(from, EntryLog.NotReady, out var seq);
            var isNone = Unsafe.IsNullRef(ref next);
            if (log.Spans.FirstCold is { } cold && (isNone || cold.FirstColdSeq < seq))
            {
                if (cold.FirstColdSeq > log.Cursor + NearHeadCount) return PeekResult.OnDisk;
                log.RequestLoad(cold);
                return PeekResult.NotLoaded;
            }

            if (isNone) continue;
            id = log.Id(seq);
            (entry, counters) = (next, CountersOf(id, next));
            return PeekResult.Found;
        }

        return PeekResult.End;
    }
}
