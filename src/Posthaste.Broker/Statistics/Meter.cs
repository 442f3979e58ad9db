namespace Posthaste.Broker.Statistics;

/// <summary>
/// The counts of one thing (a queue, an exchange, a channel, a connection, a virtual host, the broker), their rates
/// and, for a while, their history. What <c>BrokerStatistics</c> collects; see there for how.
/// </summary>
/// <remarks>All public members may be called from any thread and stop nobody.</remarks>
public abstract class Meter
{
    private readonly Meter? _parent;
    private MetricValues _collected;
    private MeterRecord? _record;
    private bool _isNoted;
    private bool _isDirty;

    private protected Meter(BrokerStatistics statistics, Meter? parent)
    {
        Statistics = statistics;
        _parent = parent;
    }

    /// <summary>The counts as they are in this moment.</summary>
    public virtual MetricValues Now
    {
        get
        {
            var values = default(MetricValues);
            Read(ref values);
            if (HasEnded) values.ClearGauges();
            return values;
        }
    }

    internal BrokerStatistics Statistics { get; }

    /// <summary>The thing is gone. Under the lock of the statistics.</summary>
    internal bool HasEnded { get; private set; }

    /// <summary>What was collected last, with that of all below it. Under the lock of the statistics.</summary>
    internal virtual MetricValues Total => _collected;

    internal MeterRecord? Record => _record;

    /// <summary>
    /// Change per second of a metric, from the last sample but one to the last one: over
    /// <see cref="BrokerStatistics.PeriodMs"/>. 0 before the first and when nothing happened.
    /// </summary>
    public double Rate(Metric metric) =>
        _record is { } record && record.LastTick == Statistics.CurrentTick ? record.Rate(metric) : 0;

    /// <summary>
    /// Values at past samples, the newest first, one for every <paramref name="stepMs"/> back to
    /// <paramref name="ageMs"/>; fewer if not all are known: at most ten minutes are, and only of the objects that
    /// <see cref="BrokerStatistics.HistoriesMax"/> has room for.
    /// </summary>
    public IReadOnlyList<MetricSample> History(Metric metric, long ageMs, long stepMs) =>
        Statistics.HistoryOf(this, metric, ageMs, stepMs);

    /// <summary>
    /// Something was counted: to be collected, soon. Called after the counting, once per batch of work; costs a read.
    /// </summary>
    internal void Note()
    {
        if (Volatile.Read(ref _isNoted)) return;
        Volatile.Write(ref _isNoted, true);
        Statistics.Enqueue(this);
    }

    internal void ClearNoted() => Volatile.Write(ref _isNoted, false);

    /// <summary>Adds the thing's own counts as they are now. Any thread; while others count.</summary>
    protected abstract void Read(ref MetricValues into);

    /// <summary>Takes the thing's counts, and tells all above it of the change. Under the lock.</summary>
    internal virtual void Collect()
    {
        if (HasEnded) return;
        var now = default(MetricValues);
        Read(ref now);
        Take(in now);
    }

    /// <summary>The thing is gone: its counts live on in those above it. Under the lock.</summary>
    internal virtual void CollectLast()
    {
        if (HasEnded) return;
        var now = default(MetricValues);
        Read(ref now);
        now.ClearGauges();
        Take(in now);
        HasEnded = true;
        _record = null;
    }

    /// <summary>Notes the values for rate and history. Under the lock.</summary>
    internal void RecordSample(int tick, double seconds)
    {
        _isDirty = false;
        if (HasEnded) return;
        var total = Total;
        (_record ??= new MeterRecord()).Add(in total, tick, seconds, Statistics.GrantHistory(this));
    }

    private protected virtual void AddBelow(in MetricValues change)
    {
    }

    /// <summary>Tells a sum that is not above it of its own or a lower one's change.</summary>
    private protected virtual void ShareAside(in MetricValues change)
    {
    }

    /// <summary>Adds to a sum of things that are not below.</summary>
    private protected static void AddTo(GroupMeter sum, in MetricValues change)
    {
        sum.AddBelow(in change);
        sum.MarkDirty();
    }

    /// <summary>Leaves of a change what the parent is to count.</summary>
    private protected virtual void PassOn(ref MetricValues change)
    {
    }

    private void Take(in MetricValues now)
    {
        var change = now;
        change.Subtract(in _collected);
        if (change.IsZero) return;
        _collected = now;
        MarkDirty();
        ShareAside(in change);
        PassOn(ref change);
        for (var above = _parent; above is not null; above = above._parent)
        {
            above.AddBelow(in change);
            above.MarkDirty();
            above.ShareAside(in change);
            above.PassOn(ref change);
        }
    }

    private void MarkDirty()
    {
        if (_isDirty) return;
        _isDirty = true;
        Statistics.AddDirty(this);
    }
}

/// <summary>A value of the past.</summary>
/// <param name="AtMs">When, in milliseconds since the Unix epoch.</param>
/// <param name="Value">The counter or gauge then.</param>
public readonly record struct MetricSample(long AtMs, long Value);
