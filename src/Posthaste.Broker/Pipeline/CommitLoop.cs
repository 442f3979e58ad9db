namespace Posthaste.Broker.Pipeline;

/// <summary>
/// The two threads of the pipeline: one writes and syncs, one applies. While one batch is applied the next is on its
/// way to the disk. When nothing else waits the committing thread applies by itself, which saves a lone message a
/// change of threads.
/// </summary>
internal sealed class CommitLoop : IDisposable
{
    private readonly CommitPipeline _pipeline;
    private readonly Thread _committer;
    private readonly Thread _applier;
    private readonly AutoResetEvent _commitSignal = new(false);
    private readonly AutoResetEvent _applySignal = new(false);
    private readonly Lock _applying = new();
    private int _signaled;
    private volatile bool _stopping;

    public CommitLoop(CommitPipeline pipeline)
    {
        _pipeline = pipeline;
        pipeline.WorkArrived = Signal;
        _committer = new Thread(RunCommitter) { Name = "posthaste-commit", IsBackground = true };
        _applier = new Thread(RunApplier) { Name = "posthaste-apply", IsBackground = true };
        _committer.Start();
        _applier.Start();
    }

    /// <summary>Commits and applies what is pending, then ends both threads.</summary>
    public void Dispose()
    {
        if (_stopping) return;
        _stopping = true;
        _commitSignal.Set();
        _committer.Join();
        _applySignal.Set();
        _applier.Join();
        _commitSignal.Dispose();
        _applySignal.Dispose();
    }

    private void Signal()
    {
        if (Volatile.Read(ref _signaled) == 0 && Interlocked.Exchange(ref _signaled, 1) == 0) _commitSignal.Set();
    }

    private void RunCommitter()
    {
        while (true)
        {
            Volatile.Write(ref _signaled, 0);
            // The mark is down before we look: whoever appends from here on signals again.
            Thread.MemoryBarrier();
            while (_pipeline.CommitPending())
            {
                if (_pipeline.HasPending) _applySignal.Set();
                else TryApply();
            }

            if (_stopping && !_pipeline.HasPending) return;
            _commitSignal.WaitOne();
        }
    }

    private void RunApplier()
    {
        while (true)
        {
            _applySignal.WaitOne();
            TryApply();
            if (_stopping && !_committer.IsAlive && !_pipeline.HasCommitted) return;
        }
    }

    private void TryApply()
    {
        // Whoever holds the lock looks again after letting go of it, so nothing committed meanwhile is left lying.
        while (_pipeline.HasCommitted)
        {
            if (!_applying.TryEnter()) return;
            try
            {
                _pipeline.ApplyCommitted();
            }
            finally
            {
                _applying.Exit();
            }
        }
    }
}
