using Posthaste.Broker.Queues;

namespace Posthaste.Broker.Scheduling;

/// <summary>
/// When which queue has something to do by time: one timer for all queues, set to the earliest. Any thread.
/// </summary>
internal sealed class QueueTimers : IDisposable
{
    /// <summary>
    /// The furthest that the timer is set ahead; it is then set again. Far below the 49 days that a timer can take.
    /// </summary>
    private const long AheadMsMax = 60 * 60 * 1000;

    private readonly MessageBroker _broker;
    private readonly Lock _lock = new();
    private readonly PriorityQueue<BrokerQueue, long> _due = new();
    private readonly ITimer _timer;
    private long _timerMs = long.MaxValue;
    private bool _disposed;

    public QueueTimers(MessageBroker broker)
    {
        _broker = broker;
        _timer = broker.Options.Time.CreateTimer(_ => Run(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>
    /// The queue wants its tick at this time. A queue asks again only for an earlier time, so there are few stale
    /// items.
    /// </summary>
    public void Schedule(BrokerQueue queue, long dueMs)
    {
        if (dueMs == long.MaxValue) return;
        lock (_lock)
        {
            if (_disposed) return;
            _due.Enqueue(queue, dueMs);
            SetTimer();
        }
    }

    /// <summary>Many queues have gone at once: lets go of them before their times come.</summary>
    public void ForgetDeleted()
    {
        lock (_lock)
        {
            var rest = _due.UnorderedItems.Where(static item => !item.Element.IsDeleted).ToArray();
            _due.Clear();
            _due.EnqueueRange(rest);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _due.Clear();
        }

        _timer.Dispose();
    }

    /// <summary>Ticks every queue whose time has come.</summary>
    private void Run()
    {
        var flushes = FlushSet.ForThisThread;
        while (TryTakeDue(out var queue))
        {
            Schedule(queue!, queue!.Tick(_broker.NowMs, flushes));
            flushes.FlushAll();
        }
    }

    private bool TryTakeDue(out BrokerQueue? queue)
    {
        lock (_lock)
        {
            if (_due.TryPeek(out queue, out var dueMs) && dueMs <= _broker.NowMs)
            {
                _due.Dequeue();
                return true;
            }

            _timerMs = long.MaxValue;
            if (!_disposed) SetTimer();
            return false;
        }
    }

    private void SetTimer()
    {
        if (!_due.TryPeek(out _, out var dueMs) || dueMs >= _timerMs) return;
        _timerMs = dueMs;
        var inMs = Math.Clamp(dueMs - _broker.NowMs, 0, AheadMsMax);
        _timer.Change(TimeSpan.FromMilliseconds(inMs), Timeout.InfiniteTimeSpan);
    }
}
