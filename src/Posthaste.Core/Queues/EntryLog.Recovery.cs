using System.Runtime.CompilerServices;
using Posthaste.Primitives;

namespace Posthaste.Core.Queues;

/// <summary>The part of a level that repeats facts.</summary>
internal sealed partial class EntryLog
{
    // All settlements repeated so far: a copy of an entry or its block may follow its settlement.
    private SeqRanges? _settledInRecovery;

    public bool IsSettledInRecovery(ulong seq) => _settledInRecovery != null && _settledInRecovery.Contains(seq);

    public ulong RestoreAppend(in QueueEntry entry)
    {
        var seq = Append(entry);
        ForgetSettlement(seq);
        return seq;
    }

    public void SettleInRecovery(ulong first, ulong last)
    {
        _settledInRecovery ??= new SeqRanges();
        _settledInRecovery.Add(first, last);
        var from = first;
        while (true)
        {
            ref var entry = ref Chunks.Next(from, EntryFlags.None, out var seq);
            if (Unsafe.IsNullRef(ref entry) || seq > last)
            {
                return;
            }

            from = seq + 1;
            Remove(seq, ref entry);
        }
    }

    public void RestoreAt(ulong seq, in QueueEntry entry)
    {
        ref var known = ref Chunks.Find(seq);
        if (!Unsafe.IsNullRef(ref known))
        {
            // Its own sizes, too: where damage has taken records away, this number was another message's until now.
            ChangeReady(0, entry.BodyBytes - known.BodyBytes);
            Chunks.Relocate(seq, entry.Location);
            (known.Length, known.BodyBytes, known.ExpiresAtMs) = (entry.Length, entry.BodyBytes, entry.ExpiresAtMs);
            known.Flags |= entry.Flags & EntryFlags.Redelivered;
            return;
        }

        var restored = entry;
        restored.Flags &= EntryFlags.Persistent | EntryFlags.Redelivered;
        Chunks.Add(seq, restored);
        ChangeReady(1, restored.BodyBytes);
        NextSeq = Math.Max(NextSeq, seq + 1);
        Cursor = Math.Min(Cursor, seq);
    }

    /// <summary>Entries live in a block of a segment.</summary>
    /// <param name="block">The block.</param>
    /// <param name="absent">Numbers in its range that are not live in it.</param>
    /// <param name="liveBodyBytes">
    /// Body bytes of the live entries if known; else an average stands for what is gone.
    /// </param>
    public void RestoreSpan(
        in ColdBlock block, ReadOnlySpan<(ulong First, ulong Last)> absent, long? liveBodyBytes = null)
    {
        if (Spans.Find(block) is { } known)
        {
            SettleInSpan(known, absent);
            return;
        }

        var span = new ColdSpan(block);
        foreach (var (first, last) in absent)
        {
            span.Absent.Add(first, last);
        }

        // More live entries than the block has: the holes were not given, and entries of others would be taken for its
        // own.
        Checks.Require(span.LiveCount <= block.Count);
        ForgetMembers(span);
        NextSeq = Math.Max(NextSeq, block.LastSeq + 1);
        Cursor = Math.Min(Cursor, block.FirstSeq);
        span.LiveBodyBytes = liveBodyBytes ?? block.BodyBytes * span.LiveCount / Math.Max(1, block.Count);
        span.State = ColdState.Cold;
        AddSpan(span);
        ChangeCold(span, span.LiveCount, span.LiveBodyBytes);
    }

    /// <summary>
    /// Takes settlements to the blocks and counters to the entries, and marks what may have been delivered.
    /// </summary>
    public void FinishRecovery(Dictionary<EntryId, EntryCounters> counters)
    {
        if (_settledInRecovery is { } settled)
        {
            foreach (var span in Spans.All.ToArray())
            {
                var liveBefore = span.LiveCount;
                span.Absent.AddWithin(settled, span.Block.FirstSeq, span.Block.LastSeq);
                SpanShrank(span, liveBefore);
                DropIfEmpty(span);
            }

            _settledInRecovery = null;
        }

        foreach (var id in counters.Keys.Where(id => id.Level == level).ToArray())
        {
            ref var entry = ref Chunks.Find(id.Seq);
            if (!Unsafe.IsNullRef(ref entry))
            {
                entry.Flags |= EntryFlags.Counted | EntryFlags.Redelivered;
            }
            else if (!Spans.All.Any(span => span.IsLive(id.Seq)))
            {
                counters.Remove(id);
            }
        }

        Mark.RequestedBelow = Mark.DurableBelow;
        Mark.RedeliveredBelow = Math.Min(Mark.DurableBelow, NextSeq);
        Mark.DeliveredBelow = Mark.RedeliveredBelow;
        FinishEntries();
    }

    /// <summary>
    /// Marks the entries in memory that may have been delivered, and indexes their expiry in their order, which the
    /// order of the facts need not have been. Entries in blocks may lie between them and have any expiry.
    /// </summary>
    private void FinishEntries()
    {
        Expiry.Reset();
        if (Spans.All.Count > 0)
        {
            Expiry.AssumeOutOfOrder();
        }

        var from = 0UL;
        while (true)
        {
            ref var entry = ref Chunks.Next(from, EntryFlags.None, out var seq);
            if (Unsafe.IsNullRef(ref entry))
            {
                return;
            }

            from = seq + 1;
            entry.Flags |= seq < Mark.RedeliveredBelow ? EntryFlags.Redelivered : EntryFlags.None;
            Expiry.Append(seq, entry.ExpiresAtMs);
        }
    }

    /// <summary>
    /// A new entry has this number. A settlement of it that was repeated before is of a transient message that was lost
    /// with its number in an earlier crash.
    /// </summary>
    private void ForgetSettlement(ulong seq) => _settledInRecovery?.Remove(seq);

    private void SettleInSpan(ColdSpan span, ReadOnlySpan<(ulong First, ulong Last)> absent)
    {
        var liveBefore = span.LiveCount;
        foreach (var (first, last) in absent)
        {
            span.Absent.Add(first, last);
        }

        SpanShrank(span, liveBefore);
    }

    /// <summary>
    /// In recovery all live entries of a span are cold; of the settled ones only the average size is known.
    /// </summary>
    private void SpanShrank(ColdSpan span, int liveBefore)
    {
        var gone = liveBefore - span.LiveCount;
        if (gone > 0)
        {
            var bodyBytes = span.LiveBodyBytes * gone / liveBefore;
            span.LiveBodyBytes -= bodyBytes;
            ChangeCold(span, -gone, -bodyBytes);
        }
    }

    private void ForgetMembers(ColdSpan span)
    {
        var from = span.Block.FirstSeq;
        while (true)
        {
            ref var entry = ref Chunks.Next(from, EntryFlags.None, out var seq);
            if (Unsafe.IsNullRef(ref entry) || seq > span.Block.LastSeq)
            {
                return;
            }

            from = seq + 1;
            if (!span.Absent.Contains(seq))
            {
                ChangeReady(-1, -entry.BodyBytes);
                Chunks.Remove(seq);
            }
        }
    }
}
