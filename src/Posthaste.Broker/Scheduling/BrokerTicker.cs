namespace Posthaste.Broker.Scheduling;

/// <summary>Something that looks at the clock now and then: a connection with its heartbeats and timeouts.</summary>
public interface ITickable
{
    /// <summary>Called about every <see cref="BrokerTicker.PeriodMs"/>. Must not block or throw.</summary>
    /// <param name="nowMs">Milliseconds on a clock that only moves forward; where it starts means nothing.</param>
    void Tick(long nowMs);
}

/// <summary>One coarse timer for all connections, instead of a timer for each. Any thread.</summary>
public sealed class BrokerTicker : IDisposable
{
    /// <summary>
    /// Period in milliseconds. Heartbeats and timeouts are counted in seconds, so half a second is near enough.
    /// </summary>
    public const int PeriodMs = 500;

    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly HashSet<ITickable> _items = [];
    private readonly List<ITickable> _round = [];
    private readonly ITimer _timer;

    internal BrokerTicker(TimeProvider time)
    {
        _time = time;
        var period = TimeSpan.FromMilliseconds(PeriodMs);
        _timer = time.CreateTimer(_ => Run(), null, period, period);
    }

    /// <summary>Ticks it from now on, until the result is disposed.</summary>
    public IDisposable Register(ITickable item)
    {
        lock (_lock) _items.Add(item);
        return new Registration(this, item);
    }

    public void Dispose() => _timer.Dispose();

    /// <summary>
    /// What ticks say. Not the wall clock: a machine that sets its clock must not seem to have silent peers.
    /// </summary>
    internal static long NowMs(TimeProvider time) => (long)time.GetElapsedTime(0).TotalMilliseconds;

    private void Run()
    {
        lock (_round)
        {
            lock (_lock) _round.AddRange(_items);
            var nowMs = NowMs(_time);
            foreach (var item in _round) item.Tick(nowMs);
            _round.Clear();
        }
    }

    private sealed class Registration(BrokerTicker ticker, ITickable item) : IDisposable
    {
        public void Dispose()
        {
            lock (ticker._lock) ticker._items.Remove(item);
        }
    }
}
