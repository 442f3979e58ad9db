namespace Posthaste.CrashLoop.Ledger;

/// <summary>
/// What one producer's channel sent and what the broker promised about it. Written by its producer and the callbacks of
/// its channel; read by anybody.
/// </summary>
internal sealed class StreamLedger(int id, Flow flow)
{
    /// <summary>One transaction in so many is rolled back.</summary>
    private const int RollbackEvery = 10;

    private readonly Lock _lock = new();
    private readonly List<bool> _confirmed = [];
    private readonly HashSet<long> _repeated = [];
    private long _seenCount;

    public int Id => id;

    public Flow Flow => flow;

    public long SentCount
    {
        get
        {
            lock (_lock)
                return _confirmed.Count;
        }
    }

    /// <summary>Messages that a client saw, or that nobody ever will.</summary>
    public long SeenCount => Interlocked.Read(ref _seenCount);

    public void CountSeen(int count) => Interlocked.Add(ref _seenCount, count);

    /// <summary>Takes the next sequence; called before the message is sent.</summary>
    public long Next()
    {
        lock (_lock)
        {
            _confirmed.Add(false);
            return _confirmed.Count - 1;
        }
    }

    /// <returns>Whether this is news.</returns>
    public bool Confirm(long sequence)
    {
        lock (_lock)
        {
            if (_confirmed[(int)sequence])
                return false;
            _confirmed[(int)sequence] = true;
            return true;
        }
    }

    /// <summary>The producer sends it once more, since nobody acknowledged it; called before that.</summary>
    public void MarkRepeated(long sequence)
    {
        lock (_lock)
            _repeated.Add(sequence);
    }

    /// <summary>Whether the broker may have more than one copy, each as good as new.</summary>
    public bool IsRepeated(long sequence)
    {
        lock (_lock)
            return _repeated.Contains(sequence);
    }

    /// <summary>Whether the broker promised to keep the message over any crash.</summary>
    public bool IsPromised(long sequence)
    {
        lock (_lock)
            return _confirmed[(int)sequence] && !flow.IsTransient(sequence);
    }

    /// <summary>Whether the transaction that this message is in is rolled back by its producer.</summary>
    public bool IsRolledBack(long sequence) =>
        flow.TransactionLength > 0 && sequence / flow.TransactionLength % RollbackEvery == RollbackEvery - 1;
}
