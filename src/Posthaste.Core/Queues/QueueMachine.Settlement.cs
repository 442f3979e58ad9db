using System.Runtime.CompilerServices;

namespace Posthaste.Core.Queues;

/// <summary>How entries leave the queue or come back to it.</summary>
public sealed partial class QueueMachine
{
    /// <summary>
    /// How long a dead entry is held before its target is tried again: soon enough for a target that was full for a
    /// moment.
    /// </summary>
    public const long DeadLetterRetryMs = 1_000;

    /// <summary>The entry was handled: it leaves for good.</summary>
    /// <param name="id">As given with the delivery.</param>
    /// <param name="consumer">Who got it, attached or not; null when it was taken without a subscription.</param>
    /// <returns>False when no such entry is out (never was, or already settled or returned).</returns>
    public bool Settle(EntryId id, QueueConsumer? consumer)
    {
        var log = LogOf(id);
        ref var entry = ref Unacked(log, id);
        if (Unsafe.IsNullRef(ref entry))
        {
            return false;
        }

        ComeBack(consumer);
        Settle(log!, id.Seq);
        return true;
    }

    /// <summary>An entry as it is now, if it is out.</summary>
    public bool TryGetUnacked(EntryId id, out QueueEntry entry)
    {
        ref var found = ref Unacked(LogOf(id), id);
        entry = Unsafe.IsNullRef(ref found) ? default : found;
        return !Unsafe.IsNullRef(ref found);
    }

    /// <summary>What the counters of an entry that is out would be once it has come back.</summary>
    /// <param name="isTooMany">It would die of one failed delivery too many.</param>
    public EntryCounters ForeseeReturn(EntryId id, in QueueEntry entry, bool countsAsFailure, out bool isTooMany)
    {
        var before = CountersOf(id, entry);
        var counters = new EntryCounters(
            countsAsFailure ? SaturatingIncrement(before.DeliveryCount) : before.DeliveryCount,
            SaturatingIncrement(before.AcquiredCount));
        isTooMany = counters.DeliveryCount > (Settings.DeliveryLimit ?? long.MaxValue);
        return counters;
    }

    /// <summary>
    /// The entry comes back to its old place, marked redelivered; or dies when that was one failed delivery too many or
    /// its time is over.
    /// </summary>
    /// <param name="id">As given with the delivery.</param>
    /// <param name="consumer">Who got it, attached or not; null when it was taken without a subscription.</param>
    /// <param name="countsAsFailure">
    /// Whether the delivery failed (and so counts towards the delivery limit) or was only given up.
    /// </param>
    /// <param name="nowMs">Current time.</param>
    /// <returns>False when no such entry is out.</returns>
    public bool Return(EntryId id, QueueConsumer? consumer, bool countsAsFailure, long nowMs)
    {
        var log = LogOf(id);
        ref var entry = ref Unacked(log, id);
        if (Unsafe.IsNullRef(ref entry))
        {
            return false;
        }

        ComeBack(consumer);
        var counters = ForeseeReturn(id, entry, countsAsFailure, out var isTooMany);
        Counters[id] = counters;
        entry.Flags |= EntryFlags.Counted | EntryFlags.Redelivered;
        DeadLetterReason? death = isTooMany
            ? DeadLetterReason.DeliveryLimit
            : entry.ExpiresAtMs != 0 && entry.ExpiresAtMs <= nowMs ? DeadLetterReason.Expired : null;
        var dueMs = death == null ? ForeseeWait(counters, countsAsFailure, nowMs) : 0;
        if (death == null)
        {
            _isStalled = false;
            if (dueMs > 0) Wait(id, ref entry, dueMs);
            else log!.Requeue(id.Seq, ref entry);
        }

        // An entry that dies and is held is still here: what it has been through is part of what a restart must know.
        if (death == null || Die(log!, id.Seq, death.Value, nowMs))
        {
            _effects.Returned(id, entry, counters, dueMs);
        }

        DropHeads(nowMs, TickBudget);
        return true;
    }

    /// <summary>
    /// The entry was refused for good: it is dead-lettered or, without a dead-letter exchange, settled.
    /// </summary>
    /// <param name="id">As given with the delivery.</param>
    /// <param name="consumer">Who got it, attached or not; null when it was taken without a subscription.</param>
    /// <param name="nowMs">Current time.</param>
    /// <returns>False when no such entry is out.</returns>
    public bool Reject(EntryId id, QueueConsumer? consumer, long nowMs)
    {
        var log = LogOf(id);
        ref var entry = ref Unacked(log, id);
        if (Unsafe.IsNullRef(ref entry))
        {
            return false;
        }

        ComeBack(consumer);
        Die(log!, id.Seq, DeadLetterReason.Rejected, nowMs);
        return true;
    }

    /// <summary>Settles every ready entry and those that wait for another try; those out or held stay.</summary>
    /// <returns>How many.</returns>
    public long Purge()
    {
        var count = ReadyCount;
        foreach (var log in _logs)
        {
            for (var from = 0UL; ;)
            {
                ref var entry = ref log.Chunks.Next(from, EntryLog.NotReady, out var seq);
                if (Unsafe.IsNullRef(ref entry))
                {
                    break;
                }

                from = seq + 1;
                Settle(log, seq);
            }

            log.PurgeCold();
        }

        count += PurgeWaiting();
        ForgetCountersOfPurged();

        _isStalled = false;
        return count;
    }

    /// <summary>
    /// The queue is deleted: lets go of all bytes, without a settlement of each entry. The machine is empty afterwards
    /// and must not be used again.
    /// </summary>
    /// <returns>How many entries were ready.</returns>
    public long DropAll()
    {
        var count = ReadyCount;
        foreach (var log in _logs)
        {
            log.Release();
        }

        _logs.Clear();
        Array.Clear(_logByLevel);
        _counters = null;
        _hold.Clear();
        _retries = null;
        _restoredWaits = null;
        WaitingCount = 0;
        HeldCount = 0;
        UnackedCount = 0;
        return count;
    }

    private void ForgetCountersOfPurged()
    {
        foreach (var id in (_counters ?? NoCounters).Keys)
        {
            if (Unsafe.IsNullRef(ref LogOf(id)!.Chunks.Find(id.Seq)))
            {
                // Removing while enumerating is allowed for the current key.
                _counters!.Remove(id);
            }
        }
    }

    private static ushort SaturatingIncrement(ushort count) => count == ushort.MaxValue ? count : (ushort)(count + 1);

    /// <summary>The entry if it is out, else a null reference.</summary>
    private static ref QueueEntry Unacked(EntryLog? log, EntryId id)
    {
        if (log != null)
        {
            ref var entry = ref log.Chunks.Find(id.Seq);
            if (!Unsafe.IsNullRef(ref entry) && entry.Is(EntryFlags.Unacked))
            {
                return ref entry;
            }
        }

        return ref Unsafe.NullRef<QueueEntry>();
    }

    private void ComeBack(QueueConsumer? consumer)
    {
        UnackedCount--;
        if (consumer != null)
        {
            consumer.UnackedCount--;
            ConsumerSet.Refresh(consumer);
        }
    }

    /// <summary>
    /// Ends a live entry, ready or out, and reports its death; it stays, held, until it is with its target. Without a
    /// dead-letter exchange it leaves.
    /// </summary>
    /// <returns>Whether it stays, held.</returns>
    private bool Die(EntryLog log, ulong seq, DeadLetterReason reason, long nowMs)
    {
        _isStalled = false;
        ref var entry = ref log.Chunks.Find(seq);
        if (Settings.DeadLetterExchange == null && !IsByDue)
        {
            Settle(log, seq);
            return false;
        }

        HeldCount += entry.Is(EntryFlags.Held) ? 0 : 1;
        log.Hold(ref entry);
        var id = log.Id(seq);
        var dead = entry;
        if (_effects.DeadLettered(id, dead, reason, CountersOf(id, dead)) == DeadLetterOutcome.KeepTrying)
        {
            _hold.Add(id, reason, nowMs + DeadLetterRetryMs);
        }

        return true;
    }
}
