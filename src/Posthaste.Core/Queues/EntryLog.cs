using System.Runtime.CompilerServices;
using Posthaste.Core.Messages;
using Posthaste.Primitives;

namespace Posthaste.Core.Queues;

/// <summary>What all levels of a queue add up to.</summary>
internal sealed class QueueTotals
{
    public long ReadyCount;
    public long ReadyBodyBytes;
    public long LostCount;
}

/// <summary>
/// One priority level of a queue: its entries in sequence order. Delivery goes through the returned entries, lowest
/// first, and then on from the cursor: every ready entry below the cursor is a returned one, so both together are the
/// original order. Entries leave in any order. What is not in memory is in <see cref="Spans"/>; the cursor never passes
/// it. Memory: 24 bytes per entry in memory, an expiry index of at most 16 bytes per entry, and the spans.
/// </summary>
/// <param name="level">Its priority.</param>
/// <param name="totals">Of all levels of the queue.</param>
/// <param name="effects">The queue's.</param>
/// <param name="nearHeadCount">See <see cref="QueueMachine.NearHeadCount"/>.</param>
/// <param name="isByDue">Entries wait for their time instead of a consumer; all stay indexed in memory.</param>
internal sealed partial class EntryLog(
    byte level, QueueTotals totals, IQueueEffects effects, uint nearHeadCount, bool isByDue = false)
{
    /// <summary>Outdated items tolerated in the heap of returned entries.</summary>
    private const int OutdatedReturnsMin = 256;

    /// <summary>An entry with none of these waits for a consumer.</summary>
    public const EntryFlags NotReady =
        EntryFlags.Unacked | EntryFlags.Gone | EntryFlags.Held | EntryFlags.Waiting;

    private readonly MinHeap<ulong> _returned = new();
    private long _readyBodyBytes;

    public byte Level => level;

    public EntryChunks Chunks { get; } = new();

    public ExpiryIndex Expiry { get; } = new(isByDue);

    public DeliveryMark Mark;

    /// <summary>What the next appended entry gets.</summary>
    public ulong NextSeq { get; private set; } = 1;

    /// <summary>First entry that was never looked at for delivery.</summary>
    public ulong Cursor { get; private set; } = 1;

    /// <summary>Ready entries, in memory or not.</summary>
    public long ReadyCount { get; private set; }

    public static bool IsReady(ref QueueEntry entry) => !Unsafe.IsNullRef(ref entry) && (entry.Flags & NotReady) == 0;

    /// <summary>Whether an item of the expiry index still says something true.</summary>
    public static bool IsReadyAndDue(EntryChunks chunks, EntryDue due)
    {
        ref var entry = ref chunks.Find(due.Seq);
        return IsReady(ref entry) && entry.ExpiresAtMs == due.DueMs;
    }

    public EntryId Id(ulong seq) => new(level, seq);

    /// <summary>Adds a ready entry at the end.</summary>
    public ulong Append(in QueueEntry entry)
    {
        var seq = NextSeq++;
        Chunks.Add(seq, entry);
        Expiry.Append(seq, entry.ExpiresAtMs);
        Expiry.CompactIfLarge(Chunks);
        ChangeReady(1, entry.BodyBytes);
        return seq;
    }

    /// <summary>The ready entry that is next, or a null reference.</summary>
    /// <param name="seq">Its sequence number.</param>
    /// <param name="missing">
    /// When there is none: the span that has to be loaded first, or null if nothing is ready.
    /// </param>
    public ref QueueEntry Head(out ulong seq, out ColdSpan? missing)
    {
        missing = null;
        while (_returned.Count > 0)
        {
            seq = _returned.Top;
            ref var returned = ref Chunks.Find(seq);
            if (IsReady(ref returned))
            {
                return ref returned;
            }

            _returned.Pop();
        }

        ref var next = ref Chunks.Next(Cursor, NotReady, out seq);
        var isNone = Unsafe.IsNullRef(ref next);
        if (Spans.FirstCold is { } cold && (isNone || cold.FirstColdSeq < seq))
        {
            missing = cold;
            return ref Unsafe.NullRef<QueueEntry>();
        }

        Cursor = isNone ? NextSeq : seq;
        return ref next;
    }

    /// <summary>The head goes out: it is no longer ready and not looked at again until it is returned.</summary>
    public void TakeHead(ulong seq, ref QueueEntry head)
    {
        if (seq < Cursor)
        {
            Checks.Require(_returned.Pop() == seq);
        }
        else
        {
            Cursor = seq + 1;
        }

        ChangeReady(-1, -head.BodyBytes);
        head.Flags |= EntryFlags.Unacked;
    }

    /// <summary>A ready entry goes out, wherever it stands.</summary>
    public void TakeOut(ref QueueEntry entry)
    {
        ChangeReady(-1, -entry.BodyBytes);
        entry.Flags |= EntryFlags.Unacked;
    }

    /// <summary>A ready entry dies where it is: it stays, neither ready nor out.</summary>
    public void Hold(ref QueueEntry entry)
    {
        if (IsReady(ref entry))
        {
            ChangeReady(-1, -entry.BodyBytes);
        }

        entry.Flags = (entry.Flags & ~EntryFlags.Unacked) | EntryFlags.Held;
    }

    /// <summary>An entry that was out is ready again, in its old place.</summary>
    public void Requeue(ulong seq, ref QueueEntry entry)
    {
        entry.Flags &= ~EntryFlags.Unacked;
        ChangeReady(1, entry.BodyBytes);
        if (_returned.Count > OutdatedReturnsMin + (2 * Chunks.LiveCount))
        {
            _returned.Compact(Chunks, static (chunks, seq) => IsReady(ref chunks.Find(seq)));
        }

        // One that was taken from the middle may stand where the cursor has yet to come.
        if (seq < Cursor) _returned.Push(seq);
        if (entry.ExpiresAtMs != 0)
        {
            // Those behind it may expire earlier or later: its place says nothing about when it is looked at.
            Expiry.Insert(seq, entry.ExpiresAtMs);
            Expiry.CompactIfLarge(Chunks);
        }
    }

    /// <summary>
    /// Takes a live entry out of the level. Call <see cref="DropSpanIfEmpty"/> when its leaving was reported.
    /// </summary>
    public QueueEntry Remove(ulong seq, ref QueueEntry entry)
    {
        var removed = entry;
        if (IsReady(ref entry))
        {
            ChangeReady(-1, -removed.BodyBytes);
        }

        Chunks.Remove(seq);
        if (removed.Location.Space == LocationSpace.Segment && Spans.Find(removed.Location) is { } span)
        {
            span.Absent.Add(seq, seq);
            span.LiveBodyBytes -= removed.BodyBytes;
        }

        ResetIfEmpty();
        return removed;
    }

    /// <summary>
    /// Takes a ready or dead entry out without its having been settled: in a segment it stays part of its block, and
    /// comes back with a restart.
    /// </summary>
    public void Lose(ulong seq, ref QueueEntry entry)
    {
        if (IsReady(ref entry))
        {
            ChangeReady(-1, -entry.BodyBytes);
        }

        totals.LostCount++;
        Chunks.Remove(seq);
        ResetIfEmpty();
    }

    /// <summary>
    /// Earliest time at which something here may expire; long.MaxValue for never. May be too early, never too late.
    /// </summary>
    public long NextDueMs()
    {
        var dueMs = Expiry.Top?.DueMs ?? long.MaxValue;
        if (ReadyCount > 0)
        {
            ref var head = ref Head(out _, out _);
            if (!Unsafe.IsNullRef(ref head) && head.ExpiresAtMs != 0)
            {
                dueMs = Math.Min(dueMs, head.ExpiresAtMs);
            }
        }

        return Spans.Loading == null && Spans.FirstDue() is { } span ? Math.Min(dueMs, span.MinExpiresAtMs) : dueMs;
    }

    private void ResetIfEmpty()
    {
        if (ReadyCount == 0 && Chunks.LiveCount == 0)
        {
            _returned.Clear();
            Expiry.Reset();
            Cursor = NextSeq;
        }
    }

    private void ChangeReady(long count, long bodyBytes)
    {
        ReadyCount += count;
        totals.ReadyCount += count;
        _readyBodyBytes += bodyBytes;
        totals.ReadyBodyBytes += bodyBytes;
    }
}

/// <summary>
/// How far a level of a durable queue may be delivered. A delivery leaves no durable trace of its own; instead the mark
/// is made durable ahead of the deliveries, and after a crash everything below it is shown as redelivered.
/// </summary>
internal struct DeliveryMark
{
    /// <summary>Persistent entries below may be delivered.</summary>
    public ulong DurableBelow;

    /// <summary>Asked for; above <see cref="DurableBelow"/> while the answer is outstanding.</summary>
    public ulong RequestedBelow;

    /// <summary>One past the highest entry that has been delivered.</summary>
    public ulong DeliveredBelow;

    /// <summary>Entries below that were in the queue when it was recovered may have been delivered before.</summary>
    public ulong RedeliveredBelow;
}
