using Posthaste.Core.Messages;

namespace Posthaste.Core.Queues;

/// <summary>A message that waits for its time.</summary>
/// <param name="DueMs">When it leaves, in milliseconds since the Unix epoch.</param>
/// <param name="Id">The entry.</param>
/// <param name="Location">Where it is.</param>
/// <param name="Length">Length of the encoded message.</param>
/// <param name="BodyBytes">Length of the body alone.</param>
public readonly record struct DelayedEntry(
    long DueMs, EntryId Id, MessageLocation Location, int Length, int BodyBytes);

/// <summary>
/// A queue of delayed messages (<see cref="QueueSettings.DelayedFor"/>): its entries have their time as expiry, no
/// consumer, and leave in the order of that time, like dead ones: held until the record that moves them is made. All
/// keep their index, so 40 bytes each: 24 for the entry and 16 in the order, which is a heap whose array may be twice
/// as large.
/// </summary>
public sealed partial class QueueMachine
{
    /// <summary>
    /// Whether every entry's index is in memory. False for a while after a restart, when those in segments are loaded
    /// one block after the other.
    /// </summary>
    public bool IsIndexed => _logs.TrueForAll(static log => log.Spans.FirstCold == null);

    private bool IsByDue => Settings.DelayedFor != null;

    /// <summary>Lists waiting entries in the order of their time; those without an index yet are left out.</summary>
    /// <param name="afterDueMs">Time of the last one that is not wanted.</param>
    /// <param name="after">Its id.</param>
    /// <param name="max">Most entries wanted.</param>
    public List<DelayedEntry> ListDelayed(long afterDueMs, EntryId after, int max)
    {
        var found = new List<DelayedEntry>();
        foreach (var log in _logs)
        {
            foreach (var due in log.Expiry.Earliest(new EntryDue(afterDueMs, after.Seq), max, log.Chunks))
            {
                ref var entry = ref log.Chunks.Find(due.Seq);
                found.Add(
                    new DelayedEntry(due.DueMs, log.Id(due.Seq), entry.Location, entry.Length, entry.BodyBytes));
            }
        }

        return found;
    }

    /// <summary>A waiting entry is not wanted any more: it leaves.</summary>
    /// <returns>False when none of that id waits here with its index in memory.</returns>
    public bool Cancel(EntryId id)
    {
        if (LogOf(id) is not { } log || !EntryLog.IsReady(ref log.Chunks.Find(id.Seq))) return false;
        Settle(log, id.Seq);
        log.Expiry.CompactIfLarge(log.Chunks);
        return true;
    }

    /// <summary>
    /// Reports what is due, the earliest first: an entry in a block that is not in memory comes before a later one that
    /// is. Blocks without due entries are loaded too, so that after a restart all have their index again.
    /// </summary>
    private void ReleaseDue(EntryLog log, long nowMs, ref int budget)
    {
        while (budget > 0 && log.Expiry.Top is { } due && due.DueMs <= nowMs && !log.IsBehindCold(due))
        {
            log.Expiry.Pop();
            if (!EntryLog.IsReadyAndDue(log.Chunks, due)) continue;
            budget--;
            Die(log, due.Seq, DeadLetterReason.Expired, nowMs);
        }

        log.LoadNextDue();
    }
}

/// <summary>The part of a level that lets its entries go by their time.</summary>
internal sealed partial class EntryLog
{
    /// <summary>Whether something that is due no later is in a block that has to be loaded first.</summary>
    public bool IsBehindCold(EntryDue due) => Spans.FirstDue() is { } cold && cold.MinExpiresAtMs <= due.DueMs;

    /// <summary>Asks for the block with the earliest entry, unless one is on its way.</summary>
    public void LoadNextDue()
    {
        if (Spans.Loading == null && Spans.FirstDue() is { } cold) RequestLoad(cold);
    }

    /// <summary>
    /// When the next entry may leave or the next block is to be loaded; long.MaxValue while there is none, or a block
    /// is on its way that comes first.
    /// </summary>
    public long NextReleaseMs()
    {
        var dueMs = Expiry.Top?.DueMs ?? long.MaxValue;
        if (Spans.FirstDue() is not { } cold) return dueMs;
        if (Spans.Loading == null) return 0;
        return dueMs < cold.MinExpiresAtMs ? dueMs : long.MaxValue;
    }
}
