namespace Posthaste.Broker.Statistics;

/// <summary>How often things came and went since the broker was opened. Any thread.</summary>
public sealed class Churn
{
    public ChurnCount ConnectionsOpened { get; } = new();

    public ChurnCount ConnectionsClosed { get; } = new();

    public ChurnCount ChannelsOpened { get; } = new();

    public ChurnCount ChannelsClosed { get; } = new();

    /// <summary>Declarations of queues, also of those that were there.</summary>
    public ChurnCount QueuesDeclared { get; } = new();

    public ChurnCount QueuesCreated { get; } = new();

    public ChurnCount QueuesDeleted { get; } = new();

    internal void Sample(double seconds)
    {
        ReadOnlySpan<ChurnCount> all =
        [
            ConnectionsOpened, ConnectionsClosed, ChannelsOpened, ChannelsClosed, QueuesDeclared, QueuesCreated,
            QueuesDeleted,
        ];
        foreach (var count in all) count.Sample(seconds);
    }
}

/// <summary>Counts something rare, from any thread.</summary>
public sealed class ChurnCount
{
    private long _total;
    private long _last;

    public long Total => Volatile.Read(ref _total);

    /// <summary>Per second, over the time between the last two samples.</summary>
    public double Rate { get; private set; }

    internal void Add() => Interlocked.Increment(ref _total);

    internal void Sample(double seconds)
    {
        var now = Total;
        Rate = (now - _last) / seconds;
        _last = now;
    }
}
