using System.Collections.Concurrent;
using System.IO.Pipelines;
using Posthaste.Broker.Scheduling;

namespace Posthaste.Simulation.Hosting;

/// <summary>Work that was put off, run in order by whoever drives the broker.</summary>
internal sealed class StepScheduler : PipeScheduler, IWorkScheduler
{
    // A session that has ended may still be woken, without effect, by a thread of the pool.
    private readonly ConcurrentQueue<IThreadPoolWorkItem> _items = new();

    public void Schedule(IThreadPoolWorkItem item) => _items.Enqueue(item);

    public override void Schedule(Action<object?> action, object? state) => Schedule(new Continuation(action, state));

    /// <returns>Whether there was anything.</returns>
    public bool RunPending()
    {
        var any = false;
        while (_items.TryDequeue(out var item))
        {
            any = true;
            item.Execute();
        }

        return any;
    }

    private sealed class Continuation(Action<object?> action, object? state) : IThreadPoolWorkItem
    {
        public void Execute() => action(state);
    }
}
