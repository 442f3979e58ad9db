using Posthaste.Broker.DeadLettering;
using Posthaste.Broker.Storage;
using Posthaste.Broker.Taps;
using Posthaste.Core.Messages;
using Posthaste.Core.Queues;

namespace Posthaste.Broker.Queues;

/// <summary>
/// What happens around every command on the strand: the machine's effects are carried out or noted, and noted ones done
/// at its end.
/// </summary>
public sealed partial class BrokerQueue : IQueueEffects, IThreadPoolWorkItem
{
    private FlushSet? _flushes;
    private BlockLease _lease;
    private long _nowMs;
    private long _dueMs = long.MaxValue;
    private int _drainScheduled;

    /// <summary>
    /// Next number that a replay of the journal would give, per level; null while it cannot differ from the machine's
    /// own.
    /// </summary>
    private Dictionary<byte, ulong>? _skipped;

    /// <summary>What is left to do when the strand has been left.</summary>
    private readonly record struct StrandExit(
        bool LineMoves, bool DrainLater, bool DueChanged, MessageTap? Tapped);

    OfferResult IQueueOffers.Offer(
        QueueConsumer consumer, EntryId id, in QueueEntry entry, EntryCounters counters) =>
        Offer(consumer, id, in entry, counters, tap: null);

    private OfferResult Offer(
        QueueConsumer consumer, EntryId id, in QueueEntry entry, EntryCounters counters, MessageTap? tap)
    {
        var subscription = (Subscription)consumer;
        if (!subscription.TryReserve()) return OfferResult.ConsumerFull;
        if (!_broker.Store.TryRead(entry.Location, entry.Length, ref _lease, out var bytes))
        {
            subscription.Unreserve();
            LoadMessage(id, in entry);
            return OfferResult.NotResident;
        }

        var message = new DeliveredMessage(
            this, id, entry.Is(EntryFlags.Redelivered), counters, new MessageView(bytes));
        subscription.Deliver(in message, _flushes!);
        var isSettled = subscription.NoAck || subscription.IsSettledOnDelivery;
        if (tap is not null) Tap(tap, in message, subscription, isSettled);
        return isSettled ? OfferResult.TakenAndSettled : OfferResult.Taken;
    }

    void IQueueEffects.Settled(EntryId id, in QueueEntry entry)
    {
        if (entry.Is(EntryFlags.Persistent) && !_isRecorded) _facts.Settled(id);
        Release(in entry);
    }

    void IQueueEffects.SettledRange(EntryId first, ulong count) => _facts.Settled(first, count);

    void IQueueEffects.Released(in QueueEntry entry) => Release(in entry);

    DeadLetterOutcome IQueueEffects.DeadLettered(
        EntryId id, in QueueEntry entry, DeadLetterReason reason, EntryCounters counters)
    {
        // Without room for the record that moves it, it waits here.
        if (IsJournaled && _broker.Pipeline.IsFull) return DeadLetterOutcome.KeepTrying;
        (_deadLetters ??= []).Add(new DeadLetter(id, reason));
        return DeadLetterOutcome.Moving;
    }

    void IQueueEffects.Returned(EntryId id, in QueueEntry entry, EntryCounters counters, long dueMs)
    {
        // Left out when there is no room: after a crash the counters of a returned message count from less then, and it
        // does not wait.
        if (!entry.Is(EntryFlags.Persistent) || _isReturnRecorded || !_facts.Flush()) return;
        _broker.Pipeline.AppendFact(
            ReturnRecord.TypeFor(dueMs), ReturnRecord.Size(dueMs), (Id, id, counters, dueMs),
            static (target, fact) => ReturnRecord.Write(target, fact.Id, fact.id, fact.counters, fact.dueMs));
    }

    void IQueueEffects.DeliveryMark(byte level, ulong belowSeq) =>
        _facts.DeliveryMark(level, belowSeq, new DeliveryMarkCallback(this, level, belowSeq));

    void IQueueEffects.LoadColdBlock(byte level, in ColdBlock block) => _broker.Loader.LoadBlock(this, level, block);

    void IQueueEffects.ColdBlockDropped(byte level, in ColdBlock block) => _facts.Dropped(level, in block);

    /// <summary>Drains on a pool thread what one command's budget left over.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        Volatile.Write(ref _drainScheduled, 0);
        var flushes = FlushSet.ForThisThread;
        DrainNow(flushes);
        flushes.FlushAll();
    }

    /// <summary>Delivers what can be delivered: something that it waited for has come.</summary>
    internal void DrainNow(FlushSet flushes)
    {
        using var turn = Enter(flushes);
        if (turn.IsGone) return;
        ServeGets();
        Drain();
    }

    /// <summary>
    /// Enters the strand for one command; it is left at the end of the result's scope, and what the command has left to
    /// do is done then.
    /// </summary>
    private Turn Enter(FlushSet flushes)
    {
        _strand.Enter();
        if (!_isGone) Begin(flushes);
        return new Turn(this, flushes);
    }

    private void Begin(FlushSet flushes)
    {
        _flushes = flushes;
        _nowMs = _broker.NowMs;
    }

    private void Drain() =>
        CountDelivered(Host.Tap is { } tap ? DeliverTapped(tap) : _machine.Deliver(DrainBudget, _nowMs));

    private StrandExit End()
    {
        _lease.Release();
        _flushes = null;
        _meter?.NoteRoom(_machine.HasRoom, _nowMs);
        _facts.Flush();
        var lineMoves = _deadLetters is not null;
        if (_deadLetters is { } dead)
        {
            (_line ??= new DeadLetterLine(this, _broker.DeadLetterer)).Add(dead);
            _deadLetters = null;
        }

        var due = Math.Min(_machine.NextDueMs, ExpiresAtMs());
        var dueChanged = due < _dueMs;
        if (dueChanged) _dueMs = due;
        var tapped = _tapped;
        _tapped = null;
        return new StrandExit(lineMoves, _machine.HasWork, dueChanged, tapped);
    }

    private void Leave(in StrandExit exit, FlushSet flushes)
    {
        // After the counting, which the lock's end has made visible to whoever collects.
        Meter?.Note();
        exit.Tapped?.Left(flushes);
        if (exit.DueChanged) _broker.Timers.Schedule(this, Volatile.Read(ref _dueMs));
        if (exit.DrainLater && Interlocked.Exchange(ref _drainScheduled, 1) == 0) _broker.Scheduler.Schedule(this);
        if (exit.LineMoves) _line!.Move(flushes);
    }

    private EntryId Append(
        MessageLocation location, int length, int bodyBytes, byte priority, bool persistent, long ttlMs,
        long receivedAtMs)
    {
        var arrival = new Arrival
        {
            Location = location,
            Length = length,
            BodyBytes = bodyBytes,
            Priority = priority,
            Persistent = Keeps(persistent),
            TtlMs = ttlMs,
        };
        var id = _machine.Append(in arrival, receivedAtMs);
        if (IsJournaled) NoteSequence(id, location, arrival.Persistent);
        return id;
    }

    /// <summary>
    /// Keeps a replay's numbering equal to ours: a message without a record takes a number that the replay can't know
    /// of, so the next one with a record says its own.
    /// </summary>
    private void NoteSequence(EntryId id, MessageLocation location, bool persistent)
    {
        if (!persistent)
        {
            (_skipped ??= [])[id.Level] = id.Seq;
            return;
        }

        if (_skipped is null || !_skipped.Remove(id.Level)) return;
        _facts.Sequence(id, location);
    }

    private void Release(in QueueEntry entry)
    {
        if (entry.Location.Space == LocationSpace.Arena) _broker.Arena.Release(entry.Location);
    }

    /// <summary>One command's time on the strand.</summary>
    private readonly ref struct Turn(BrokerQueue queue, FlushSet flushes)
    {
        /// <summary>The queue is deleted: there is nothing to do.</summary>
        public readonly bool IsGone = queue._isGone;

        public void Dispose()
        {
            StrandExit exit = default;
            try
            {
                if (!IsGone) exit = queue.End();
            }
            finally
            {
                queue._strand.Exit();
            }

            queue.Leave(exit, flushes);
        }
    }
}
