using Posthaste.Broker.Storage;
using Posthaste.Core.Queues;

namespace Posthaste.Broker.Queues;

/// <summary>
/// Looks at a message that stays in its queue. It copies what it wants: bytes are valid during the call.
/// </summary>
/// <returns>False to stop before this one, with which the walk goes on.</returns>
public delegate bool MessageVisitor(in DeliveredMessage message);

/// <summary>
/// A walk through the ready messages of a queue that takes none of them: each that stays meanwhile is seen once, in the
/// order of deliveries but for returned ones, which show at their old places. They are neither out nor marked as
/// redelivered, and consumers do not notice. Reads from disk on the caller's thread. Owned by one caller.
/// </summary>
/// <remarks>
/// Memory: the ids of one step, and one block of a backlog at a time; what has come into memory with a block leaves it
/// when the walk has passed.
/// </remarks>
internal sealed class QueueWalk(BrokerQueue queue, EntryId? from = null) : IDisposable
{
    /// <summary>Messages of one step: what is found at once, and may leave meanwhile.</summary>
    private const int StepCount = 256;

    private readonly List<EntryId> _ids = new(StepCount);
    private EntryId _at = from ?? QueueMachine.BrowseStart;
    private (byte Level, ColdBlock Block)? _loaded;
    private long _left = queue.MessageCount;
    private int _next;

    /// <summary>Passes messages over without a look at them.</summary>
    public void Skip(long count)
    {
        while (count > 0 && (_next < _ids.Count || TryFind()))
        {
            var passed = (int)Math.Min(count, _ids.Count - _next);
            _next += passed;
            count -= passed;
        }
    }

    /// <summary>
    /// Visits the next messages. As many as the queue had when the walk began are seen at most: it ends also when they
    /// come as fast as it goes. What can't be read is passed over; the queue says so when its turn comes.
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
                if (queue.Show(_ids[_next], visit, ref lease) == ShowResult.Stopped) return true;
            }
        }
        finally
        {
            lease.Release();
        }

        return true;
    }

    public void Dispose() => LetGo();

    private bool TryFind()
    {
        _ids.Clear();
        _next = 0;
        if (_loaded is { } loaded && (_at.Level < loaded.Level || _at.Seq > loaded.Block.LastSeq)) LetGo();
        var max = (int)Math.Min(StepCount, _left);
        if (max == 0) return false;
        BrowseStep step;
        while ((step = queue.Browse(ref _at, max, _ids, out var level, out var block)) == BrowseStep.NeedsBlock)
        {
            LetGo();
            queue.LoadBlock(level, in block);
            _loaded = (level, block);
        }

        _left -= _ids.Count;
        return step == BrowseStep.Found;
    }

    private void LetGo()
    {
        if (_loaded is not { } loaded) return;
        _loaded = null;
        var block = loaded.Block;
        queue.PassedBlock(loaded.Level, in block);
    }
}
