using Posthaste.Broker.Connections;
using Posthaste.Broker.Queues;

namespace Posthaste.Broker.Moving;

/// <summary>
/// The moves that run, and the last ones that have ended. Nothing of it is on disk: a move ends with the broker, and
/// each message is in one queue or the other. Any thread.
/// </summary>
public sealed class QueueMoves
{
    /// <summary>Moves at a time. 16: each holds a thread of the pool while it reads from disk.</summary>
    public const int RunningMax = 16;

    /// <summary>Ended ones that are remembered. 100: what somebody may still want to know.</summary>
    public const int EndedMax = 100;

    private readonly Lock _lock = new();
    private readonly List<QueueMove> _moves = [];
    private long _lastId;
    private bool _isStopped;

    internal QueueMoves()
    {
    }

    /// <summary>The oldest first.</summary>
    public IReadOnlyList<QueueMove> All
    {
        get
        {
            lock (_lock) return [.. _moves];
        }
    }

    /// <summary>Begins to move messages; returns at once.</summary>
    /// <param name="from">The queue to take them from.</param>
    /// <param name="request">Which, where to, how fast.</param>
    /// <param name="user">Who asks for it.</param>
    /// <exception cref="ArgumentException">
    /// The destination is no queue of the virtual host, or the same one.
    /// </exception>
    /// <exception cref="BrokerLimitException">There are as many as there may be, or the broker stops.</exception>
    public QueueMove Start(BrokerQueue from, MoveRequest request, string user)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(request);
        lock (_lock)
        {
            if (_isStopped) throw new BrokerLimitException("the broker is stopping");
            if (_moves.Count(static move => move.EndedMs is null) >= RunningMax)
                throw new BrokerLimitException($"there are {RunningMax} moves under way already");
            var move = new QueueMove(++_lastId, from, request, user);
            Forget();
            _moves.Add(move);
            move.Start();
            return move;
        }
    }

    /// <summary>Ends all that run, and waits for them: their last batches need the pipeline.</summary>
    internal async Task StopAsync()
    {
        lock (_lock) _isStopped = true;
        foreach (var move in All)
        {
            move.Cancel();
            await ((Task)move.Completion).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            move.Dispose();
        }
    }

    private void Forget()
    {
        var tooMany = _moves.Count(static move => move.EndedMs is not null) - EndedMax + 1;
        foreach (var move in _moves.Where(static move => move.EndedMs is not null).Take(tooMany).ToList())
        {
            _moves.Remove(move);
            move.Dispose();
        }
    }
}
