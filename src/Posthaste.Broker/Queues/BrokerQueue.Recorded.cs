using Posthaste.Broker.DeadLettering;
using Posthaste.Broker.Pipeline;
using Posthaste.Broker.Storage;
using Posthaste.Core.Messages;
using Posthaste.Core.Queues;

namespace Posthaste.Broker.Queues;

/// <summary>
/// Entries that leave by a record of something larger: a transaction, or the move of a dead letter. They stay in the
/// queue until that is durable and applied, so whatever else looks at the queue meanwhile (evacuation, snapshot, crash)
/// finds them, and a record that fails has taken nothing away.
/// </summary>
/// <remarks>
/// A snapshot is taken between two batches, when all records before its position are applied. The evacuation is not: it
/// may write a copy of an entry, or the fact of its block, behind the record that settles it. A replay that begins
/// between the two would find the entry alive, so <see cref="_copyCount"/> tells whether that may have happened; if so
/// the settlement is recorded once more, behind the copy.
/// </remarks>
public sealed partial class BrokerQueue
{
    private List<DeadLetter>? _deadLetters;
    private DeadLetterLine? _line;

    /// <summary>How often the evacuation has recorded something about entries.</summary>
    private int _copyCount;

    /// <summary>The command on the strand carries out what is recorded already.</summary>
    private bool _isRecorded;

    /// <summary>The command on the strand returns entries whose counters are recorded already.</summary>
    private bool _isReturnRecorded;

    /// <summary>What would become of an entry that is out, if it ended like this now.</summary>
    /// <param name="entry">If it dies, its bytes are held until <see cref="LetGo"/>.</param>
    internal EntryFate Foresee(EntryId id, Ending ending, out QueueEntry entry)
    {
        lock (_strand)
        {
            entry = default;
            if (_isGone || !_machine.TryGetUnacked(id, out entry)) return EntryFate.Gone;
            if (ending != Ending.Reject)
            {
                _machine.ForeseeReturn(id, in entry, ending == Ending.ReturnFailed, out var isTooMany);
                if (!isTooMany) return EntryFate.ComesBack;
            }

            if (_machine.Settings.DeadLetterExchange is null) return EntryFate.Leaves;
            if (entry.Location.Space == LocationSpace.Arena) _broker.Arena.Retain(entry.Location);
            return EntryFate.Dies;
        }
    }

    /// <summary>Lets go of the bytes of an entry that was looked at.</summary>
    internal void LetGo(in QueueEntry entry) => Release(in entry);

    /// <summary>Finds out what a record that ends these deliveries has to say of them.</summary>
    /// <param name="leaving">
    /// Out, like those that come back, and nobody else's to settle until the record is applied or refused.
    /// </param>
    /// <param name="copyCount">For <see cref="SettleRecorded"/> and <see cref="ReturnRecorded"/>.</param>
    /// <returns>Null when the journal has no room for what such a record has to come after.</returns>
    internal QueueSettlement? TryPrepareSettle(
        List<(EntryId Id, Subscription? By)> leaving, List<ReturnedDelivery> comingBack, out int copyCount)
    {
        var ranges = new EntryRanges();
        var returned = new List<(EntryId, EntryCounters, long)>(comingBack.Count);
        var nowMs = _broker.NowMs;
        lock (_strand)
        {
            copyCount = _copyCount;
            foreach (var (id, _) in leaving)
            {
                if (_machine.TryGetUnacked(id, out var entry) && entry.Is(EntryFlags.Persistent)) ranges.Add(id);
            }

            foreach (var (id, _, countsAsFailure) in comingBack)
            {
                if (!_machine.TryGetUnacked(id, out var entry) || !entry.Is(EntryFlags.Persistent)) continue;
                var counters = _machine.ForeseeReturn(id, in entry, countsAsFailure, out _);
                returned.Add((id, counters, _machine.ForeseeWait(counters, countsAsFailure, nowMs)));
            }

            return _facts.Flush() ? new QueueSettlement(Id, ranges) { Returned = returned } : null;
        }
    }

    /// <summary>The record that settles these entries is durable: they leave.</summary>
    internal void SettleRecorded(List<(EntryId Id, Subscription? By)> entries, int copyCount, FlushSet flushes)
    {
        if (entries.Count == 0) return;
        using var turn = Enter(flushes);
        if (turn.IsGone) return;
        _isRecorded = copyCount == _copyCount;
        foreach (var (id, by) in entries) Counts.AcknowledgedCount += _machine.Settle(id, by) ? 1 : 0;
        _isRecorded = false;
        TapSettled(entries);
        Drain();
    }

    /// <summary>The record with the counters of these entries is durable: they are ready again.</summary>
    internal void ReturnRecorded(List<ReturnedDelivery> entries, int copyCount, FlushSet flushes)
    {
        if (entries.Count == 0) return;
        using var turn = Enter(flushes);
        if (turn.IsGone) return;
        _isReturnRecorded = copyCount == _copyCount;
        foreach (var (id, by, countsAsFailure) in entries) _machine.Return(id, by, countsAsFailure, _nowMs);
        _isReturnRecorded = false;
        TapSettled(entries);
        Drain();
    }

    /// <summary>The record that would have settled these entries could not be made: they are ready again.</summary>
    internal void TakeBack(List<(EntryId Id, Subscription? By)> entries, FlushSet flushes)
    {
        if (entries.Count == 0) return;
        using var turn = Enter(flushes);
        if (turn.IsGone) return;
        foreach (var (id, by) in entries) _machine.Return(id, by, countsAsFailure: false, _nowMs);
        Drain();
    }

    /// <summary>Looks up a dead entry that is to be moved now, and holds on to its bytes.</summary>
    /// <returns>False when it is gone, or kept for another try since nothing can be recorded now.</returns>
    internal bool TryTakeDead(in DeadLetter letter, FlushSet flushes, out QueueEntry entry, out int copyCount)
    {
        StrandExit exit;
        lock (_strand)
        {
            copyCount = _copyCount;
            entry = default;
            if (_isGone || !_machine.TryGetDead(letter.Id, out entry)) return false;
            if (CanRecord())
            {
                if (entry.Location.Space == LocationSpace.Arena) _broker.Arena.Retain(entry.Location);
                return true;
            }

            Begin(flushes);
            _machine.KeepDead(letter.Id, letter.Reason, _nowMs);
            exit = End();
        }

        Leave(exit, flushes);
        return false;
    }

    /// <summary>The record that moves a dead entry is durable: it leaves.</summary>
    internal void BuryDead(in DeadLetter letter, in QueueEntry taken, int copyCount, FlushSet flushes)
    {
        Release(in taken);
        using var turn = Enter(flushes);
        if (turn.IsGone || !_machine.TryGetDead(letter.Id, out var entry)) return;
        if (copyCount != _copyCount && entry.Is(EntryFlags.Persistent)) _facts.Settled(letter.Id);
        _machine.Buried(letter.Id);
        Counts.CountDeath(letter.Reason);
        Release(in entry);
    }

    /// <summary>
    /// A dead entry can't be moved now: it stays for another try, or, when the journal has failed, for the restart.
    /// </summary>
    internal void KeepDead(in DeadLetter letter, in QueueEntry taken, FlushSet flushes)
    {
        Release(in taken);
        using var turn = Enter(flushes);
        if (turn.IsGone || _broker.Pipeline.IsFailed || !_machine.TryGetDead(letter.Id, out _)) return;
        _machine.KeepDead(letter.Id, letter.Reason, _nowMs);
    }

    /// <summary>The bytes of a dead entry can't be read there.</summary>
    /// <returns>False when they are somewhere else now, or the entry is gone.</returns>
    internal bool LoseDead(EntryId id, MessageLocation location)
    {
        lock (_strand)
        {
            if (_isGone || !_machine.TryGetDead(id, out var entry) || entry.Location != location) return false;
            _machine.LoseDead(id);
            return true;
        }
    }

    private bool CanRecord() => !IsJournaled || (_facts.Flush() && !_broker.Pipeline.IsFull);
}
