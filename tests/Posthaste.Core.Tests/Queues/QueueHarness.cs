using Posthaste.Core.Messages;
using Posthaste.Core.Queues;
using Posthaste.Primitives;

namespace Posthaste.Core.Tests.Queues;

/// <summary>
/// Drives a machine and the model with the same commands and compares everything that can be seen after each:
/// deliveries in order, departures, counts, flags, due times. Storage does its part at random: entries are copied
/// forward, moved to segments, loaded again, and the queue is rebuilt from the journal.
/// </summary>
internal sealed class QueueHarness : IQueueEffects
{
    private const int BodyBytesDurable = 10;

    // A new one for every command, so that each means the same with or without those before it.
    private SeededRandom _random;
    private readonly QueueModel _model;
    private readonly QueueStorage _storage = new();
    private readonly bool _isDurable;
    private readonly ulong _seed;
    private readonly bool _refusesSometimes;
    private readonly int _consumersMax;
    private readonly Absence _absence;
    private readonly ulong[] _marks;
    private readonly HashSet<EntryId> _notResident = [];
    private readonly List<(byte Level, ColdBlock Block)> _loads = [];
    private readonly List<EntryId> _moving = [];
    private readonly List<(byte Level, ulong BelowSeq)> _grants = [];
    private readonly List<string> _deliveries = [];
    private readonly List<string> _leavings = [];
    private readonly List<EvacuationCandidate> _evacuating = [];
    private QueueMachine _queue;
    private bool _bytesArrived;
    private bool _modelBytesArrived;
    private long _arenaEnd = 1;
    private long _nowMs = 1_000;
    private int _consumerNumber;

    public QueueHarness(ulong seed)
    {
        _random = new SeededRandom(seed);
        _seed = seed;
        _isDurable = _random.Chance(0.6);
        _refusesSometimes = _random.Chance(0.3);
        _consumersMax = _random.Below(4);
        _absence = (Absence)_random.Below(3);
        var settings = RandomSettings(single: _random.Chance(0.2));
        _marks = new ulong[settings.PriorityMax + 1];
        _model = new QueueModel(settings, Refuses);
        _queue = NewQueue();
    }

    /// <summary>
    /// What a run does without. Where an entry is due, one too many and not in memory all at once, it depends on what
    /// is in memory whether it expires or another one is dropped first: both are right, but the model knows only one.
    /// </summary>
    private enum Absence
    {
        Limits,
        Expiry,
        Segments,
    }

    /// <summary>Cold blocks read so far: a run without any has not tried what it should.</summary>
    public int LoadCount { get; private set; }

    public int CrashCount { get; private set; }

    public int DeliveryCount { get; private set; }

    /// <summary>One command drawn from the seed, then everything that follows from it, then the comparison.</summary>
    public void Step(int command)
    {
        _random = new SeededRandom(_seed ^ ((ulong)command << 20));
        CommandOf(command).Method(this);
        Quiesce();
        Compare();
    }

    /// <summary>Ends with a consumer that takes all: what is ready goes out in order.</summary>
    public void Drain()
    {
        foreach (var consumer in _model.Consumers.ToList())
        {
            Remove(consumer);
        }

        Quiesce();
        Compare();
        Add(new TestConsumer("drain") { NoAck = true });
        Quiesce();
        Compare();
        Assert.Empty(_model.Ready);
    }

    public static string NameOf(int command) => $"{CommandOf(command).Name}:{command}";

    private static (string Name, Action<QueueHarness> Method) CommandOf(int command) => (command % 100) switch
    {
        < 28 => ("append", harness => harness.Append()),
        < 36 => ("add", harness => harness.AddConsumer()),
        < 39 => ("remove", harness => harness.RemoveConsumer()),
        < 43 => ("resume", harness => harness.Resume()),
        < 56 => ("settle", harness => harness.OutEntry(harness.SettleEntry)),
        < 64 => ("return", harness => harness.OutEntry(harness.ReturnEntry)),
        < 67 => ("reject", harness => harness.OutEntry(harness.RejectEntry)),
        < 71 => ("get", harness => harness.Get()),
        < 77 => ("advance", harness => harness.Advance()),
        < 78 => ("purge", harness => harness.Purge()),
        < 80 => ("evict", harness => harness.MakeNotResident()),
        < 82 => ("update", harness => harness.Update()),
        < 91 => ("evacuate", harness => harness.StartEvacuation()),
        < 96 => ("evacuated", harness => harness.FinishEvacuation()),
        < 98 => ("roll", harness => harness.RollOrRecycle()),
        < 99 => ("unknown", harness => harness.UnknownIds()),
        _ => ("crash", harness => harness.Crash()),
    };

    private void Append()
    {
        var arrival = new Arrival
        {
            Length = 20,
            BodyBytes = _isDurable ? BodyBytesDurable : _random.Between(0, 20),
            Priority = (byte)_random.Below(8),
            Persistent = _isDurable && _random.Chance(0.7),
            TtlMs = _absence != Absence.Expiry && _random.Chance(0.2) ? _random.Between(0, 60) : -1,
        };
        var nowMs = _nowMs;
        arrival.Location = arrival.Persistent
            ? MessageLocation.Journal(_storage.End)
            : MessageLocation.Arena(_arenaEnd++);
        if (arrival.Persistent)
        {
            _storage.Write(queue => queue.RestoreAppend(arrival, nowMs));
        }

        var refuses = _model.Settings.Overflow != OverflowPolicy.DropHead
            && (_model.Ready.Count() + 1 > (_model.Settings.LengthMax ?? long.MaxValue)
                || _model.Ready.Sum(entry => entry.BodyBytes) + arrival.BodyBytes
                > (_model.Settings.BytesMax ?? long.MaxValue));
        Assert.Equal(refuses, _queue.WouldRefuse(1, arrival.BodyBytes));
        var expected = _model.Append(arrival, nowMs);

        // Before what the append itself may settle: a number has to be known before facts speak of it.
        _storage.NoteSequence(expected.Id, arrival.Location, arrival.Persistent);
        Assert.Equal(expected.Id, _queue.Append(arrival, nowMs));
    }

    private void AddConsumer()
    {
        if (_model.Consumers.Count < _consumersMax)
        {
            Add(new TestConsumer($"c{++_consumerNumber}")
            {
                PrefetchMax = (ushort)(_random.Chance(0.2) ? 0 : _random.Between(1, 3)),
                NoAck = _random.Chance(0.1),
                Priority = _random.Below(3),
                Exclusive = _random.Chance(0.05),
                Room = _random.Chance(0.3) ? _random.Below(4) : null,
            });
        }
    }

    private void Add(TestConsumer consumer)
    {
        var expected = _model.AddConsumer(new ModelConsumer(consumer));
        Assert.Equal(expected, _queue.TryAddConsumer(consumer, out var refusal));
        Assert.Equal(expected, refusal == ConsumerRefusal.None);
    }

    private void RemoveConsumer()
    {
        if (_model.Consumers.Count > 0)
        {
            Remove(_model.Consumers[_random.Below(_model.Consumers.Count)]);
        }
    }

    private void Remove(ModelConsumer consumer)
    {
        _model.RemoveConsumer(consumer);
        _queue.RemoveConsumer(consumer.Real);
    }

    private void Resume()
    {
        if (_model.Consumers.Count > 0)
        {
            var consumer = _model.Consumers[_random.Below(_model.Consumers.Count)];
            consumer.Room = consumer.Real.Room = _random.Chance(0.5) ? _random.Between(1, 4) : null;
            _model.Resume(consumer);
            _queue.Resume(consumer.Real);
        }
    }

    private void OutEntry(Action<ModelEntry> command)
    {
        var entries = _model.Entries.FindAll(entry => entry.State == ModelState.Out);
        if (entries.Count > 0)
        {
            command(entries[_random.Below(entries.Count)]);
        }
    }

    private void SettleEntry(ModelEntry entry)
    {
        var consumer = entry.Owner?.Real;
        _model.Settle(entry);
        Assert.True(_queue.Settle(entry.Id, consumer));
        Assert.False(_queue.Settle(entry.Id, consumer));
    }

    private void ReturnEntry(ModelEntry entry)
    {
        var (consumer, isFailure) = (entry.Owner?.Real, _random.Chance(0.5));
        _model.Return(entry, isFailure, _nowMs);
        Assert.True(_queue.Return(entry.Id, consumer, isFailure, _nowMs));
    }

    private void RejectEntry(ModelEntry entry)
    {
        var consumer = entry.Owner?.Real;
        _model.Reject(entry, _nowMs);
        Assert.True(_queue.Reject(entry.Id, consumer, _nowMs));
    }

    private void Get()
    {
        GetResult result;
        EntryId id;
        QueueEntry entry;
        EntryCounters counters;
        do
        {
            result = _queue.TryTakeNext(_nowMs, out id, out entry, out counters);
        }
        while (result == GetResult.NotLoaded && Serve());

        var expected = _model.TakeNext(_nowMs);
        Assert.Equal(expected == null ? GetResult.Empty : GetResult.Taken, result);
        if (expected == null)
        {
            return;
        }

        Assert.Equal(
            QueueModel.Line(expected.Id, expected.Redelivered, expected.DeliveryCount, expected.AcquiredCount),
            QueueModel.Line(id, entry.Is(EntryFlags.Redelivered), counters.DeliveryCount, counters.AcquiredCount));
        if (_random.Chance(0.3))
        {
            _model.PutBack(expected);
            _queue.PutBack(id);
        }
    }

    private void Advance() => _nowMs += _random.Below(20);

    private void Purge()
    {
        // Rarely: a queue that is always emptied never gets deep.
        if (_random.Chance(0.25))
        {
            Assert.Equal(_model.Purge(), _queue.Purge());
        }
    }

    private void MakeNotResident()
    {
        foreach (var entry in _model.Ready.Take(3).Where(_ => _random.Chance(0.5)))
        {
            _model.NotResident.Add(entry.Id);
            _notResident.Add(entry.Id);
        }
    }

    private void Update()
    {
        // A time to live is part of what is journaled with an arrival only through the settings: it stays.
        var changed = RandomSettings(_model.Settings.SingleActiveConsumer) with
        {
            MessageTtlMs = _model.Settings.MessageTtlMs,
            PriorityMax = _model.Settings.PriorityMax,
        };
        _model.Update(changed, _nowMs);
        _queue.Update(changed, _nowMs);
    }

    private void StartEvacuation() => StartEvacuation(
        _isDurable && _random.Chance(0.7)
            ? MessageLocation.Journal(_random.Below(_storage.End + 1))
            : MessageLocation.Arena(_random.Below((int)_arenaEnd + 1)),
        _random.Between(1, 30));

    private void StartEvacuation(MessageLocation before, int max)
    {
        FinishEvacuation();
        var expected = _model.Entries
            .Where(entry => entry.Location.Space == before.Space && entry.Location < before)
            .OrderBy(entry => entry.Id.Value).Take(max);
        Assert.Equal(expected.Count(), _queue.CollectEvacuation(before, _evacuating, max));
        Assert.Equal(expected.Select(entry => entry.Id), _evacuating.Select(candidate => candidate.Id));
    }

    /// <summary>The bytes of the candidates have been copied; some of them may be gone by now.</summary>
    private void FinishEvacuation()
    {
        var toSegment = _absence != Absence.Segments && _random.Chance(0.7);
        foreach (var level in _evacuating.GroupBy(candidate => candidate.Id.Level))
        {
            if (toSegment)
            {
                MoveToSegment(level.Key, [.. level]);
            }
            else
            {
                foreach (var candidate in level)
                {
                    CopyForward(candidate);
                }
            }
        }

        _evacuating.Clear();
    }

    private void MoveToSegment(byte level, List<EvacuationCandidate> candidates)
    {
        var (block, entries) = _storage.WriteBlock(candidates);
        foreach (var (seq, offset) in entries)
        {
            Relocate(new EntryId(level, seq), MessageLocation.Segment(block.SegmentId, offset));
        }

        _queue.MovedToSegment(level, block, entries);
    }

    private void CopyForward(EvacuationCandidate candidate)
    {
        var entry = candidate.Entry;
        if (entry.Is(EntryFlags.Persistent))
        {
            entry.Location = MessageLocation.Journal(_storage.End);
            _storage.Write(queue => queue.RestoreAt(candidate.Id, entry, candidate.Counters));
        }
        else
        {
            entry.Location = MessageLocation.Arena(_arenaEnd++);
        }

        var isLive = Relocate(candidate.Id, entry.Location);
        Assert.Equal(isLive, _queue.Relocated(candidate.Id, entry.Location));
        if (!isLive && entry.Is(EntryFlags.Persistent))
        {
            _storage.Write(queue => queue.RestoreSettled(candidate.Id, 1));
        }
    }

    private bool Relocate(EntryId id, MessageLocation location)
    {
        var entry = _model.Entries.Find(other => other.Id == id);
        if (entry != null)
        {
            entry.Location = location;
        }

        return entry != null;
    }

    private void RollOrRecycle()
    {
        if (!_isDurable)
        {
            return;
        }

        if (_storage.RolledAt is not { } position)
        {
            _storage.Roll(_queue, _model.NextSeq);
            return;
        }

        do
        {
            StartEvacuation(MessageLocation.Journal(position), int.MaxValue);
        }
        while (_evacuating.Count > 0);
        _storage.Recycle();
    }

    private void UnknownIds()
    {
        foreach (var id in new[] { new EntryId(0, 1UL << 40), new EntryId(255, 1), new EntryId(0, 0) })
        {
            Assert.False(_queue.Settle(id, null));
            Assert.False(_queue.Return(id, null, true, _nowMs));
            Assert.False(_queue.Reject(id, null, _nowMs));
        }
    }

    private void Crash()
    {
        if (!_isDurable)
        {
            return;
        }

        if (_random.Chance(0.3))
        {
            foreach (var level in _queue.Levels)
            {
                _marks[level] = _queue.ExactDeliveryMark(level);
                Assert.Equal(_model.DeliveredBelow[level], _marks[level]);
                var (exactLevel, below) = (level, _marks[level]);
                _storage.Write(queue => queue.RestoreDeliveryMarkExact(exactLevel, below));
            }
        }

        CrashCount++;
        _evacuating.Clear();
        _notResident.Clear();
        _loads.Clear();
        for (var level = 0; level < _marks.Length; level++)
        {
            _model.NextSeq[level] = _storage.NextSeqAfterReplay(level);
        }

        _model.Crash(_marks);
        _queue = NewQueue();
        _storage.Replay(_queue);
    }

    /// <summary>Does what the shell does after a command, on both sides, until nothing more can happen now.</summary>
    private void Quiesce()
    {
        for (var rounds = 0; ; rounds++)
        {
            Assert.True(rounds < 100_000, "The queue never comes to rest.");
            if (Serve())
            {
                continue;
            }

            if (_queue.HasWork || _bytesArrived)
            {
                _bytesArrived = false;
                _queue.Deliver(_random.Between(1, 10), _nowMs);
            }
            else if (_queue.NextDueMs <= _nowMs)
            {
                _queue.Tick(_nowMs);
            }
            else
            {
                break;
            }
        }

        while (_model.HasWork || _modelBytesArrived || _model.IsDue(_nowMs))
        {
            var missing = _model.NotResident.Count;
            if (_model.HasWork || _modelBytesArrived)
            {
                _model.Deliver(_nowMs);
                _modelBytesArrived = _model.NotResident.Count < missing;
            }
            else
            {
                _model.Tick(_nowMs);
            }
        }
    }

    /// <summary>Dead letters arrive where they go to.</summary>
    private void Bury()
    {
        foreach (var id in _moving)
        {
            Assert.True(_queue.TryGetDead(id, out var entry));
            RecordSettled(id, entry);
            _queue.Buried(id);
        }

        _moving.Clear();
    }

    /// <summary>Answers what the machine waits for.</summary>
    private bool Serve()
    {
        Bury();
        foreach (var (level, belowSeq) in _grants)
        {
            _marks[level] = Math.Max(_marks[level], belowSeq);
            _storage.Write(queue => queue.RestoreDeliveryMark(level, belowSeq));
            _queue.DeliveryMarkDurable(level, belowSeq);
        }

        foreach (var (level, block) in _loads.ToArray())
        {
            LoadCount++;
            _loads.RemoveAt(0);
            _queue.ColdBlockLoaded(level, block, _storage.Read(block));
            _queue.ColdBlockLoaded(level, block, []);
            return true;
        }

        var served = _grants.Count > 0;
        _grants.Clear();
        return served;
    }

    private void Compare()
    {
        Bury();
        Assert.Equal(_model.Deliveries, _deliveries);
        Assert.Equal(_model.Leavings.Order(StringComparer.Ordinal), _leavings.Order(StringComparer.Ordinal));
        DeliveryCount += _deliveries.Count;
        foreach (var list in new[] { _model.Deliveries, _deliveries, _model.Leavings, _leavings })
        {
            list.Clear();
        }

        Assert.Equal(_model.Ready.Count(), _queue.ReadyCount);
        Assert.Equal(_model.Ready.Sum(entry => entry.BodyBytes), _queue.ReadyBodyBytes);
        Assert.Equal(_model.Entries.Count(entry => entry.State == ModelState.Out), _queue.UnackedCount);
        Assert.Equal(_model.Entries.Count(entry => entry.State == ModelState.Held), _queue.HeldCount);
        Assert.InRange(_queue.ResidentEntryCount, _queue.UnackedCount + _queue.HeldCount, _model.Entries.Count);
        Assert.Equal(_model.Consumers.Count, _queue.ConsumerCount);
        Assert.Equal(_model.Active?.Real, _queue.ActiveConsumer);
        Assert.InRange(_queue.NextDueMs, _nowMs + 1, _model.NextDueMs);
        foreach (var consumer in _model.Consumers)
        {
            Assert.Equal(consumer.UnackedCount, consumer.Real.UnackedCount);
            Assert.Equal((consumer.IsActive, consumer.IsFull), (consumer.Real.IsActive, consumer.Real.IsFull));
        }
    }

    private QueueMachine NewQueue() =>
        new(_model.Settings, _isDurable, this) { NearHeadCount = (uint)_random.Below(6) };

    private QueueSettings RandomSettings(bool single) => new()
    {
        MessageTtlMs = _absence != Absence.Expiry && _random.Chance(0.1) ? _random.Between(0, 100) : null,
        LengthMax = _absence != Absence.Limits && _random.Chance(0.15) ? _random.Between(0, 40) : null,
        BytesMax = _absence != Absence.Limits && _random.Chance(0.1) ? _random.Between(0, 400) : null,
        Overflow = (OverflowPolicy)_random.Below(3),
        DeadLetterExchange = _random.Chance(0.5) ? "dlx" : null,
        DeliveryLimit = _random.Chance(0.5) ? _random.Below(4) : null,
        PriorityMax = _random.Chance(0.3) ? (byte)_random.Below(8) : (byte)0,
        SingleActiveConsumer = single,
    };

    private bool Refuses(EntryId id, long nowMs) =>
        _refusesSometimes && new SeededRandom(_seed ^ id.Value ^ ((ulong)nowMs << 20)).Chance(0.4);

    OfferResult IQueueOffers.Offer(QueueConsumer consumer, EntryId id, in QueueEntry entry, EntryCounters counters)
    {
        if (_notResident.Remove(id))
        {
            _bytesArrived = true;
            return OfferResult.NotResident;
        }

        var test = (TestConsumer)consumer;
        if (test.Room is 0)
        {
            return OfferResult.ConsumerFull;
        }

        Assert.True(!_isDurable || !entry.Is(EntryFlags.Persistent) || id.Seq < _marks[id.Level]);
        test.Room--;
        var line = QueueModel.Line(
            id, entry.Is(EntryFlags.Redelivered), counters.DeliveryCount, counters.AcquiredCount);
        _deliveries.Add($"{consumer} {line} {entry.Location}");
        return OfferResult.Taken;
    }

    void IQueueEffects.Settled(EntryId id, in QueueEntry entry)
    {
        _leavings.Add($"settled {id}");
        RecordSettled(id, entry);
    }

    void IQueueEffects.SettledRange(EntryId first, ulong count)
    {
        _storage.Write(queue => queue.RestoreSettled(first, count));
        for (var i = 0UL; i < count; i++)
        {
            // Ranges may cover what was settled before: the model says what was not.
            var line = $"settled {new EntryId(first.Value + i)}";
            if (_model.Leavings.Contains(line) && !_leavings.Contains(line))
            {
                _leavings.Add(line);
            }

            Assert.DoesNotContain(_model.Entries, entry => entry.Id.Value == first.Value + i);
        }
    }

    void IQueueEffects.Released(in QueueEntry entry) => Assert.Fail("Nothing was deleted.");

    DeadLetterOutcome IQueueEffects.DeadLettered(
        EntryId id, in QueueEntry entry, DeadLetterReason reason, EntryCounters counters)
    {
        var line = QueueModel.Line(
            id, entry.Is(EntryFlags.Redelivered), counters.DeliveryCount, counters.AcquiredCount);
        _leavings.Add($"dead {reason} {line}");
        if (Refuses(id, _nowMs))
        {
            return DeadLetterOutcome.KeepTrying;
        }

        _moving.Add(id);
        return DeadLetterOutcome.Moving;
    }

    void IQueueEffects.Returned(EntryId id, in QueueEntry entry, EntryCounters counters, long dueMs)
    {
        _leavings.Add($"returned {QueueModel.Line(id, true, counters.DeliveryCount, counters.AcquiredCount)}");
        if (entry.Is(EntryFlags.Persistent))
        {
            _storage.Write(queue => queue.RestoreCounters(id, counters));
        }
    }

    void IQueueEffects.DeliveryMark(byte level, ulong belowSeq) => _grants.Add((level, belowSeq));

    void IQueueEffects.LoadColdBlock(byte level, in ColdBlock block) => _loads.Add((level, block));

    void IQueueEffects.ColdBlockDropped(byte level, in ColdBlock block) => _storage.Drop(block);

    private void RecordSettled(EntryId id, in QueueEntry entry)
    {
        if (entry.Is(EntryFlags.Persistent))
        {
            _storage.Write(queue => queue.RestoreSettled(id, 1));
        }
    }
}
