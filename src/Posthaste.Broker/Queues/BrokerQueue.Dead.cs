using Posthaste.Broker.DeadLettering;
using Posthaste.Core.Messages;
using Posthaste.Core.Queues;

namespace Posthaste.Broker.Queues;

/// <summary>
/// Dead entries while they are moved: they stay in the queue until the record of the move is made, so whatever else
/// looks at the queue meanwhile (evacuation, snapshot, crash) finds them.
/// </summary>
public sealed partial class BrokerQueue
{
    private List<DeadLetter>? _deadLetters;
    private DeadLetterLine? _line;

    /// <summary>Looks up a dead entry that is to be moved now, and holds on to its bytes.</summary>
    /// <returns>False when it is gone, or kept for another try since nothing can be recorded now.</returns>
    internal bool TryTakeDead(in DeadLetter letter, FlushSet flushes, out QueueEntry entry)
    {
        StrandExit exit;
        lock (_strand)
        {
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

    /// <summary>The record that moves a dead entry is made, or it has to stay.</summary>
    internal void PutDown(in DeadLetter letter, in QueueEntry taken, bool isMoved, FlushSet flushes)
    {
        Release(in taken);
        StrandExit exit;
        lock (_strand)
        {
            if (_isGone || !_machine.TryGetDead(letter.Id, out var entry)) return;
            Begin(flushes);
            if (isMoved)
            {
                _machine.Buried(letter.Id);
                Release(in entry);
            }
            else
            {
                _machine.KeepDead(letter.Id, letter.Reason, _nowMs);
            }

            exit = End();
        }

        Leave(exit, flushes);
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
