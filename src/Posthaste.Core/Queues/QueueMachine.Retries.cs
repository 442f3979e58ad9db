using System.Runtime.CompilerServices;

namespace Posthaste.Core.Queues;

/// <summary>
/// Delayed retries: a message that comes back waits before it is delivered again, the longer the more often it failed.
/// It keeps its place in the order. How long it has waited is not recorded: after a restart, those in memory wait anew.
/// </summary>
public sealed partial class QueueMachine
{
    private MinHeap<RetryDue>? _retries;
    private bool _waitsAnew;

    /// <summary>Entries that came back and wait; not part of any other count.</summary>
    public long WaitingCount { get; private set; }

    private long NextRetryMs => _retries is { Count: > 0 } ? _retries.Top.DueMs : long.MaxValue;

    /// <summary>How long an entry with these counters waits; 0 for not at all.</summary>
    private long RetryDelayMs(EntryCounters counters, bool countsAsFailure)
    {
        var waits = Settings.DelayedRetry == DelayedRetry.All
            || Settings.DelayedRetry == (countsAsFailure ? DelayedRetry.Failed : DelayedRetry.Returned);

        // One that never failed has come back once, at least.
        return waits ? Math.Min(Settings.RetryMinMs * Math.Max(1L, counters.DeliveryCount), Settings.RetryMaxMs) : 0;
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
        if (_waitsAnew) WaitAnew(nowMs);
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

        return count;
    }

    private void WaitAnew(long nowMs)
    {
        _waitsAnew = false;
        foreach (var (id, counters) in _counters ?? NoCounters)
        {
            var delayMs = Math.Max(
                counters.DeliveryCount > 0 ? RetryDelayMs(counters, countsAsFailure: true) : 0,
                counters.AcquiredCount > counters.DeliveryCount ? RetryDelayMs(counters, countsAsFailure: false) : 0);
            if (delayMs == 0 || LogOf(id) is not { } log) continue;
            ref var entry = ref log.Chunks.Find(id.Seq);
            if (!EntryLog.IsReady(ref entry)) continue;
            log.TakeOut(ref entry);
            Wait(id, ref entry, nowMs + delayMs);
        }
    }

    private readonly record struct RetryDue(long DueMs, EntryId Id) : IComparable<RetryDue>
    {
        public int CompareTo(RetryDue other) => (DueMs, Id.Value).CompareTo((other.DueMs, other.Id.Value));
    }
}
