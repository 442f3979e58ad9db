using System.Collections.Concurrent;
using Posthaste.Broker.Scheduling;

namespace Posthaste.Broker.Statistics;

/// <summary>
/// Collects what the broker's objects count, and samples it for rates and plots.
/// </summary>
/// <remarks>
/// <code>
///   queue ────────────────────▶ virtual host ─▶ broker
///   channel ─▶ connection ─────▶ virtual host ─▶ broker, protocol
///   exchange (for itself)
/// </code>
/// <para>
/// Who works on an object counts in plain fields of it, that it alone writes or whose lock it holds anyway; nothing is
/// added up while messages pass. The first count after a collection puts the object on a list. A collection (each
/// <see cref="PeriodMs"/>, and when somebody looks at a sum) takes that list, reads the fields while the others go
/// on writing them, and adds the changes to everything above. So it costs what has changed, however many objects there
/// are.
/// </para>
/// <para>
/// Thread rule: any thread reads. Collecting and sampling are under one lock that no message waits for; within it no
/// other lock is taken.
/// </para>
/// </remarks>
public sealed class BrokerStatistics : ITickable
{
    /// <summary>
    /// Milliseconds between samples, and so what rates are over. 5,000, as in RabbitMQ, whose tools ask that often.
    /// </summary>
    public const int PeriodMs = 5_000;

    /// <summary>Ticks that histories reach back: 120, ten minutes.</summary>
    public const int TicksKept = 120;

    /// <summary>
    /// Objects that have a history at a time, beside the broker and virtual hosts, which always do: 1,000. A full one
    /// has 25 KiB, so all have 25 MiB at most. Those that were idle for as long as histories reach give theirs up.
    /// </summary>
    public const int HistoriesMax = 1_000;

    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly ConcurrentQueue<Meter> _noted = new();
    private readonly List<Meter> _taken = [];
    private readonly List<Meter> _dirty = [];
    private readonly HashSet<Meter> _withHistory = [];
    private readonly ConcurrentDictionary<string, ProtocolMeter> _protocols = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, LoginCounts> _logins = new(StringComparer.Ordinal);
    private readonly long[] _tickTimesMs = new long[TicksKept + 1];
    private long _lastTickMs;
    private int _currentTick;

    /// <param name="time">The wall clock, for the times of samples.</param>
    /// <param name="connectionTime">The clock of ticks.</param>
    internal BrokerStatistics(TimeProvider time, TimeProvider connectionTime)
    {
        _time = time;
        _lastTickMs = BrokerTicker.NowMs(connectionTime);
        QuotaHolds = new HoldMeter(connectionTime);
        _tickTimesMs[0] = WallMs;
        Broker = new GroupMeter(this, parent: null);
    }

    /// <summary>The sum of everything.</summary>
    public GroupMeter Broker { get; }

    /// <summary>How often connections, channels and queues came and went.</summary>
    public Churn Churn { get; } = new();

    /// <summary>The sums of the connections of each protocol that was spoken so far, by its name.</summary>
    public IReadOnlyDictionary<string, ProtocolMeter> Protocols => _protocols;

    /// <summary>
    /// Attempts to log in by the protocol in whose words they came: `http` is the management API, `direct` the process
    /// itself.
    /// </summary>
    public IReadOnlyDictionary<string, LoginCounts> Logins => _logins;

    /// <summary>How long connections were not read because of the quotas of users and virtual hosts.</summary>
    public HoldMeter QuotaHolds { get; }

    /// <summary>The number of the last sample.</summary>
    internal int CurrentTick => Volatile.Read(ref _currentTick);

    /// <summary>How many meters the last sample looked at.</summary>
    internal int SampledCount { get; private set; }

    private long WallMs => _time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Samples when it is time.</summary>
    void ITickable.Tick(long nowMs)
    {
        // The ticker comes every half second: what is almost due does not wait for the next one.
        if (nowMs - _lastTickMs >= PeriodMs - (BrokerTicker.PeriodMs / 2)) Sample(nowMs);
    }

    internal void Sample(long nowMs)
    {
        lock (_lock)
        {
            Collect();
            var tick = _currentTick + 1;
            var seconds = Math.Max(1, nowMs - _lastTickMs) / 1_000.0;
            _lastTickMs = nowMs;
            _tickTimesMs[tick % _tickTimesMs.Length] = WallMs;
            Churn.Sample(seconds);
            foreach (var meter in _dirty) meter.RecordSample(tick, seconds);
            SampledCount = _dirty.Count;
            _dirty.Clear();
            Volatile.Write(ref _currentTick, tick);
            if (tick % TicksKept == 0) ForgetIdle(tick);
        }
    }

    internal ProtocolMeter OfProtocol(string protocol) =>
        _protocols.GetOrAdd(protocol, static (_, statistics) => new ProtocolMeter(statistics), this);

    /// <summary>Somebody has tried to log in.</summary>
    /// <param name="listener">Where; names of listeners are the protocol's with what it is spoken over.</param>
    /// <param name="succeeded">Whether that was so.</param>
    internal void CountLogin(string listener, bool succeeded)
    {
        var protocol = listener.Length == 0 ? "direct" : listener.Split('-')[0].TrimEnd('s');
        _logins.GetOrAdd(protocol, static _ => new LoginCounts()).Count(succeeded);
    }

    internal void Enqueue(Meter meter) => _noted.Enqueue(meter);

    /// <summary>Under the lock.</summary>
    internal void AddDirty(Meter meter) => _dirty.Add(meter);

    /// <summary>Under the lock: whether the meter may keep a history.</summary>
    internal bool GrantHistory(Meter meter) =>
        meter is GroupMeter and not ConnectionMeter || _withHistory.Contains(meter)
        || (_withHistory.Count < HistoriesMax && _withHistory.Add(meter));

    /// <summary>The thing that a meter counts for is gone. Not under a lock that counting takes.</summary>
    internal void End(Meter meter)
    {
        lock (_lock)
        {
            meter.CollectLast();
            _withHistory.Remove(meter);
        }
    }

    internal MetricValues CollectedNow(Meter meter)
    {
        lock (_lock)
        {
            Collect();
            meter.Collect();
            return meter.Total;
        }
    }

    internal IReadOnlyList<MetricSample> HistoryOf(Meter meter, Metric metric, long ageMs, long stepMs)
    {
        var ticksPerStep = (int)Math.Clamp(stepMs / PeriodMs, 1, TicksKept);
        var ticks = (int)Math.Clamp(ageMs / PeriodMs, 0, TicksKept);
        var samples = new List<MetricSample>((ticks / ticksPerStep) + 1);
        lock (_lock)
        {
            for (var back = 0; back <= ticks && back <= _currentTick; back += ticksPerStep)
            {
                var tick = _currentTick - back;
                if (meter.Record?.At(metric, tick) is not { } value) break;
                samples.Add(new MetricSample(_tickTimesMs[tick % _tickTimesMs.Length], value));
            }
        }

        return samples;
    }

    /// <summary>Under the lock: reads everything that has counted since.</summary>
    private void Collect()
    {
        while (_noted.TryDequeue(out var meter))
        {
            meter.ClearNoted();
            _taken.Add(meter);
        }

        if (_taken.Count == 0) return;

        // Whoever still saw the mark before it was cleared has counted before: this makes those counts visible here,
        // and costs nothing there. Whoever sees it cleared puts the meter on the list again.
        Interlocked.MemoryBarrierProcessWide();
        foreach (var meter in _taken) meter.Collect();
        _taken.Clear();
    }

    private void ForgetIdle(int tick) => _withHistory.RemoveWhere(meter =>
    {
        if (meter.Record is { } record && record.LastTick > tick - TicksKept) return false;
        meter.Record?.Forget();
        return true;
    });
}
