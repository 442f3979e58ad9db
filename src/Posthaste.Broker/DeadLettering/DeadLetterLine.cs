using Posthaste.Broker.Pipeline;
using Posthaste.Broker.Queues;

namespace Posthaste.Broker.DeadLettering;

/// <summary>
/// The dead of one queue on their way to the dead-letter exchange, strictly in the order in which they died, though
/// some have to wait for their bytes to be read, or for room in the pipeline. Any thread, never on a strand but for
/// <see cref="Add"/>.
/// </summary>
internal sealed class DeadLetterLine(BrokerQueue queue, DeadLetterer letterer) : PipelineCallback, IThreadPoolWorkItem
{
    private readonly Lock _lock = new();
    private readonly Queue<DeadLetter> _letters = new();
    private bool _isMoving;

    /// <summary>Puts those that died in one command at the end.</summary>
    public void Add(List<DeadLetter> dead)
    {
        lock (_lock)
        {
            foreach (var letter in dead) _letters.Enqueue(letter);
        }
    }

    /// <summary>Moves on unless somebody does already.</summary>
    public void Move(FlushSet flushes)
    {
        lock (_lock)
        {
            if (_isMoving) return;
            _isMoving = true;
        }

        Continue(flushes);
    }

    /// <summary>Goes on behind a wait.</summary>
    public void Continue(FlushSet flushes)
    {
        while (TryPeek(out var letter))
        {
            if (!letterer.TryTransfer(queue, this, in letter, flushes)) return;
            lock (_lock) _letters.Dequeue();
        }
    }

    /// <summary>What was on its way when the line stopped is on the disk.</summary>
    protected internal override void Applied(bool durable, FlushSet flushes) =>
        queue.Host.Broker.Scheduler.Schedule(this);

    void IThreadPoolWorkItem.Execute()
    {
        var flushes = FlushSet.ForThisThread;
        Continue(flushes);
        flushes.FlushAll();
    }

    private bool TryPeek(out DeadLetter letter)
    {
        lock (_lock) return _isMoving = _letters.TryPeek(out letter);
    }
}
