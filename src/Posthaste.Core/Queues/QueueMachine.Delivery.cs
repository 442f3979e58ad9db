using System.Runtime.CompilerServices;

namespace Posthaste.Core.Queues;

/// <summary>How <see cref="QueueMachine.TryTakeNext"/> went.</summary>
public enum GetResult
{
    Taken,
    Empty,

    /// <summary>
    /// The next entry's index is being loaded or the delivery mark is not durable yet: try again when told.
    /// </summary>
    NotLoaded,
}

/// <summary>What a <see cref="QueueMachine.Deliver"/> has handed out.</summary>
public struct DeliveryTally
{
    public int Count { get; private set; }

    /// <summary>Those that left with it: nothing has to be acknowledged.</summary>
    public int SettledCount { get; private set; }

    /// <summary>Those that may have been delivered before.</summary>
    public int RedeliveredCount { get; private set; }

    public long BodyBytes { get; private set; }

    public void Add(bool isSettled, bool redelivered, int bodyBytes)
    {
        Count++;
        if (isSettled) SettledCount++;
        if (redelivered) RedeliveredCount++;
        BodyBytes += bodyBytes;
    }
}

/// <summary>Consumers and the way of an entry to them.</summary>
public sealed partial class QueueMachine
{
    /// <summary>
    /// How far ahead of the deliveries the delivery mark is made durable. One small record per 32,768 deliveries (it is
    /// extended at half) costs nothing; and after a crash at most this many messages are marked redelivered without
    /// having been delivered.
    /// </summary>
    public const ulong DeliveryLeaseCount = 65_536;

    /// <summary>
    /// Entries this close behind the head keep their index when their bytes move to a segment, and with fewer than
    /// twice as many ready in memory the next cold block is fetched while consumers are there. The default is two
    /// batches of a consumer with a prefetch of 1,000.
    /// </summary>
    public uint NearHeadCount { get; init; } = 2_048;

    /// <summary>Whether a <see cref="Deliver"/> now could make progress.</summary>
    public bool HasWork => ReadyCount > 0 && !_isStalled && _consumers.Next() != null;

    /// <summary>Whether some consumer would take a message now.</summary>
    public bool HasRoom => _consumers.Next() != null;

    /// <summary>Attaches a consumer that is not attached anywhere.</summary>
    public bool TryAddConsumer(QueueConsumer consumer, out ConsumerRefusal refusal)
    {
        refusal = _consumers.Add(consumer);
        if (refusal != ConsumerRefusal.None)
        {
            return false;
        }

        if (_consumers.Count == 1)
        {
            LeaseForFirstConsumer();
        }

        return true;
    }

    /// <summary>
    /// Detaches a consumer. What it has not settled stays out until its session settles or returns it; with single
    /// active consumer another one takes over at once.
    /// </summary>
    public void RemoveConsumer(QueueConsumer consumer) => _consumers.Remove(consumer);

    /// <summary>
    /// The consumer, which answered <see cref="OfferResult.ConsumerFull"/>, has room again. Harmless when it was not
    /// full.
    /// </summary>
    public void Resume(QueueConsumer consumer) => _consumers.Resume(consumer);

    /// <summary>
    /// Offers ready entries in order to consumers in turn until nobody has room, nothing is ready or the head is not at
    /// hand. Entries due before now expire on the way; when nobody has room, those due now and those over the maximum
    /// length leave too.
    /// </summary>
    /// <param name="budget">Most deliveries in this call.</param>
    /// <param name="nowMs">Current time.</param>
    /// <param name="offers">Who takes what is offered in this call; null for who takes it else.</param>
    /// <returns>What went out.</returns>
    public DeliveryTally Deliver(int budget, long nowMs, IQueueOffers? offers = null)
    {
        offers ??= _effects;

        // What waits for its time is not for consumers, and goes in the order of that time only.
        if (IsByDue) return default;
        _isStalled = false;
        var tally = default(DeliveryTally);
        while (tally.Count < budget && !_isStalled && _consumers.Next() is { } consumer)
        {
            ref var entry = ref UnexpiredHead(nowMs - 1, nowMs, out var log, out var seq);
            if (Unsafe.IsNullRef(ref entry) || !MayDeliver(log!, seq, entry))
            {
                _isStalled = ReadyCount > 0;
                break;
            }

            var id = log!.Id(seq);
            var (bodyBytes, redelivered) = (entry.BodyBytes, entry.Is(EntryFlags.Redelivered));
            switch (offers.Offer(consumer, id, entry, CountersOf(id, entry)))
            {
                case OfferResult.Taken:
                    HandOver(log, seq, ref entry, consumer, isSettled: consumer.NoAck);
                    tally.Add(consumer.NoAck, redelivered, bodyBytes);
                    break;
                case OfferResult.TakenAndSettled:
                    HandOver(log, seq, ref entry, consumer, isSettled: true);
                    tally.Add(isSettled: true, redelivered, bodyBytes);
                    break;
                case OfferResult.ConsumerFull:
                    consumer.IsFull = true;
                    ConsumerSet.Refresh(consumer);
                    break;
                case OfferResult.NotResident:
                    _isStalled = true;
                    break;
            }
        }

        LoadAhead();
        if (!HasWork)
        {
            UnexpiredHead(nowMs, nowMs, out _, out _);
            DropHeads(nowMs, TickBudget);
        }

        return tally;
    }

    /// <summary>
    /// Takes the next entry for a caller without a subscription. It is out, like a delivery to a consumer: a caller
    /// that needs no acknowledgement calls <see cref="Settle(EntryId, QueueConsumer)"/> at once, and one that finds the
    /// bytes out of memory
    /// <see cref="PutBack"/>.
    /// </summary>
    /// <param name="nowMs">Current time; entries due expire instead of being taken.</param>
    /// <param name="id">The entry, when taken.</param>
    /// <param name="entry">Its location and flags, Redelivered as it has to be shown.</param>
    /// <param name="counters">Its counters before this delivery.</param>
    public GetResult TryTakeNext(long nowMs, out EntryId id, out QueueEntry entry, out EntryCounters counters)
    {
        (id, entry, counters) = (default, default, default);
        ref var head = ref UnexpiredHead(nowMs, nowMs, out var log, out var seq);
        if (Unsafe.IsNullRef(ref head))
        {
            return ReadyCount > 0 ? GetResult.NotLoaded : GetResult.Empty;
        }

        if (!MayDeliver(log!, seq, head))
        {
            return GetResult.NotLoaded;
        }

        id = log!.Id(seq);
        (entry, counters) = (head, CountersOf(id, head));
        TakeHead(log, seq, ref head);
        return GetResult.Taken;
    }

    /// <summary>
    /// Undoes <see cref="TryTakeNext"/>: the entry is ready again in its old place, as if it had not been taken.
    /// </summary>
    public void PutBack(EntryId id)
    {
        var log = LogOf(id);
        ref var entry = ref Unacked(log, id);
        Primitives.Checks.Require(!Unsafe.IsNullRef(ref entry));
        UnackedCount--;
        _isStalled = false;
        log!.Requeue(id.Seq, ref entry);
    }

    /// <summary>The delivery mark that was asked for is durable: entries below it may be delivered.</summary>
    public void DeliveryMarkDurable(byte level, ulong belowSeq)
    {
        ref var mark = ref Log(level).Mark;
        mark.DurableBelow = Math.Max(mark.DurableBelow, belowSeq);
        mark.RequestedBelow = Math.Max(mark.RequestedBelow, belowSeq);
        _isStalled = false;
    }

    private void HandOver(EntryLog log, ulong seq, ref QueueEntry entry, QueueConsumer consumer, bool isSettled)
    {
        TakeHead(log, seq, ref entry);
        if (isSettled)
        {
            UnackedCount--;
            ConsumerSet.Served(consumer);
            Settle(log, seq);
            return;
        }

        consumer.UnackedCount++;
        ConsumerSet.Served(consumer);
    }

    private void TakeHead(EntryLog log, ulong seq, ref QueueEntry head)
    {
        log.TakeHead(seq, ref head);
        log.Mark.DeliveredBelow = Math.Max(log.Mark.DeliveredBelow, seq + 1);
        UnackedCount++;
    }

    /// <summary>
    /// The next entry to deliver, once those due by <paramref name="dueMs"/> have left; a null reference when nothing
    /// is ready, the head is not in memory (its load has then been asked for) or too many were due (<see cref="Tick"/>
    /// goes on).
    /// </summary>
    private ref QueueEntry UnexpiredHead(long dueMs, long nowMs, out EntryLog? log, out ulong seq)
    {
        log = HeadLog();
        for (var budget = TickBudget; log != null && budget > 0; budget--)
        {
            ref var head = ref log.Head(out seq, out var missing);
            if (missing != null)
            {
                log.RequestLoad(missing);
                return ref Unsafe.NullRef<QueueEntry>();
            }

            if (head.ExpiresAtMs == 0 || head.ExpiresAtMs > dueMs)
            {
                return ref head;
            }

            Die(log, seq, DeadLetterReason.Expired, nowMs);
            log = HeadLog();
        }

        seq = 0;
        return ref Unsafe.NullRef<QueueEntry>();
    }

    private bool MayDeliver(EntryLog log, ulong seq, in QueueEntry entry)
    {
        if (!_isDurable || !entry.Is(EntryFlags.Persistent))
        {
            return true;
        }

        LeaseAhead(log, seq);
        return seq < log.Mark.DurableBelow;
    }

    /// <summary>
    /// Asks for a higher delivery mark when deliveries have come within half a lease of it; one request at a time.
    /// </summary>
    private void LeaseAhead(EntryLog log, ulong seq)
    {
        ref var mark = ref log.Mark;
        if (_isDurable && mark.RequestedBelow <= mark.DurableBelow
            && seq + (DeliveryLeaseCount / 2) >= mark.DurableBelow)
        {
            mark.RequestedBelow = seq + DeliveryLeaseCount;
            _effects.DeliveryMark(log.Level, mark.RequestedBelow);
        }
    }

    private void LeaseForFirstConsumer()
    {
        if (_logByLevel.Length == 1 && _logs.Count == 0)
        {
            // The only level is sure to be used: its creation asks for the lease before the first message comes.
            Log(0);
            return;
        }

        foreach (var log in _logs)
        {
            LeaseAhead(log, log.Cursor);
        }
    }

    /// <summary>Consumers should not wait for a block that is sure to be needed soon.</summary>
    private void LoadAhead()
    {
        if (_consumers.Count > 0 && HeadLog() is { } log && log.ReadyCount - log.ColdCount < 2L * NearHeadCount
            && log.Spans.FirstCold is { } cold)
        {
            log.RequestLoad(cold);
        }
    }
}
