using Posthaste.Broker.Queues;
using Posthaste.Broker.Storage;
using Posthaste.Core.Messages;
using Posthaste.Core.Queues;

namespace Posthaste.Broker.Moving;

/// <summary>Told of a message on the walk, whose bytes are valid during the call.</summary>
/// <returns>False to stop before this one, with which the walk goes on.</returns>
internal delegate bool MessageVisitor(EntryId id, MessageView message);

/// <summary>
/// A walk through the ready messages of a queue that takes none of them: each that stays meanwhile is seen once. Reads
/// from disk on the caller's thread. Owned by one caller.
/// </summary>
internal sealed class QueueWalk(BrokerQueue queue)
{
    /// <summary>Messages of one step: what is found at once, and may leave meanwhile.</summary>
    private const int StepCount = 256;

    private readonly MessageBroker _broker = queue.Host.Broker;
    private readonly List<EntryId> _ids = new(StepCount);
    private EntryId _at = QueueMachine.BrowseStart;
    private long _left = queue.MessageCount;
    private int _next;

    /// <summary>
    /// Visits the next messages. As many as the queue had when the walk began are seen at most: it ends also when they
    /// come as fast as it goes.
    /// </summary>
    /// <returns>False at the end.</returns>
    public bool Step(MessageVisitor visit)
    {
        if (_next == _ids.Count && !TryFind()) return false;
        var lease = default(BlockLease);
        try
        {
            for (; _next < _ids.Count; _next++)
            {
                if (!Visit(_ids[_next], visit, ref lease)) return true;
            }
        }
        finally
        {
            lease.Release();
        }

        return true;
    }

    private bool TryFind()
    {
        _ids.Clear();
        _next = 0;
        var max = (int)Math.Min(StepCount, _left);
        if (max == 0) return false;
        BrowseStep step;
        while ((step = queue.Browse(ref _at, max, _ids, out var level, out var block)) == BrowseStep.NeedsBlock)
            LoadBlock(level, in block);
        _left -= _ids.Count;
        return step == BrowseStep.Found;
    }

    private bool Visit(EntryId id, MessageVisitor visit, ref BlockLease lease)
    {
        var seenAt = default(MessageLocation);
        while (queue.TryPeek(id, out var entry))
        {
            try
            {
                if (_broker.Store.TryRead(entry.Location, entry.Length, ref lease, out var bytes))
                    return visit(id, new MessageView(bytes));
                _broker.Store.Load(entry.Location, entry.Length);
            }
            catch (IOException) when (seenAt != entry.Location)
            {
                // Moved while it was read; if it is still there when it is looked up again, it can't be read.
                seenAt = entry.Location;
            }
            finally
            {
                queue.EndPeek(in entry);
            }
        }

        return true;
    }

    private void LoadBlock(byte level, in ColdBlock block)
    {
        var flushes = FlushSet.ForThisThread;
        try
        {
            var entries = SegmentBlocks.Read(_broker.Segments!, queue.Id, level, in block);
            queue.ColdBlockLoaded(level, in block, entries, flushes);
        }
        catch (IOException)
        {
            // The queue counts its messages as lost, says so, and goes on without them.
            queue.ColdBlockFailed(level, in block, flushes);
        }

        flushes.FlushAll();
    }
}
