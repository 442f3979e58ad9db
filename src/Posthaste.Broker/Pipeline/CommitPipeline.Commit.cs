using System.Diagnostics;
using Posthaste.Broker.Publishing;
using Posthaste.Broker.Statistics;
using Posthaste.Storage.Devices;

namespace Posthaste.Broker.Pipeline;

/// <summary>The committing and the applying half of the pipeline.</summary>
public sealed partial class CommitPipeline
{
    private readonly Lock _roomLock = new();
    private readonly FlushSet _applyFlushes = new();
    private TaskCompletionSource? _room;

    /// <summary>How long write and sync of a batch took. Any thread.</summary>
    internal LatencyHistogram CommitLatency { get; } = new();

    /// <summary>Bytes written and synced. Any thread.</summary>
    internal long CommittedBytes { get; private set; }

    /// <summary>
    /// When what is applied now had been written and synced, as <see cref="Stopwatch"/> counts. The applying thread's.
    /// </summary>
    internal long DurableAt { get; private set; }

    /// <summary>Whether readers of publishers should wait before they take in more.</summary>
    public bool IsCongested => UncommittedBytes > _options.UncommittedBytesMax;

    /// <summary>Completes when there is room again. One allocation per congestion, shared by all who wait.</summary>
    public async ValueTask WaitForRoomAsync(CancellationToken cancellation)
    {
        while (IsCongested && !IsFailed)
        {
            Task waiting;
            lock (_roomLock)
            {
                _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                waiting = _room.Task;
            }

            // Looked at again after the wait was registered: a commit in between would not wake it.
            if (!IsCongested || IsFailed) return;
            await waiting.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Whether something has been appended and not yet taken by a commit.</summary>
    internal bool HasPending
    {
        get
        {
            lock (_lock) return !_open.IsEmpty || (!IsFailed && (_journal?.HasUnsealed ?? false));
        }
    }

    /// <summary>Takes all that has piled up, writes and syncs it. One thread at a time.</summary>
    /// <returns>Whether there was anything.</returns>
    internal bool CommitPending()
    {
        PipelineBatch batch;
        lock (_lock)
        {
            batch = _open;
            if (_journal is not null && !IsFailed)
            {
                batch.HasJournalBatch =
                    _journal.Seal(_options.Time.GetUtcNow().ToUnixTimeMilliseconds(), out batch.Journal);
            }

            if (batch.IsEmpty) return false;
            batch.LastTicket = _appendedTicket;
            _open = _spare.TryPop(out var spare) ? spare : new PipelineBatch();
        }

        if (batch.HasJournalBatch)
        {
            try
            {
                var started = Stopwatch.GetTimestamp();
                _journal!.Commit(batch.Journal);
                batch.DurableAt = Stopwatch.GetTimestamp();
                CommitLatency.Add(Stopwatch.GetElapsedTime(started, batch.DurableAt).TotalSeconds);
                CommittedBytes += batch.Journal.End - batch.Journal.Start;
            }
            catch (StorageException e)
            {
                Fail(e);
            }
        }

        lock (_committed) _committed.Enqueue(batch);
        SignalRoom();
        return true;
    }

    /// <summary>Applies what was committed, in order. One thread at a time.</summary>
    internal void ApplyCommitted()
    {
        while (true)
        {
            PipelineBatch? batch;
            lock (_committed)
            {
                if (!_committed.TryDequeue(out batch)) return;
            }

            DurableAt = batch.DurableAt;
            Apply(batch);
            Volatile.Write(ref _appliedTicket, batch.LastTicket);
            _applyFlushes.FlushAll();
            if (batch.HasJournalBatch && !IsFailed) BatchApplied?.Invoke(batch.Journal.End);
            batch.Clear();
            if (batch.IsWorthKeeping)
            {
                lock (_lock) _spare.Push(batch);
            }
        }
    }

    internal bool HasCommitted
    {
        get
        {
            lock (_committed) return _committed.Count > 0;
        }
    }

    private void Fail(Exception cause)
    {
        if (_failure is not null) return;
        _failure = cause;
        Failed?.Invoke(cause);
    }

    private void SignalRoom()
    {
        if (Volatile.Read(ref _room) is null || (IsCongested && !IsFailed)) return;
        TaskCompletionSource? room;
        lock (_roomLock) (room, _room) = (_room, null);
        room?.TrySetResult();
    }

    private void Apply(PipelineBatch batch)
    {
        var entries = batch.Entries;
        var durable = !IsFailed;
        for (var at = 0; at < entries.Length;)
        {
            ref var entry = ref entries[at];
            if (entry.Queues is null)
            {
                ((PipelineCallback)entry.Target!).Applied(durable, _applyFlushes);
                at++;
                continue;
            }

            var count = SameQueuesLength(entries[at..]);
            var run = entries.Slice(at, count);
            if (durable) AppendToQueues(run);
            else Discard(run);
            TellSources(run, durable);
            at += count;
        }
    }

    private void AppendToQueues(ReadOnlySpan<PipelineEntry> run)
    {
        foreach (var queue in run[0].Queues!) queue.AppendCommitted(run, _applyFlushes);
        foreach (ref readonly var entry in run)
        {
            // The pipeline's own reference: queues have taken theirs.
            ReleaseArena(in entry);
            entry.Retained?.End(takeEffect: true);
        }
    }

    /// <summary>
    /// The journal failed: the messages reach no queue. Those that it holds may be found again after the restart.
    /// </summary>
    private void Discard(ReadOnlySpan<PipelineEntry> run)
    {
        foreach (ref readonly var entry in run)
        {
            foreach (var queue in entry.Queues!) queue.DoesNotArrive(entry.BodyBytes);
            ReleaseArena(in entry);
            entry.Retained?.End(takeEffect: false);
        }
    }

    private void ReleaseArena(in PipelineEntry entry)
    {
        if (entry.Location.Space == Core.Messages.LocationSpace.Arena) _arena.Release(entry.Location);
        if (entry.TransientLocation is { } copy) _arena.Release(copy);
    }

    private void TellSources(ReadOnlySpan<PipelineEntry> run, bool accepted)
    {
        for (var at = 0; at < run.Length;)
        {
            var source = run[at].Target as PublishSource;
            var end = at + 1;
            while (end < run.Length && ReferenceEquals(run[end].Target, source) && run[end].Seq == run[end - 1].Seq + 1)
                end++;
            source?.Handled(run[at].Seq, run[end - 1].Seq, accepted, _applyFlushes);
            at = end;
        }
    }

    private static int SameQueuesLength(ReadOnlySpan<PipelineEntry> entries)
    {
        var queues = entries[0].Queues;
        var length = 1;
        while (length < entries.Length && ReferenceEquals(entries[length].Queues, queues)) length++;
        return length;
    }
}
