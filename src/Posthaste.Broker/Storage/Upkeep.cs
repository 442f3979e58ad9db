using Microsoft.Extensions.Logging;
using Posthaste.Broker.Flow;
using Posthaste.Broker.Queues;
using Posthaste.Storage.Journaling;
using Posthaste.Storage.Snapshots;

namespace Posthaste.Broker.Storage;

/// <summary>
/// Keeps the journal within its bounds and watches resources: prepares files ahead, takes snapshots, moves what is
/// still wanted out of the oldest part and gives that back.
/// </summary>
/// <remarks>
/// A snapshot is the state at one position of the journal, without the messages that stand in it. It is taken on the
/// applying thread, between two batches, and stays a candidate: it may be used for recovery only when every live
/// message before its position has been moved behind it (or to segments), durably. The newest two snapshots are kept,
/// and the journal from the older one on, so a damaged snapshot costs a longer replay only.
/// <code>
///   journal:  ──┬───────────┬───────────┬───────────────▶ tail
///            older       newest     candidate
///         (kept from here)      (nothing live before it is left, then it becomes the newest)
/// </code>
/// With at most a quarter of the journal's budget between them the whole stays within the budget.
/// </remarks>
internal sealed partial class Upkeep : IDisposable
{
    /// <summary>How often resources are looked at when nothing else happens, in milliseconds.</summary>
    private const int PeriodMs = 500;

    /// <summary>Snapshots per journal budget at least; see the picture.</summary>
    private const int SnapshotsPerBudget = 4;

    /// <summary>
    /// Bytes of journal per byte of snapshot at least, so that snapshots cost an eighth of the writes at most.
    /// </summary>
    private const int JournalBytesPerSnapshotByte = 8;

    private readonly MessageBroker _broker;
    private readonly Journal _journal;
    private readonly ILogger _log;
    private readonly Evacuation _evacuation;
    private readonly AutoResetEvent _signal = new(false);
    private readonly Thread? _thread;
    private SnapshotWriter? _candidate;
    private long _candidatePosition;
    private long _snapshotBytes;
    private long _newestPosition;
    private long _olderPosition;
    private volatile bool _isSnapshotWanted;
    private volatile bool _stopping;

    public Upkeep(MessageBroker broker, bool ownThread)
    {
        _broker = broker;
        _journal = broker.Data.Journal!;
        _log = broker.Loggers.CreateLogger<Upkeep>();
        _evacuation = new Evacuation(broker);
        var positions = broker.Data.Snapshots!.Positions();
        _newestPosition = positions.Count > 0 ? positions[^1] : _journal.Files[0].Base;
        _olderPosition = positions.Count > 1 ? positions[^2] : _journal.Files[0].Base;
        broker.Pipeline.BatchApplied = BatchApplied;
        _journal.FileStarted += FileStarted;
        if (!ownThread) return;
        _thread = new Thread(Run) { Name = "posthaste-upkeep", IsBackground = true };
        _thread.Start();
    }

    /// <summary>
    /// Journal between two snapshots. As little as a file: files that are used again soon are still in the page cache
    /// and need no zeros written ahead. More when the state is large: up to what the budget allows, and beyond it only
    /// where snapshots would otherwise be more than half of what is written.
    /// </summary>
    private long SnapshotStepBytes
    {
        get
        {
            var stateBytes = Volatile.Read(ref _snapshotBytes);
            var wanted = Math.Max(_broker.Options.JournalFileBytes, stateBytes * JournalBytesPerSnapshotByte);
            return Math.Min(wanted, Math.Max(_broker.Options.JournalBytesMax / SnapshotsPerBudget, stateBytes));
        }
    }

    /// <summary>One round of everything.</summary>
    /// <returns>Whether something was reclaimed.</returns>
    public bool RunOnce()
    {
        WatchResources();
        if (_broker.Pipeline.IsFailed) return false;
        try
        {
            return FlushFacts() | Reclaim() | Spill();
        }
        catch (IOException e)
        {
            // Nothing is lost: what was to move is still where it was. Tried again in the next round.
            LogPostponed(e);
            return false;
        }
    }

    /// <summary>Does nothing more from now on.</summary>
    public void Stop()
    {
        _stopping = true;
        _signal.Set();
        _thread?.Join();
        _broker.Pipeline.BatchApplied = null;
        _journal.FileStarted -= FileStarted;
    }

    /// <summary>After the last commit, which may still have told of a file started.</summary>
    public void Dispose()
    {
        Stop();
        if (_candidate is { } candidate) LetGo(candidate);
        _evacuation.Dispose();
        _signal.Dispose();
    }

    private void FileStarted(JournalFileInfo file) => _signal.Set();

    private void Run()
    {
        while (!_stopping)
        {
            RunOnce();
            _signal.WaitOne(PeriodMs);
        }
    }

    /// <summary>Between two batches, on the applying thread: the state is that of this position.</summary>
    private void BatchApplied(long position)
    {
        if (_candidate is null)
        {
            if (position - _newestPosition < SnapshotStepBytes) return;
            TakeSnapshot(position);
        }
        else if (!_isSnapshotWanted && position - _candidatePosition >= SnapshotStepBytes)
        {
            _isSnapshotWanted = true;
            _signal.Set();
        }
    }

    private void TakeSnapshot(long position)
    {
        SnapshotWriter? writer = null;
        try
        {
            writer = _broker.Data.Snapshots!.Create(new SnapshotInfo(position, _broker.Data.Epoch, _broker.NowMs));
            SnapshotContent.Write(_broker, writer);
            _candidatePosition = position;
            Volatile.Write(ref _candidate, writer);
        }
        catch (IOException e)
        {
            if (writer is not null) LetGo(writer);
            LogPostponed(e);
        }
    }

    /// <summary>Records what queues could not while there was no room.</summary>
    private bool FlushFacts()
    {
        if (_journal.Space == JournalSpace.Exhausted || !_broker.Pipeline.TakeRefusal()) return false;
        return FlushFactsOfQueues();
    }

    /// <returns>False when some have to wait on.</returns>
    private bool FlushFactsOfQueues()
    {
        var isAll = true;
        foreach (var queue in _broker.AllQueues) isAll &= queue.FlushFacts();
        return isAll;
    }

    /// <summary>Makes the candidate the newest snapshot, and gives back the files before the older one.</summary>
    private bool Reclaim()
    {
        if (!_isSnapshotWanted || Volatile.Read(ref _candidate) is not { } candidate) return false;
        var flushes = FlushSet.ForThisThread;
        foreach (var queue in _broker.AllQueues)
        {
            if (queue.IsJournaled) _evacuation.Evacuate(queue, _candidatePosition, flushes);
        }

        if (!TryComplete(candidate)) return false;
        var recycled = _journal.Recycle(_olderPosition);
        _broker.Data.Snapshots!.DeleteOlder(keptCount: 2);
        LogReclaimed(recycled, _newestPosition);
        return true;
    }

    /// <summary>
    /// Writes the rest of the candidate and makes it durable, after everything that is in it and everything that
    /// queues have to record: what a replay finds behind the snapshot may need that. When it fails the candidate is
    /// given up: a second sync of the same file would prove nothing.
    /// </summary>
    private bool TryComplete(SnapshotWriter candidate)
    {
        try
        {
            SnapshotContent.WriteLater(_broker, candidate);
            Volatile.Write(ref _snapshotBytes, candidate.ContentBytes);
            if (!FlushFactsOfQueues() || !_broker.WaitUntilDurable()) return false;
            candidate.Complete();
            (_olderPosition, _newestPosition) = (_newestPosition, _candidatePosition);
            return true;
        }
        finally
        {
            _isSnapshotWanted = false;
            Volatile.Write(ref _candidate, null);
            LetGo(candidate);
        }
    }

    private void LetGo(SnapshotWriter writer)
    {
        try
        {
            writer.Dispose();
        }
        catch (IOException e)
        {
            // An unfinished file is left over until the next start, which deletes it.
            LogPostponed(e);
        }
    }

    /// <summary>Writes the longest backlogs to segments when the index entries in memory are too many.</summary>
    private bool Spill()
    {
        var queues = new PriorityQueue<BrokerQueue, long>();
        long total = 0;
        foreach (var queue in _broker.AllQueues)
        {
            if (!queue.IsJournaled) continue;
            var count = queue.ResidentEntryCount;
            total += count;
            queues.Enqueue(queue, -count);
        }

        var any = false;
        while (total > _broker.Options.ResidentEntriesMax && queues.TryDequeue(out var longest, out var negativeCount))
        {
            _evacuation.Evacuate(longest, _journal.DurablePosition, FlushSet.ForThisThread);
            var spilled = -negativeCount - longest.ResidentEntryCount;
            total -= spilled;
            // What is near the head stays in memory, however little there is to be.
            any |= spilled > 0;
        }

        return any;
    }

    private void WatchResources()
    {
        try
        {
            var prepared = _broker.Pipeline.IsFailed || _journal.PrepareNextFile();
            var free = _broker.Data.Device!.FreeBytes;
            _broker.Alarms.Set(ResourceAlarm.Disk, !prepared || _journal.Space != JournalSpace.Ample
                || free < _broker.Options.DiskFreeBytesMin);
        }
        catch (IOException e)
        {
            LogPostponed(e);
            _broker.Alarms.Set(ResourceAlarm.Disk, active: true);
        }
    }

    [LoggerMessage(EventId = 2301, Level = LogLevel.Warning, Message = "Upkeep of the data directory is postponed")]
    private partial void LogPostponed(Exception cause);

    [LoggerMessage(EventId = 2302, Level = LogLevel.Debug,
        Message = "{Files} journal files reclaimed; a restart begins at {Position} or before")]
    private partial void LogReclaimed(int files, long position);
}
