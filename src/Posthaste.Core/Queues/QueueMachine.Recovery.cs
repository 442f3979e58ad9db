using System.Buffers;
using Posthaste.Primitives;

namespace Posthaste.Core.Queues;

/// <summary>
/// Rebuilding a queue: <see cref="ReadState"/> first if there is a snapshot, then the facts since then in journal
/// order, then
/// <see cref="RecoveryDone"/>. No limit, no expiry and no effect until then; no consumer may be attached.
/// </summary>
public sealed partial class QueueMachine
{
    /// <summary>Repeats an <see cref="Append"/>: the same order gives the same ids.</summary>
    /// <param name="arrival">As it was, with the location of its record.</param>
    /// <param name="arrivedAtMs">The time of the original append, from which the expiry follows.</param>
    public EntryId RestoreAppend(in Arrival arrival, long arrivedAtMs)
    {
        var log = Log(arrival.Priority);
        return log.Id(log.RestoreAppend(ToEntry(arrival, arrivedAtMs)));
    }

    /// <summary>Repeats an <see cref="Update"/>: entries from now on get times to live by it.</summary>
    public void RestoreSettings(QueueSettings settings) => Settings = Adopt(settings);

    /// <summary>
    /// Repeats settlements of consecutive ids. May be repeated and may name ids that are not known (yet).
    /// </summary>
    public void RestoreSettled(EntryId first, ulong count)
    {
        Checks.Require(count > 0);
        var log = Log(first.Level);
        log.SettleInRecovery(first.Seq, first.Seq + count - 1);
    }

    /// <summary>
    /// Repeats a return: the counters as they were after it. Ignored when the entry has been settled.
    /// </summary>
    public void RestoreCounters(EntryId id, EntryCounters counters)
    {
        if (TryRestoreCounters(id, counters)) _restoredWaits?.Remove(id);
    }

    /// <summary>Repeats a delivery mark; the highest one counts.</summary>
    public void RestoreDeliveryMark(byte level, ulong belowSeq)
    {
        ref var mark = ref Log(level).Mark;
        mark.DurableBelow = Math.Max(mark.DurableBelow, belowSeq);
    }

    /// <summary>
    /// The mark of a clean shutdown (<see cref="ExactDeliveryMark"/>): replaces all earlier ones, also higher ones.
    /// </summary>
    public void RestoreDeliveryMarkExact(byte level, ulong belowSeq) => Log(level).Mark.DurableBelow = belowSeq;

    /// <summary>
    /// Repeats a copy of an entry to a new place, whether its original record is still there or not. Ignored when the
    /// entry has been settled.
    /// </summary>
    /// <param name="id">The entry.</param>
    /// <param name="entry">With its new location; of its flags Persistent and Redelivered count.</param>
    /// <param name="counters">Its counters when it was copied.</param>
    public void RestoreAt(EntryId id, in QueueEntry entry, EntryCounters counters)
    {
        var log = Log(id.Level);
        if (log.IsSettledInRecovery(id.Seq))
        {
            return;
        }

        log.RestoreAt(id.Seq, entry);
        if (counters != default)
        {
            // What it was copied with says nothing of waiting; the return did.
            TryRestoreCounters(id, counters);
        }
    }

    /// <summary>
    /// Repeats the move of entries to a block: they leave memory. May be repeated for the same block (segment and
    /// offset).
    /// </summary>
    /// <param name="level">Priority level.</param>
    /// <param name="block">The block.</param>
    /// <param name="absent">
    /// The ranges of numbers between its first and last that are not live in it: holes (<see
    /// cref="ColdBlock.FindHoles"/>), and entries settled by then as far as they are not repeated otherwise.
    /// </param>
    public void RestoreColdBlock(byte level, in ColdBlock block, ReadOnlySpan<(ulong First, ulong Last)> absent) =>
        Log(level).RestoreSpan(block, absent);

    /// <summary>
    /// All facts are repeated: entries below the delivery mark count as delivered before, and the queue goes to work.
    /// Entries that are due or too many leave at the next <see cref="Tick"/>.
    /// </summary>
    public void RecoveryDone()
    {
        foreach (var log in _logs)
        {
            log.FinishRecovery(_counters ?? NoCounters);
        }

        WaitOn(default, new EntryId(ulong.MaxValue));
    }

    /// <summary>The levels in use, for <see cref="ExactDeliveryMark"/>.</summary>
    public IEnumerable<byte> Levels => _logs.Select(log => log.Level);

    /// <summary>
    /// One past the highest sequence number that may have been delivered: what a clean shutdown records.
    /// </summary>
    public ulong ExactDeliveryMark(byte level) => Log(level).Mark.DeliveredBelow;

    /// <summary>
    /// Writes what is not in the journal: next sequence numbers, delivery marks, blocks in segments with what is gone
    /// of them, the counters of returned entries and until when they wait. Entries in the journal are not included.
    /// </summary>
    public void WriteState(IBufferWriter<byte> to) => QueueState.Write(to, _logs, _counters ?? NoCounters, Waits());

    /// <summary>Reads what <see cref="WriteState"/> wrote, into a machine without any entry.</summary>
    /// <exception cref="InvalidDataException">The state is of another version or is damaged.</exception>
    public void ReadState(ReadOnlySpan<byte> from)
    {
        var waits = new Dictionary<EntryId, long>();
        QueueState.Read(from, Log, Counters, waits);
        if (Counters.Count == 0) _counters = null;
        if (waits.Count > 0) _restoredWaits = waits;
    }

    /// <returns>False when the entry has been settled, or newer counters are known.</returns>
    private bool TryRestoreCounters(EntryId id, EntryCounters counters)
    {
        // Never lower: a copy of the entry may carry counters older than a return that was recorded before it. The
        // entry's flag follows in RecoveryDone, or when its block is loaded.
        if (Log(id.Level).IsSettledInRecovery(id.Seq)
            || counters.AcquiredCount < Counters.GetValueOrDefault(id).AcquiredCount)
        {
            return false;
        }

        Counters[id] = counters;
        return true;
    }
}
