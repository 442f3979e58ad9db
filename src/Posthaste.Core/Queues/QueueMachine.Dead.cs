using System.Runtime.CompilerServices;

namespace Posthaste.Core.Queues;

/// <summary>
/// Dead entries on their way to a dead-letter exchange: they stay in the queue, neither ready nor delivered, until the
/// record that moves them is made.
/// </summary>
public sealed partial class QueueMachine
{
    /// <summary>Dead entries that are not with their dead-letter target yet.</summary>
    public long HeldCount { get; private set; }

    /// <summary>A dead entry as it is now: its bytes may have been moved since it died.</summary>
    /// <returns>False when it is not here any more.</returns>
    public bool TryGetDead(EntryId id, out QueueEntry entry)
    {
        ref var dead = ref Dead(id);
        entry = Unsafe.IsNullRef(ref dead) ? default : dead;
        return !Unsafe.IsNullRef(ref dead);
    }

    /// <summary>The record that takes the dead entry out of the queue is made: nothing is reported.</summary>
    public void Buried(EntryId id)
    {
        var log = LogOf(id)!;
        HeldCount--;
        var dead = Remove(log, id.Seq);
        log.DropSpanIfEmpty(dead.Location);
    }

    /// <summary>
    /// The target can't take the dead entry now: its death is reported again after <see cref="DeadLetterRetryMs"/>.
    /// </summary>
    public void KeepDead(EntryId id, DeadLetterReason reason, long nowMs) =>
        _hold.Add(id, reason, nowMs + DeadLetterRetryMs);

    /// <summary>
    /// The bytes of a dead entry can't be read: it leaves, is counted in <see cref="LostCount"/> and is not settled, so
    /// that a repaired file brings it back after a restart.
    /// </summary>
    public void LoseDead(EntryId id)
    {
        HeldCount--;
        LogOf(id)!.Lose(id.Seq, ref Dead(id));
    }

    private ref QueueEntry Dead(EntryId id)
    {
        if (LogOf(id) is { } log)
        {
            ref var entry = ref log.Chunks.Find(id.Seq);
            if (!Unsafe.IsNullRef(ref entry) && entry.Is(EntryFlags.Held)) return ref entry;
        }

        return ref Unsafe.NullRef<QueueEntry>();
    }
}
