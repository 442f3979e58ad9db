using Posthaste.Broker.Scheduling;

namespace Posthaste.Simulation.Hosting;

/// <summary>Work that was put off, run in order by whoever drives the broker.</summary>
internal sealed class StepScheduler : IWorkScheduler
{
    private readonly Queue<IThreadPoolWorkItem> _items = new();

    public void Schedule(IThreadPoolWorkItem item) => _items.Enqueue(item);

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
}
