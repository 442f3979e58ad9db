using Posthaste.Core.Queues;

namespace Posthaste.Core.Tests.Queues;

/// <summary>A consumer that is known by name only.</summary>
internal sealed class TestConsumer(string name) : QueueConsumer
{
    public string Name { get; } = name;

    /// <summary>Offers that it still takes before it says that it is full; null for all.</summary>
    public int? Room { get; set; }

    public override string ToString() => Name;
}

/// <summary>Writes down what a queue does, one line an effect; answers as told.</summary>
internal sealed class RecordingEffects : IQueueEffects
{
    public List<string> Lines { get; } = [];

    public List<EntryId> Delivered { get; } = [];

    public HashSet<EntryId> NotResident { get; } = [];

    public bool RefusesDeadLetters { get; set; }

    public List<(byte Level, ulong BelowSeq)> Marks { get; } = [];

    public List<(byte Level, ColdBlock Block)> Loads { get; } = [];

    public List<(byte Level, ColdBlock Block)> Dropped { get; } = [];

    public OfferResult Offer(QueueConsumer consumer, EntryId id, in QueueEntry entry, EntryCounters counters)
    {
        if (NotResident.Contains(id))
        {
            return OfferResult.NotResident;
        }

        var test = (TestConsumer)consumer;
        if (test.Room is 0)
        {
            return OfferResult.ConsumerFull;
        }

        test.Room--;
        Delivered.Add(id);
        var mark = entry.Is(EntryFlags.Redelivered) ? " again" : "";
        Lines.Add($"{consumer} gets {id}{mark}");
        return OfferResult.Taken;
    }

    public void Settled(EntryId id, in QueueEntry entry) => Lines.Add($"settled {id}");

    public void SettledRange(EntryId first, ulong count) => Lines.Add($"settled {first} and {count - 1} more");

    public void Released(in QueueEntry entry) => Lines.Add($"released {entry.Location}");

    public DeadLetterOutcome DeadLettered(
        EntryId id, in QueueEntry entry, DeadLetterReason reason, EntryCounters counters)
    {
        Lines.Add($"dead {id} {reason}");
        return RefusesDeadLetters ? DeadLetterOutcome.KeepTrying : DeadLetterOutcome.Moving;
    }

    public void Returned(EntryId id, in QueueEntry entry, EntryCounters counters, long dueMs) => Lines.Add(
        $"returned {id} {counters.DeliveryCount}/{counters.AcquiredCount}" + (dueMs > 0 ? $" until {dueMs}" : ""));

    public void DeliveryMark(byte level, ulong belowSeq) => Marks.Add((level, belowSeq));

    public void LoadColdBlock(byte level, in ColdBlock block) => Loads.Add((level, block));

    public void ColdBlockDropped(byte level, in ColdBlock block) => Dropped.Add((level, block));

    /// <summary>The lines since the last call.</summary>
    public string[] Take()
    {
        var lines = Lines.ToArray();
        Lines.Clear();
        return lines;
    }
}
