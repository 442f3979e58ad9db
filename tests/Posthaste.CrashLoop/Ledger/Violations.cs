namespace Posthaste.CrashLoop.Ledger;

/// <summary>A promise of the broker that can be broken.</summary>
internal enum Promise
{
    /// <summary>What was confirmed or committed is delivered, until it is settled.</summary>
    ConfirmedIsKept,

    /// <summary>A message that was delivered before comes again with the redelivered flag only.</summary>
    DuplicatesAreMarked,

    /// <summary>After a clean shutdown the flag is set for what had been delivered only.</summary>
    MarksAreHonest,

    /// <summary>What one channel published to one queue is delivered in that order.</summary>
    OrderIsKept,

    /// <summary>What is delivered was published, to that queue, byte by byte.</summary>
    NothingIsInvented,

    /// <summary>A transaction, a publish to several queues and a dead-lettering happen wholly or not at all.</summary>
    AllOrNothing,

    /// <summary>What was acknowledged in a committed transaction does not come back.</summary>
    CommittedIsGone,

    /// <summary>What was published with QoS 2 is delivered with QoS 2 once, and never again.</summary>
    ExactlyOnce,

    /// <summary>The broker starts in time, serves its clients until it is stopped, and logs no error.</summary>
    BrokerIsWell,
}

/// <summary>What was found to be wrong. Any thread.</summary>
internal sealed class Violations
{
    /// <summary>Texts kept for each promise: the first ones say what happened, the others only how often.</summary>
    private const int TextsPerPromiseMax = 10;

    private readonly Lock _lock = new();
    private readonly Dictionary<Promise, (long Count, List<string> Texts)> _found = [];

    public bool Any
    {
        get
        {
            lock (_lock)
                return _found.Count > 0;
        }
    }

    public long CountOf(Promise promise)
    {
        lock (_lock)
            return _found.TryGetValue(promise, out var found) ? found.Count : 0;
    }

    public void Add(Promise promise, string text)
    {
        lock (_lock)
        {
            (long count, List<string> texts) = _found.GetValueOrDefault(promise, (0, []));
            if (texts.Count < TextsPerPromiseMax)
                texts.Add(text);
            _found[promise] = (count + 1, texts);
        }
    }

    public override string ToString()
    {
        lock (_lock)
        {
            return string.Join('\n', _found.OrderBy(entry => entry.Key).SelectMany(entry =>
                entry.Value.Texts.Prepend($"{entry.Key}: {entry.Value.Count:N0} violations")));
        }
    }
}
