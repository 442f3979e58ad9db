using Posthaste.Broker.DeadLettering;
using Posthaste.Broker.Storage;
using Posthaste.Core.Messages;
using Posthaste.Core.Queues;

namespace Posthaste.Broker.Queues;

/// <summary>
/// What happens around every command on the strand: the machine's effects are carried out or noted, and noted ones done
/// at its end.
/// </summary>
public sealed partial class BrokerQueue : IQueueEffects, IThreadPoolWorkItem
{
    private readonly EntryRanges _settled = new();
    private List<DeadLetter>? _deadLetters;
    private DeadLetterLine? _line;
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
    private readonly record struct StrandExit(bool LineMoves, bool DrainLater, bool DueChanged);

    OfferResult IQueueEffects.Offer(QueueConsumer consumer, EntryId id, in QueueEntry entry, EntryCounters counters)
    {
        var subscription = (Subscription)consumer;
        if (!subscription.TryReserve()) return OfferResult.ConsumerFull;
        if (!_broker.Store.TryRead(entry.Location, entry.Length, ref _lease, out var bytes))
        {
            subscription.Unreserve();
            LoadMessage(id, in entry);
            return OfferResult.NotResident;
        }

        subscription.Deliver(
            new DeliveredMessage(this, id, entry.Is(EntryFlags.Redelivered), counters, new MessageView(bytes)),
            _flushes!);
        return OfferResult.Taken;
    }

    void IQueueEffects.Settled(EntryId id, in QueueEntry entry)
    {
        if (entry.Is(EntryFlags.Persistent)) (_settlesInto ?? _settled).Add(id);
        Release(in entry);
    }

    void IQueueEffects.SettledRange(EntryId first, ulong count)
    {
        if (_line is null || _line.IsEmpty)
        {
            _settled.Add(first, count);
            return;
        }

        // Those on their way to the dead letters are settled by the record of that, and by no other.
        for (var value = first.Value; value < first.Value + count; value++)
        {
            var id = new EntryId(value);
            if (!_line.IsWaiting(id)) _settled.Add(id);
        }
    }

    void IQueueEffects.Released(in QueueEntry entry) => Release(in entry);

    DeadLetterOutcome IQueueEffects.DeadLettered(
        EntryId id, in QueueEntry entry, DeadLetterReason reason, EntryCounters counters)
    {
        // Without room for the record that moves it, it waits here.
        if (IsJournaled && _broker.Pipeline.IsFull) return DeadLetterOutcome.KeepTrying;
        if (_machine.Settings.DeadLetterStrategy == DeadLetterStrategy.AtLeastOnce
            && !_broker.DeadLetterer.IsTransferable(this, id, in entry, reason, ref _lease))
        {
            return DeadLetterOutcome.KeepTrying;
        }

        // The bytes stay referenced until the transfer has copied them.
        (_deadLetters ??= []).Add(new DeadLetter(id, entry, reason, _broker.DeadLetterer.Announce()));
        return DeadLetterOutcome.Gone;
    }

    void IQueueEffects.Returned(EntryId id, in QueueEntry entry, EntryCounters counters)
    {
        if (!entry.Is(EntryFlags.Persistent)) return;
        _broker.Pipeline.AppendFact(
            RecordType.Counters, CountersRecord.Bytes, (Id, id, counters),
            static (target, fact) => CountersRecord.Write(target, fact.Id, fact.id, fact.counters));
    }

    void IQueueEffects.DeliveryMark(byte level, ulong belowSeq)
    {
        _broker.Pipeline.AppendFact(
            RecordType.DeliveryMark, DeliveryMarkRecord.Bytes, (Id, level, belowSeq),
            static (target, fact) => DeliveryMarkRecord.Write(target, fact.Id, fact.level, fact.belowSeq));
        _broker.Pipeline.Post(new DeliveryMarkCallback(this, level, belowSeq));
    }

    void IQueueEffects.LoadColdBlock(byte level, in ColdBlock block) => _broker.Loader.LoadBlock(this, level, block);

    void IQueueEffects.ColdBlockDropped(byte level, in ColdBlock block) => (_droppedBlocks ??= []).Add((level, block));

    void IQueueEffects.ActiveConsumerChanged(QueueConsumer? active)
    {
    }

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
        StrandExit exit;
        lock (_strand)
        {
            if (_isGone) return;
            Begin(flushes);
            ServeGets();
            Drain();
            exit = End();
        }

        Leave(exit, flushes);
    }

    private void Begin(FlushSet flushes)
    {
        _flushes = flushes;
        _nowMs = _broker.NowMs;
    }

    private void Drain() => _machine.Deliver(DrainBudget, _nowMs);

    private StrandExit End()
    {
        _lease.Release();
        _flushes = null;
        if (_settled.Count > 0) JournalSettled();
        var lineMoves = _deadLetters is not null || _droppedBlocks is not null;
        if (lineMoves)
        {
            (_line ??= new DeadLetterLine(this, _broker.DeadLetterer)).Add(_deadLetters, _droppedBlocks);
            _deadLetters = null;
            _droppedBlocks = null;
        }

        var due = Math.Min(_machine.NextDueMs, ExpiresAtMs());
        var dueChanged = due < _dueMs;
        if (dueChanged) _dueMs = due;
        return new StrandExit(lineMoves, _machine.HasWork, dueChanged);
    }

    private void Leave(in StrandExit exit, FlushSet flushes)
    {
        if (exit.DueChanged) _broker.Timers.Schedule(this, Volatile.Read(ref _dueMs));
        if (exit.DrainLater && Interlocked.Exchange(ref _drainScheduled, 1) == 0) _broker.Scheduler.Schedule(this);
        if (exit.LineMoves) _line!.Move(flushes);
    }

    private void Append(MessageLocation location, int length, int bodyBytes, byte priority, bool persistent, long ttlMs,
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
        _broker.Pipeline.AppendFact(
            RecordType.Sequence, SequenceRecord.Bytes, (Id, id, location),
            static (target, fact) => SequenceRecord.Write(target, fact.Id, fact.id, fact.location));
    }

    private void JournalSettled()
    {
        for (var rest = _settled.Span; rest.Length > 0;)
        {
            var ranges = rest[..Math.Min(rest.Length, SettleRecord.RangesMax)];
            _broker.Pipeline.AppendSettled(Id, ranges);
            rest = rest[ranges.Length..];
        }

        _settled.Clear();
    }

    private void Release(in QueueEntry entry)
    {
        if (entry.Location.Space == LocationSpace.Arena) _broker.Arena.Release(entry.Location);
    }
}
