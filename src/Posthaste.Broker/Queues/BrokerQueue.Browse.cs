using Posthaste.Core.Messages;
using Posthaste.Core.Queues;

namespace Posthaste.Broker.Queues;

/// <summary>Looking at messages without a subscription, and taking single ones.</summary>
public sealed partial class BrokerQueue
{
    internal BrowseStep Browse(ref EntryId at, int max, List<EntryId> into, out byte level, out ColdBlock block)
    {
        lock (_strand) return _machine.Browse(ref at, max, into, out level, out block);
    }

    /// <summary>Looks up a ready entry and holds on to its bytes until <see cref="EndPeek"/>.</summary>
    internal bool TryPeek(EntryId id, out QueueEntry entry)
    {
        lock (_strand)
        {
            entry = default;
            if (_isGone || !_machine.TryGetReady(id, out entry)) return false;
            if (entry.Location.Space == LocationSpace.Arena) _broker.Arena.Retain(entry.Location);
            return true;
        }
    }

    internal void EndPeek(in QueueEntry entry) => Release(in entry);

    /// <summary>Takes a ready entry: it is out, to be settled by a record or taken back.</summary>
    internal bool TryTake(EntryId id, FlushSet flushes)
    {
        using var turn = Enter(flushes);
        return !turn.IsGone && _machine.TryTake(id);
    }

    /// <summary>Messages that are due, or dead, and on their way or waiting for another try.</summary>
    internal long HeldCount => _machine.HeldCount;

    /// <summary>See <see cref="QueueMachine.ListDelayed"/>.</summary>
    internal List<DelayedEntry> ListDelayed(long afterDueMs, EntryId after, int max, out bool isIndexed)
    {
        lock (_strand)
        {
            isIndexed = _isGone || _machine.IsIndexed;
            return _isGone ? [] : _machine.ListDelayed(afterDueMs, after, max);
        }
    }

    /// <summary>See <see cref="QueueMachine.Cancel"/>.</summary>
    internal bool CancelDelayed(EntryId id, FlushSet flushes)
    {
        using var turn = Enter(flushes);
        return !turn.IsGone && _machine.Cancel(id);
    }
}
