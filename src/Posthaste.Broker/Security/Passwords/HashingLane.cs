using Posthaste.Broker.Scheduling;

namespace Posthaste.Broker.Security.Passwords;

/// <summary>
/// Checks passwords whose hashes are slow on purpose: half the cores at a time and never where frames are read, so
/// that a fleet that logs in at once leaves the others their broker. Any thread.
/// </summary>
internal sealed class HashingLane(IWorkScheduler scheduler)
{
    /// <summary>
    /// Checks that wait at most: more than connections may be without a login (`UnauthenticatedMax`).
    /// </summary>
    public const int WaitingMax = 10_000;

    private readonly int _atOnceMax = Math.Max(1, Environment.ProcessorCount / 2);
    private readonly Lock _lock = new();
    private readonly Queue<Action> _waiting = new();
    private int _running;

    /// <summary>Does the check when it is its turn; null when too many wait.</summary>
    public Task<T>? TryRun<T>(Func<T> check)
    {
        var item = new Check<T>(check);
        lock (_lock)
        {
            if (_waiting.Count >= WaitingMax) return null;
            _waiting.Enqueue(item.Run);
            if (_running == _atOnceMax) return item.Done;
            _running++;
        }

        scheduler.Schedule(new Turn(this));
        return item.Done;
    }

    private void TakeTurn()
    {
        Action? next;
        lock (_lock) _waiting.TryDequeue(out next);
        next?.Invoke();
        lock (_lock)
        {
            if (_waiting.Count == 0)
            {
                _running--;
                return;
            }
        }

        scheduler.Schedule(new Turn(this));
    }

    private sealed class Check<T>(Func<T> check)
    {
        private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<T> Done => _done.Task;

        public void Run()
        {
#pragma warning disable CA1031 // Whatever it is, it is told to who waits for the answer, and the next ones go on.
            try
            {
                _done.SetResult(check());
            }
            catch (Exception e)
            {
                _done.SetException(e);
            }
#pragma warning restore CA1031
        }
    }

    private sealed class Turn(HashingLane lane) : IThreadPoolWorkItem
    {
        public void Execute() => lane.TakeTurn();
    }
}
