using Posthaste.Broker.Storage;
using Posthaste.Core.Messages;
using Posthaste.Core.Queues;

namespace Posthaste.Broker.Queues;

/// <summary>
/// Looks at a message that stays in its queue, and copies what it wants: bytes are valid during the call.
/// </summary>
/// <returns>Whether it is one of those that are looked for.</returns>
public delegate bool MessageSearch(in DeliveredMessage message);

/// <summary>Where a look at a queue has ended.</summary>
public enum BrowseEnd
{
    /// <summary>As many as were asked for have been found or looked at; there may be more.</summary>
    Count,

    /// <summary>There are no more.</summary>
    Queue,
}

/// <summary>What became of a look at one message.</summary>
internal enum ShowResult
{
    Seen,

    /// <summary>It is not ready any more.</summary>
    Gone,

    /// <summary>Its bytes can't be read.</summary>
    Unreadable,

    /// <summary>The visitor wants it another time.</summary>
    Stopped,
}

/// <summary>Looking at messages without a subscription, and taking single ones.</summary>
public sealed partial class BrokerQueue
{
    /// <summary>
    /// Shows ready messages, in the order of the queue (see <see cref="QueueWalk"/>). Messages that come and go
    /// meanwhile may be missed. Reads from disk on the caller's thread.
    /// </summary>
    /// <param name="skip">Messages at the head to pass over.</param>
    /// <param name="count">Messages at most that <paramref name="show"/> looks for.</param>
    /// <param name="showMax">Messages at most that it is called for.</param>
    /// <param name="show">Called for each.</param>
    /// <param name="cancellation">Ends it between messages.</param>
    public BrowseEnd Browse(
        int skip, int count, int showMax, MessageSearch show, CancellationToken cancellation)
    {
        using var walk = new QueueWalk(this);
        walk.Skip(skip);
        while (count > 0 && showMax > 0)
        {
            var isMore = walk.Step((in message) =>
            {
                cancellation.ThrowIfCancellationRequested();
                if (count == 0 || showMax == 0) return false;
                showMax--;
                if (show(in message)) count--;
                return true;
            });
            if (!isMore) return BrowseEnd.Queue;
        }

        return BrowseEnd.Count;
    }

    /// <summary>Shows one ready message. Reads from disk on the caller's thread.</summary>
    /// <param name="id">What a look has shown it by.</param>
    /// <param name="show">Called for it.</param>
    /// <returns>False when it is not ready any more, or can't be read.</returns>
    public bool Look(EntryId id, MessageSearch show)
    {
        var isFound = false;
        using var walk = new QueueWalk(this, id);
        walk.Step((in message) => !isFound && message.Id == id && (isFound = show(in message)));
        return isFound;
    }

    internal BrowseStep Browse(ref EntryId at, int max, List<EntryId> into, out byte level, out ColdBlock block)
    {
        lock (_strand) return _machine.Browse(ref at, max, into, out level, out block);
    }

    /// <summary>Reads a block of the backlog for a walk, on the caller's thread.</summary>
    internal void LoadBlock(byte level, in ColdBlock block)
    {
        var flushes = FlushSet.ForThisThread;
        try
        {
            ColdBlockLoaded(level, in block, SegmentBlocks.Read(_broker.Segments!, Id, level, in block), flushes);
        }
        catch (IOException)
        {
            // The queue counts its messages as lost, says so, and goes on without them.
            ColdBlockFailed(level, in block, flushes);
        }

        flushes.FlushAll();
    }

    /// <summary>The walk that a block was read for has passed it.</summary>
    internal void PassedBlock(byte level, in ColdBlock block)
    {
        lock (_strand)
        {
            if (!_isGone) _machine.PassedBlock(level, in block);
        }
    }

    /// <summary>Shows a ready message where it is, read from disk on the caller's thread if need be.</summary>
    internal ShowResult Show(EntryId id, MessageVisitor visit, ref BlockLease lease)
    {
        MessageLocation? failedAt = null;
        while (TryPeek(id, out var entry, out var counters))
        {
            try
            {
                if (_broker.Store.TryRead(entry.Location, entry.Length, ref lease, out var bytes))
                {
                    var message = new DeliveredMessage(
                        this, id, entry.Is(EntryFlags.Redelivered), counters, new MessageView(bytes));
                    return visit(in message) ? ShowResult.Seen : ShowResult.Stopped;
                }

                _broker.Store.Load(entry.Location, entry.Length);
            }
            catch (IOException)
            {
                // Moved while it was read; if it is still there when it is looked up again, it can't be read.
                if (failedAt == entry.Location) return ShowResult.Unreadable;
                failedAt = entry.Location;
            }
            finally
            {
                Release(in entry);
            }
        }

        return ShowResult.Gone;
    }

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

    /// <summary>Looks up a ready entry and holds on to its bytes until they are released.</summary>
    private bool TryPeek(EntryId id, out QueueEntry entry, out EntryCounters counters)
    {
        lock (_strand)
        {
            (entry, counters) = (default, default);
            if (_isGone || !_machine.TryGetReady(id, out entry, out counters)) return false;
            if (entry.Location.Space == LocationSpace.Arena) _broker.Arena.Retain(entry.Location);
            return true;
        }
    }
}
