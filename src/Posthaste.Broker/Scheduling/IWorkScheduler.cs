namespace Posthaste.Broker.Scheduling;

/// <summary>
/// Runs work that was put off. The thread pool in a process; a queue that the simulator empties in a simulation.
/// </summary>
public interface IWorkScheduler
{
    /// <summary>Has the item executed soon, by another thread. Any thread.</summary>
    void Schedule(IThreadPoolWorkItem item);
}

/// <summary>The process's thread pool.</summary>
internal sealed class PoolScheduler : IWorkScheduler
{
    public void Schedule(IThreadPoolWorkItem item) => ThreadPool.UnsafeQueueUserWorkItem(item, preferLocal: false);
}
