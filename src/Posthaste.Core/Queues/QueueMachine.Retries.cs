using System.Runtime.CompilerServices;

namespace Posthaste.Core.Queues;

/// <summary>
/// Delayed retries: a message that comes back waits before it is delivered again, the longer the more often it failed.
/// It keeps its place in the order. Until when it waits is part of the fact that it came back, so a restart changes
/// nothing.
/// </summary>
public sealed partial class QueueMachine
{
    private MinHeap<RetryDue>? _retries;

    // After a restart: until when entries wait whose index is not in memory yet.
    private Dictionary<EntryId, long>? _restoredWaits;

    /// <summary>Entries that came back and wait; not part of any other count.</summary>
    public long WaitingCount { get; private set; }

    private long NextRetryMs => _retries is { Count: > 0 } ? _retries.Top.DueMs : long.MaxValue;

    /// <summary>Until when an entry waits that comes back with these counters; 0 for not at all.</summary>
    public long ForeseeWait(EntryCounters counters, bool countsAsFailure, long nowMs)
    {
        var waits = Settings.DelayedRetry == DelayedRetry.All
            || Settings.DelayedRetry == (countsAsFailure ? DelayedRetry.Failed : DelayedRetry.Returned);
        if (!waits) return 0;

        // One that never failed has come back once, at least.
        var delayMs = Math.Min(Settings.RetryMinMs * Math.Max(1L, counters.DeliveryCount), Settings.RetryMaxMs);
        return delayMs == 0 ? 0 : nowMs + delayMs;
    }

    /// <summary>
    /// Repeats a return, as <see cref="RestoreCounters"/> does, of an entry that waits until a time.
    /// </summary>
    public void RestoreWait(EntryId id, EntryCounters counters, long dueMs)
    {
        if (TryRestoreCounters(id, counters)) (_restoredWaits ??= [])[id] = dueMs;
    }

    /// <summary>An entry that was out does not become ready before its time.</summary>
    private void Wait(EntryId id, ref QueueEntry entry, long dueMs)
    {
        entry.Flags = (entry.Flags & ~EntryFlags.Unacked) | EntryFlags.Waiting;
        WaitingCount++;
        (_retries ??= new MinHeap<RetryDue>()).Push(new RetryDue(dueMs, id));
    }

    private void EndWaits(long nowMs, ref int budget)
    {
        while (budget > 0 && NextRetryMs <= nowMs)
        {
            var id = _retries!.Pop().Id;
            var log = LogOf(id)!;
            ref var entry = ref log.Chunks.Find(id.Seq);
            if (Unsafe.IsNullRef(ref entry) || !entry.Is(EntryFlags.Waiting)) continue;
            budget--;
            WaitingCount--;
            entry.Flags &= ~EntryFlags.Waiting;
            _isStalled = false;
            log.Requeue(id.Seq, ref entry);
        }
    }

    /// <summary>Settles those that wait.</summary>
    /// <returns>How many.</returns>
    private long PurgeWaiting()
    {
        var count = WaitingCount;
        for (; _retries is { Count: > 0 } retries; WaitingCount--)
        {
            var id = retries.Pop().Id;
            Settle(LogOf(id)!, id.Seq);
        }

        _restoredWaits = null;
        return count;
    }

    /// <summary>
    /// Entries that waited before the restart wait on as soon as their index is in memory. One whose time has passed
    /// meanwhile is ready again with the next <see cref="Tick"/>.
    /// </summary>
    /// <param name="first">The first one that may have its index now.</param>
    /// <param name="last">The last one.</param>
    private void WaitOn(EntryId first, EntryId last)
    {
        foreach (var (id, dueMs) in _restoredWaits ?? [])
        {
            if (id.Value < first.Value || id.Value > last.Value) continue;
            var log = LogOf(id)!;
            ref var entry = ref log.Chunks.Find(id.Seq);
            if (EntryLog.IsReady(ref entry))
            {
                log.TakeOut(ref entry);
                Wait(id, ref entry, dueMs);
            }
            else if (log.Spans.All.Any(span => span.IsColdReady && span.IsLive(id.Seq)))
            {
                continue;
            }

            // Removing while enumerating is allowed for the current key.
            _restoredWaits!.Remove(id);
        }

        if (_restoredWaits is { Count: 0 }) _restoredWaits = null;
    }

    /// <summary>Until when entries wait, for a snapshot.</summary>
    private Dictionary<EntryId, long> Waits()
    {
        var waits = new Dictionary<EntryId, long>(_restoredWaits ?? []);
        if (_retries is null) return waits;
        foreach (var (dueMs, id) in _retries.Items)
        {
            ref var entry = ref LogOf(id)!.Chunks.Find(id.Seq);
            if (!Unsafe.IsNullRef(ref entry) && entry.Is(EntryFlags.Waiting)) waits[id] = dueMs;
        }

        return waits;
    }

    private readonly record struct RetryDue(long DueMs, EntryId Id) : IComparable<RetryDue>
    {
        public int CompareTo(RetryDue other) => (DueMs, Id.Value).CompareTo((other.DueMs, other.Id.Value));
    }
}
