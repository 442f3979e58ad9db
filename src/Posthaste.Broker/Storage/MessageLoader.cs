using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Posthaste.Broker.Queues;
using Posthaste.Core.Messages;
using Posthaste.Core.Queues;

namespace Posthaste.Broker.Storage;

/// <summary>
/// Reads from disk what queues need and do not have in memory, on a thread of its own, so that no strand ever waits for
/// a disk.
/// </summary>
internal sealed partial class MessageLoader : IDisposable
{
    private readonly MessageBroker _broker;
    private readonly ILogger _log;
    private readonly BlockingCollection<Action<FlushSet>> _work = [];
    private readonly Thread? _thread;
    private readonly Lock _posting = new();
    private bool _isStopped;

    /// <param name="ownThread">False when a simulator calls <see cref="RunPending"/>.</param>
    public MessageLoader(MessageBroker broker, bool ownThread)
    {
        _broker = broker;
        _log = broker.Loggers.CreateLogger<MessageLoader>();
        if (!ownThread) return;
        _thread = new Thread(Run) { Name = "posthaste-read", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Work that waits for its turn.</summary>
    public int PendingCount => _work.Count;

    /// <summary>Loads the bytes of a message and tells the queue.</summary>
    public void LoadMessage(BrokerQueue queue, EntryId id, MessageLocation location, int length) => Post(flushes =>
    {
        try
        {
            _broker.Store.Load(location, length);
        }
        catch (IOException e)
        {
            LogUnreadable(e, queue.Name, location.ToString());
            queue.MessageUnreadable(id, flushes);
            return;
        }

        queue.MessageLoaded(flushes);
    });

    /// <summary>Loads the entries of a cold block and gives them to the queue.</summary>
    public void LoadBlock(BrokerQueue queue, byte level, ColdBlock block) => Post(flushes =>
    {
        try
        {
            var entries = SegmentBlocks.Read(_broker.Segments!, queue.Id, level, block);
            queue.ColdBlockLoaded(level, in block, entries, flushes);
        }
        catch (IOException e)
        {
            LogUnreadable(e, queue.Name, $"segment {block.SegmentId}+{block.Offset}");
            queue.ColdBlockFailed(level, in block, flushes);
        }
    });

    /// <summary>
    /// Runs other work that reads from disk, in order. After <see cref="Dispose"/> it is left undone: nobody is there
    /// to read for, and a restart finds what else it was for.
    /// </summary>
    public void Post(Action<FlushSet> work)
    {
        lock (_posting)
        {
            if (!_isStopped) _work.Add(work);
        }
    }

    /// <summary>Runs what is waiting, on the caller's thread.</summary>
    /// <returns>Whether there was anything.</returns>
    public bool RunPending()
    {
        var any = false;
        while (_work.TryTake(out var work))
        {
            any = true;
            Run(work);
        }

        return any;
    }

    public void Dispose()
    {
        lock (_posting)
        {
            _isStopped = true;
            _work.CompleteAdding();
        }

        _thread?.Join();
        _work.Dispose();
    }

    private void Run()
    {
        foreach (var work in _work.GetConsumingEnumerable()) Run(work);
    }

    private void Run(Action<FlushSet> work)
    {
        var flushes = FlushSet.ForThisThread;
        try
        {
            work(flushes);
        }
        catch (IOException e)
        {
            // What reads tells its queue by itself. This is a file that could not be deleted: the next start does it.
            LogLeftOver(e);
        }

        flushes.FlushAll();
    }

    [LoggerMessage(EventId = 2102, Level = LogLevel.Warning,
        Message = "A file that is not needed any more is left over")]
    private partial void LogLeftOver(Exception cause);

    [LoggerMessage(EventId = 2101, Level = LogLevel.Error,
        Message = "Queue {Queue}: stored messages at {Place} cannot be read and are set aside")]
    private partial void LogUnreadable(Exception cause, string queue, string place);
}
