using Posthaste.Core.Messages;
using Posthaste.Core.Queues;

namespace Posthaste.Core.Tests.Queues;

internal enum ModelState
{
    Ready,
    Out,
    Held,
}

internal sealed class ModelEntry
{
    public required EntryId Id { get; init; }

    public required long ExpiresAtMs { get; init; }

    public required int BodyBytes { get; init; }

    public required bool Persistent { get; init; }

    public MessageLocation Location { get; set; }

    public ModelState State { get; set; }

    public bool Redelivered { get; set; }

    public ushort DeliveryCount { get; set; }

    public ushort AcquiredCount { get; set; }

    public ModelConsumer? Owner { get; set; }

    public DeadLetterReason HeldFor { get; set; }

    public long RetryAtMs { get; set; }

    public bool IsDue(long nowMs) => ExpiresAtMs != 0 && ExpiresAtMs <= nowMs;
}

internal sealed class ModelConsumer(TestConsumer real)
{
    public TestConsumer Real { get; } = real;

    public int UnackedCount { get; set; }

    public bool IsFull { get; set; }

    public bool IsActive { get; set; }

    public int? Room { get; set; } = real.Room;

    public bool HasRoom => IsActive && !IsFull && (Real.PrefetchMax == 0 || UnackedCount < Real.PrefetchMax);
}

/// <summary>
/// What a queue has to do, said in the plainest way: one list of entries in delivery order, searched from the start
/// for everything. Knows nothing of chunks, cursors, cold blocks or indexes.
/// </summary>
internal sealed class QueueModel(QueueSettings settings, Func<EntryId, long, bool> refusesDeadLetter)
{
    private readonly List<ModelConsumer> _waiting = [];
    private bool _isStalled;

    public QueueSettings Settings { get; set; } = settings;

    /// <summary>Live entries: higher levels first, then by sequence number.</summary>
    public List<ModelEntry> Entries { get; } = [];

    public List<ModelConsumer> Consumers { get; } = [];

    public ulong[] NextSeq { get; } = [.. Enumerable.Repeat(1UL, settings.PriorityMax + 1)];

    public ulong[] DeliveredBelow { get; } = new ulong[settings.PriorityMax + 1];

    public HashSet<EntryId> NotResident { get; } = [];

    /// <summary>Deliveries in order; everything else in any order.</summary>
    public List<string> Deliveries { get; } = [];

    public List<string> Leavings { get; } = [];

    public IEnumerable<ModelEntry> Ready => Entries.Where(entry => entry.State == ModelState.Ready);

    public bool HasWork => Ready.Any() && !_isStalled && Next() != null;

    public ModelConsumer? Active =>
        Settings.SingleActiveConsumer ? Consumers.Find(consumer => consumer.IsActive) : null;

    /// <summary>A tick now has work.</summary>
    public bool IsDue(long nowMs) => NextDueMs <= nowMs || (IsOverLimit && !HasWork);

    private bool IsOverLimit =>
        Settings.Overflow == OverflowPolicy.DropHead && Ready.Any()
        && (Ready.Count() > (Settings.LengthMax ?? long.MaxValue)
            || Ready.Sum(entry => (long)entry.BodyBytes) > (Settings.BytesMax ?? long.MaxValue));

    public long NextDueMs =>
        Entries.Select(entry => entry.State switch
        {
            ModelState.Held => entry.RetryAtMs,
            ModelState.Ready when entry.ExpiresAtMs != 0 => entry.ExpiresAtMs,
            _ => long.MaxValue,
        }).Append(long.MaxValue).Min();

    public static string Line(EntryId id, bool redelivered, int deliveryCount, int acquiredCount) =>
        $"{id}{(redelivered ? " again" : "")} {deliveryCount}/{acquiredCount}";

    public ModelEntry Append(in Arrival arrival, long nowMs)
    {
        var level = Math.Min(arrival.Priority, Settings.PriorityMax);
        long?[] lives = [Settings.MessageTtlMs, arrival.TtlMs < 0 ? null : arrival.TtlMs];
        var ttlMs = lives.Min();
        var entry = new ModelEntry
        {
            Id = new EntryId(level, NextSeq[level]++),
            ExpiresAtMs = ttlMs == null ? 0 : nowMs + ttlMs.Value,
            BodyBytes = arrival.BodyBytes,
            Persistent = arrival.Persistent,
            Location = arrival.Location,
        };
        _isStalled = _isStalled && level <= Ready.First().Id.Level;
        var index = Entries.FindIndex(other => other.Id.Level < level);
        Entries.Insert(index < 0 ? Entries.Count : index, entry);
        DropHeads(nowMs);
        return entry;
    }

    public bool AddConsumer(ModelConsumer consumer)
    {
        if ((Settings.SingleActiveConsumer && consumer.Real.Exclusive)
            || (Consumers.Count > 0 && (consumer.Real.Exclusive || Consumers.Any(other => other.Real.Exclusive))))
        {
            return false;
        }

        Consumers.Add(consumer);
        consumer.IsActive = !Settings.SingleActiveConsumer || Consumers.Count == 1;
        Refresh(consumer);
        return true;
    }

    public void RemoveConsumer(ModelConsumer consumer)
    {
        Consumers.Remove(consumer);
        var failsOver = Settings.SingleActiveConsumer && consumer.IsActive;
        consumer.IsActive = false;
        Refresh(consumer);
        if (failsOver && Consumers.MaxBy(other => other.Real.Priority) is { } next)
        {
            next.IsActive = true;
            Refresh(next);
        }
    }

    public void Resume(ModelConsumer consumer)
    {
        consumer.IsFull = false;
        Refresh(consumer);
    }

    public void Deliver(long nowMs)
    {
        _isStalled = false;
        while (Next() is { } consumer)
        {
            ExpireHeads(nowMs - 1, nowMs);
            if (Ready.FirstOrDefault() is not { } head)
            {
                break;
            }

            if (NotResident.Remove(head.Id))
            {
                _isStalled = true;
                break;
            }

            Offer(consumer, head);
        }

        if (!HasWork)
        {
            ExpireHeads(nowMs, nowMs);
            DropHeads(nowMs);
        }
    }

    public ModelEntry? TakeNext(long nowMs)
    {
        ExpireHeads(nowMs, nowMs);
        var head = Ready.FirstOrDefault();
        if (head != null)
        {
            Take(head, null);
        }

        return head;
    }

    public void PutBack(ModelEntry entry)
    {
        entry.State = ModelState.Ready;
        _isStalled = false;
    }

    public void Settle(ModelEntry entry)
    {
        ComeBack(entry);
        Leave(entry, "settled");
    }

    public void Reject(ModelEntry entry, long nowMs)
    {
        ComeBack(entry);
        Die(entry, DeadLetterReason.Rejected, nowMs);
    }

    public void Return(ModelEntry entry, bool countsAsFailure, long nowMs)
    {
        ComeBack(entry);
        entry.Redelivered = true;
        entry.AcquiredCount++;
        entry.DeliveryCount += countsAsFailure ? (ushort)1 : (ushort)0;
        if (entry.DeliveryCount > (Settings.DeliveryLimit ?? long.MaxValue))
        {
            Die(entry, DeadLetterReason.DeliveryLimit, nowMs);
        }
        else if (entry.IsDue(nowMs))
        {
            Die(entry, DeadLetterReason.Expired, nowMs);
        }
        else
        {
            entry.State = ModelState.Ready;
            _isStalled = false;
        }

        // Also when it is on its way to the dead letters: it may have to stay here.
        if (Entries.Contains(entry) || Settings.DeadLetterExchange != null)
        {
            Leavings.Add($"returned {Line(entry.Id, true, entry.DeliveryCount, entry.AcquiredCount)}");
        }

        DropHeads(nowMs);
    }

    public long Purge()
    {
        var purged = Ready.ToList();
        purged.ForEach(entry => Leave(entry, "settled"));
        _isStalled = false;
        return purged.Count;
    }

    public void Tick(long nowMs)
    {
        foreach (var entry in Ready.Where(entry => entry.IsDue(nowMs)).ToList())
        {
            Die(entry, DeadLetterReason.Expired, nowMs);
        }

        foreach (var entry in Entries.FindAll(entry => entry.State == ModelState.Held && entry.RetryAtMs <= nowMs))
        {
            Die(entry, entry.HeldFor, nowMs);
        }

        DropHeads(nowMs);
    }

    public void Update(QueueSettings changed, long nowMs)
    {
        Settings = changed;
        DropHeads(nowMs);
    }

    /// <summary>Only what is persistent survives, ready again, with the mark that it may have been delivered.</summary>
    public void Crash(IReadOnlyList<ulong> markByLevel)
    {
        Entries.RemoveAll(entry => !entry.Persistent);
        foreach (var entry in Entries)
        {
            entry.State = ModelState.Ready;
            entry.Owner = null;
            entry.Redelivered |= entry.Id.Seq < markByLevel[entry.Id.Level] || entry.AcquiredCount > 0;
        }

        for (var level = 0; level < NextSeq.Length; level++)
        {
            DeliveredBelow[level] = Math.Min(markByLevel[level], NextSeq[level]);
        }

        Consumers.Clear();
        _waiting.Clear();
        NotResident.Clear();
        _isStalled = false;
    }

    private ModelConsumer? Next() => _waiting.MaxBy(consumer => consumer.Real.Priority);

    private void Offer(ModelConsumer consumer, ModelEntry head)
    {
        if (consumer.Room is 0)
        {
            consumer.IsFull = true;
            Refresh(consumer);
            return;
        }

        consumer.Room--;
        var line = Line(head.Id, head.Redelivered, head.DeliveryCount, head.AcquiredCount);
        Deliveries.Add($"{consumer.Real} {line} {head.Location}");
        Take(head, consumer);
        _waiting.Remove(consumer);
        if (consumer.Real.NoAck)
        {
            consumer.UnackedCount--;
            Leave(head, "settled");
        }

        Refresh(consumer);
    }

    private void Take(ModelEntry entry, ModelConsumer? consumer)
    {
        entry.State = ModelState.Out;
        entry.Owner = consumer;
        DeliveredBelow[entry.Id.Level] = Math.Max(DeliveredBelow[entry.Id.Level], entry.Id.Seq + 1);
        if (consumer != null)
        {
            consumer.UnackedCount++;
        }
    }

    private void ComeBack(ModelEntry entry)
    {
        if (entry.Owner is { } consumer)
        {
            consumer.UnackedCount--;
            entry.Owner = null;
            Refresh(consumer);
        }
    }

    private void Refresh(ModelConsumer consumer)
    {
        if (!consumer.HasRoom)
        {
            _waiting.Remove(consumer);
        }
        else if (!_waiting.Contains(consumer))
        {
            _waiting.Add(consumer);
        }
    }

    private void ExpireHeads(long dueMs, long nowMs)
    {
        while (Ready.FirstOrDefault() is { } head && head.IsDue(dueMs))
        {
            Die(head, DeadLetterReason.Expired, nowMs);
        }
    }

    private void DropHeads(long nowMs)
    {
        if (HasWork)
        {
            return;
        }

        while (IsOverLimit)
        {
            Die(Ready.First(), DeadLetterReason.MaxLength, nowMs);
        }
    }

    private void Die(ModelEntry entry, DeadLetterReason reason, long nowMs)
    {
        _isStalled = false;
        if (Settings.DeadLetterExchange == null)
        {
            Leave(entry, "settled");
        }
        else if (refusesDeadLetter(entry.Id, nowMs))
        {
            Leavings.Add(DeadLine(entry, reason));
            (entry.State, entry.HeldFor, entry.RetryAtMs) =
                (ModelState.Held, reason, nowMs + QueueMachine.DeadLetterRetryMs);
        }
        else
        {
            Leave(entry, DeadLine(entry, reason));
        }
    }

    private static string DeadLine(ModelEntry entry, DeadLetterReason reason) =>
        $"dead {reason} {Line(entry.Id, entry.Redelivered, entry.DeliveryCount, entry.AcquiredCount)}";

    private void Leave(ModelEntry entry, string how)
    {
        Leavings.Add(how == "settled" ? $"settled {entry.Id}" : how);
        Entries.Remove(entry);
    }
}
