using System.Diagnostics.CodeAnalysis;

namespace Posthaste.Broker.Security.Remote;

/// <summary>
/// Threads that may wait for a service's answers: sessions of users whom it knows are read on them, so that the
/// threads of all others never wait. They come when there is work and go when there has been none. Any thread.
/// </summary>
internal sealed class WaitingThreads
{
    /// <summary>
    /// Threads at most: so many such sessions can wait for answers at a time, the others for them. With answers within
    /// milliseconds, which a service has to give, it is thousands a second.
    /// </summary>
    private const int ThreadsMax = 64;

    private static readonly TimeSpan IdleMax = TimeSpan.FromSeconds(10);

    private readonly object _lock = new();
    private readonly Queue<Action> _work = new();
    private int _threadCount;
    private int _idleCount;

    /// <summary>Runs it on one of the threads.</summary>
    public Task<T> RunAsync<T>(Func<T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var isNew = false;
        lock (_lock)
        {
            _work.Enqueue(() => Run(work, done));
            if (_idleCount < _work.Count && _threadCount < ThreadsMax)
            {
                _threadCount++;
                isNew = true;
            }

            Monitor.Pulse(_lock);
        }

        if (isNew) new Thread(Serve) { IsBackground = true, Name = "posthaste-waiting" }.Start();
        return done.Task;
    }

    private static void Run<T>(Func<T> work, TaskCompletionSource<T> done)
    {
#pragma warning disable CA1031 // Whatever it is, it is told to who waits for the result.
        try
        {
            done.SetResult(work());
        }
        catch (Exception e)
        {
            done.SetException(e);
        }
#pragma warning restore CA1031
    }

    private void Serve()
    {
        while (TryTake(out var work)) work();
    }

    /// <summary>Waits for work; false when there has been none for so long that the thread ends.</summary>
    private bool TryTake([NotNullWhen(true)] out Action? work)
    {
        lock (_lock)
        {
            while (!_work.TryDequeue(out work))
            {
                _idleCount++;
                var isWoken = Monitor.Wait(_lock, IdleMax);
                _idleCount--;
                if (isWoken || _work.Count > 0) continue;
                _threadCount--;
                return false;
            }
        }

        return true;
    }
}
