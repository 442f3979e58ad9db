using Posthaste.Broker.Queues;

namespace Posthaste.Broker.Moving;

/// <summary>A move that goes on by itself: what it was asked for, and how far it has come. Any thread.</summary>
public sealed class QueueMove : IDisposable
{
    private readonly MessageMover _mover;
    private readonly CancellationTokenSource _end = new();
    private readonly MessageBroker _broker;
    private long _endedMs;

    internal QueueMove(long id, BrokerQueue from, MoveRequest request, string user)
    {
        _mover = MessageMover.Create(from, request);
        _broker = from.Host.Broker;
        Id = id;
        VirtualHost = from.Host;
        Queue = from.Name;
        Request = request;
        User = user;
        StartedMs = _broker.NowMs;
        MessageCount = from.MessageCount;
    }

    /// <summary>Tells it apart from others until the broker is restarted.</summary>
    public long Id { get; }

    public VirtualHost VirtualHost { get; }

    /// <summary>The queue that the messages leave; it may be gone.</summary>
    public string Queue { get; }

    public MoveRequest Request { get; }

    /// <summary>Who has asked for it.</summary>
    public string User { get; }

    /// <summary>Unix milliseconds.</summary>
    public long StartedMs { get; }

    /// <summary>Unix milliseconds; null while it runs.</summary>
    public long? EndedMs => Volatile.Read(ref _endedMs) is > 0 and var ms ? ms : null;

    /// <summary>Messages that were in the queue when it began: all that it may look at.</summary>
    public long MessageCount { get; }

    public MoveResult Progress => _mover.Progress;

    /// <summary>Ends with it.</summary>
    public Task<MoveResult> Completion { get; private set; } = null!;

    /// <summary>Ends it between two batches; what was moved is moved.</summary>
    public void Cancel()
    {
        if (EndedMs is null) _end.Cancel();
    }

    /// <summary>It has ended and is forgotten.</summary>
    public void Dispose() => _end.Dispose();

    internal void Start() => Completion = RunAsync();

    private async Task<MoveResult> RunAsync()
    {
        // It reads from disk where it runs, so not on the thread of the one who asks.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            return await _mover.RunAsync(_end.Token).ConfigureAwait(false);
        }
        finally
        {
            Volatile.Write(ref _endedMs, Math.Max(_broker.NowMs, 1));
        }
    }
}
