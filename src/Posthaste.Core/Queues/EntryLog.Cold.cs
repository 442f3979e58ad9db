using System.Runtime.CompilerServices;
using Posthaste.Core.Messages;
using Posthaste.Primitives;

namespace Posthaste.Core.Queues;

/// <summary>The part of a level that deals with entries in segment files.</summary>
internal sealed partial class EntryLog
{
    // Loaded only to let entries expire: its other entries may leave memory again.
    private ColdSpan? _loadedForExpiry;

    public ColdSpans Spans { get; private set; } = ColdSpans.None;

    /// <summary>Ready entries without an index in memory.</summary>
    public long ColdCount { get; private set; }

    /// <summary>
    /// Entries now live in this block of a segment. Those in memory get their new location; the ready ones lose their
    /// index unless they are near the head. Those already gone are reported, so that settlements recorded before the
    /// block are not lost.
    /// </summary>
    public void MoveToSpan(in ColdBlock block, ReadOnlySpan<(ulong Seq, uint Offset)> entries)
    {
        Checks.Require(entries.Length == block.Count && Spans.Find(block) == null);
        var span = new ColdSpan(block);
        var next = block.FirstSeq;
        foreach (var (seq, offset) in entries)
        {
            var location = MessageLocation.Segment(block.SegmentId, offset);
            Checks.Require(seq >= next && seq <= block.LastSeq && span.Contains(location));
            MarkAbsent(span, next, seq);
            next = seq + 1;
            ref var entry = ref Chunks.Find(seq);
            if (Unsafe.IsNullRef(ref entry))
            {
                span.Absent.Add(seq, seq);
                effects.SettledRange(Id(seq), 1);
                continue;
            }

            Chunks.Relocate(seq, location);
            span.LiveBodyBytes += entry.BodyBytes;
            span.IsTransient |= !entry.Is(EntryFlags.Persistent);
        }

        MarkAbsent(span, next, block.LastSeq + 1);
        AddSpan(span);
        Cool(span);
        DropIfEmpty(span);
    }

    /// <summary>
    /// Forgets the indexes of the span's ready entries when the head is far away. The rest stays: it is out or was
    /// returned.
    /// </summary>
    public void Cool(ColdSpan span)
    {
        if (!isByDue && span.State == ColdState.Loaded && span.Block.LastSeq > Cursor + nearHeadCount)
        {
            ForgetReady(span);
        }
    }

    /// <summary>The bytes of a span's entries were read: those still in the queue get their index back.</summary>
    /// <param name="span">A cold span.</param>
    /// <param name="entries">All entries of the block, by sequence number.</param>
    /// <param name="noteCounters">Given the counters as stored; answers whether the entry has any.</param>
    public void Load(ColdSpan span, ReadOnlySpan<StoredEntry> entries, Func<EntryId, EntryCounters, bool> noteCounters)
    {
        var (added, addedBytes) = (0, 0L);
        var next = span.Block.FirstSeq;
        foreach (ref readonly var stored in entries)
        {
            Checks.Require(stored.Seq >= next && stored.Seq <= span.Block.LastSeq);
            Checks.Require(span.Contains(stored.Entry.Location));
            MarkAbsent(span, next, stored.Seq);
            next = stored.Seq + 1;
            if (span.Absent.Contains(stored.Seq) || IsInMemory(span, stored.Seq))
            {
                continue;
            }

            var entry = stored.Entry;
            var isRedelivered = entry.Is(EntryFlags.Redelivered) || stored.Seq < Mark.RedeliveredBelow;
            entry.Flags = (span.IsTransient ? EntryFlags.None : EntryFlags.Persistent)
                | (isRedelivered ? EntryFlags.Redelivered : EntryFlags.None)
                | (noteCounters(Id(stored.Seq), stored.Counters) ? EntryFlags.Counted : EntryFlags.None);
            Chunks.Add(stored.Seq, entry);
            if (entry.ExpiresAtMs != 0 && Expiry.IsOutOfOrder)
            {
                Expiry.Insert(stored.Seq, entry.ExpiresAtMs);
            }

            added++;
            addedBytes += entry.BodyBytes;
        }

        MarkAbsent(span, next, span.Block.LastSeq + 1);
        span.LiveBodyBytes += addedBytes - span.ColdBodyBytes;
        ChangeCold(span, -span.ColdCount, -span.ColdBodyBytes);
        ChangeReady(added, addedBytes);
        Spans.SetState(span, ColdState.Loaded);
        DropIfEmpty(span);
    }

    /// <summary>
    /// The span could not be read: what has no index in memory is out of reach until the file is repaired.
    /// </summary>
    public void Fail(ColdSpan span)
    {
        totals.LostCount += span.ColdCount;
        ChangeCold(span, -span.ColdCount, -span.ColdBodyBytes);
        Spans.SetState(span, ColdState.Failed);
    }

    /// <summary>Asks for the span unless another one of this level is on its way.</summary>
    public void RequestLoad(ColdSpan span)
    {
        if (span.State == ColdState.Cold && Spans.Loading == null)
        {
            Spans.SetState(span, ColdState.Loading);
            effects.LoadColdBlock(level, span.Block);
        }
    }

    /// <summary>As <see cref="RequestLoad"/>, for a span of which only some entries are due.</summary>
    public void RequestLoadForExpiry(ColdSpan span)
    {
        if (Spans.Loading == null)
        {
            _loadedForExpiry = span;
            RequestLoad(span);
        }
    }

    /// <summary>What was due in the span has expired: the rest waits on disk again.</summary>
    public void CoolAfterExpiry()
    {
        if (_loadedForExpiry is { State: not ColdState.Loading } span)
        {
            _loadedForExpiry = null;
            Cool(span);
        }
    }

    /// <summary>
    /// Settles all entries without an index in memory, one range for each run between those that have one.
    /// </summary>
    public void PurgeCold()
    {
        while (Spans.FirstCold is { } span)
        {
            var first = span.Block.FirstSeq;
            while (first <= span.Block.LastSeq)
            {
                ref var resident = ref Chunks.Next(first, EntryFlags.None, out var seq);
                var spanEnd = span.Block.LastSeq + 1;
                var end = Unsafe.IsNullRef(ref resident) ? spanEnd : Math.Min(seq, spanEnd);
                if (first < end)
                {
                    span.Absent.Add(first, end - 1);
                    effects.SettledRange(Id(first), end - first);
                }

                first = end + 1;
            }

            span.LiveBodyBytes -= span.ColdBodyBytes;
            ChangeCold(span, -span.ColdCount, -span.ColdBodyBytes);
            Spans.SetState(span, ColdState.Loaded);
            DropIfEmpty(span);
        }
    }

    /// <summary>The queue is deleted: lets go of all entries and blocks.</summary>
    public void Release()
    {
        var from = 0UL;
        while (true)
        {
            ref var entry = ref Chunks.Next(from, EntryFlags.None, out var seq);
            if (Unsafe.IsNullRef(ref entry))
            {
                break;
            }

            from = seq + 1;
            effects.Released(entry);
        }

        foreach (var span in Spans.All)
        {
            effects.ColdBlockDropped(level, span.Block);
        }

        ChangeReady(-ReadyCount, -_readyBodyBytes);
        Chunks.Clear();
    }

    /// <summary>Lets go of the span of an entry that left, if it was the last one.</summary>
    public void DropSpanIfEmpty(MessageLocation location)
    {
        if (location.Space == LocationSpace.Segment && Spans.Find(location) is { } span)
        {
            DropIfEmpty(span);
        }
    }

    private void AddSpan(ColdSpan span)
    {
        if (Spans == ColdSpans.None)
        {
            Spans = new ColdSpans();
        }

        Spans.Add(span);
    }

    private void ForgetReady(ColdSpan span)
    {
        var (count, bodyBytes, minExpiresAtMs) = (0, 0L, long.MaxValue);
        for (var from = Math.Max(span.Block.FirstSeq, Cursor); ;)
        {
            ref var entry = ref Chunks.Next(from, NotReady, out var seq);
            if (Unsafe.IsNullRef(ref entry) || seq > span.Block.LastSeq)
            {
                break;
            }

            from = seq + 1;
            if (!span.Contains(entry.Location))
            {
                continue;
            }

            if (count == 0)
            {
                if (seq <= Cursor + nearHeadCount)
                {
                    return;
                }

                span.FirstColdSeq = seq;
            }

            count++;
            bodyBytes += entry.BodyBytes;
            minExpiresAtMs = entry.ExpiresAtMs == 0 ? minExpiresAtMs : Math.Min(minExpiresAtMs, entry.ExpiresAtMs);
            Chunks.Remove(seq);
        }

        if (count > 0)
        {
            ChangeReady(-count, -bodyBytes);
            ChangeCold(span, count, bodyBytes);
            span.MinExpiresAtMs = minExpiresAtMs == long.MaxValue ? 0 : minExpiresAtMs;
            Spans.SetState(span, ColdState.Cold);
        }
    }

    private bool IsInMemory(ColdSpan span, ulong seq)
    {
        ref var entry = ref Chunks.Find(seq);
        if (Unsafe.IsNullRef(ref entry))
        {
            return false;
        }

        if (!span.Contains(entry.Location))
        {
            // It lives elsewhere: this block's copy is not the entry.
            span.Absent.Add(seq, seq);
        }

        return true;
    }

    /// <summary>Cold entries are ready ones: both counts move together.</summary>
    private void ChangeCold(ColdSpan span, int count, long bodyBytes)
    {
        span.ColdCount += count;
        span.ColdBodyBytes += bodyBytes;
        ColdCount += count;
        ChangeReady(count, bodyBytes);
    }

    private void DropIfEmpty(ColdSpan span)
    {
        if (span.LiveCount == 0)
        {
            Spans.Remove(span);
            effects.ColdBlockDropped(level, span.Block);
        }
    }

    private static void MarkAbsent(ColdSpan span, ulong first, ulong end)
    {
        if (first < end)
        {
            span.Absent.Add(first, end - 1);
        }
    }
}
