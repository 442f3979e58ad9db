namespace Posthaste.Simulation.Hosting;

/// <summary>
/// A clock that only moves when it is told to, and runs the timers that come due on the way, in order. One thread.
/// </summary>
internal sealed class ManualTime : TimeProvider
{
    private readonly List<ManualTimer> _timers = [];
    private DateTimeOffset _now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private long _lastTimer;

    public long NowMs => _now.ToUnixTimeMilliseconds();

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => _now;

    public override long GetTimestamp() => _now.Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, ++_lastTimer, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves on; timers run at their own time.</summary>
    public void Advance(long ms)
    {
        var end = _now + TimeSpan.FromMilliseconds(ms);
        while (_timers.Where(timer => timer.Due <= end).MinBy(timer => (timer.Due, timer.Number)) is { } next)
        {
            _now = next.Due > _now ? next.Due : _now;
            next.Fire();
        }

        _now = end;
    }

    /// <summary>The process that set them is gone.</summary>
    public void ForgetTimers() => _timers.Clear();

    private sealed class ManualTimer(ManualTime time, long number, Action run) : ITimer
    {
        private TimeSpan _period;

        public long Number => number;

        public DateTimeOffset Due { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _period = period;
            time._timers.Remove(this);
            if (dueTime == Timeout.InfiniteTimeSpan) return true;
            Due = time._now + dueTime;
            time._timers.Add(this);
            return true;
        }

        public void Fire()
        {
            time._timers.Remove(this);
            if (_period > TimeSpan.Zero) Change(_period, _period);
            run();
        }

        public void Dispose() => time._timers.Remove(this);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
