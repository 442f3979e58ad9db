using System.Runtime.CompilerServices;

namespace Posthaste.Broker.Statistics;

/// <summary>
/// The last sample of a meter, its rates, and perhaps those before. Written under the lock of the statistics; the rates
/// are read without.
/// </summary>
/// <remarks>
/// A sample is kept only of ticks in which something changed: between two samples the value is that of the earlier one.
/// So a thing that rests costs nothing, neither time nor memory.
/// </remarks>
internal sealed class MeterRecord
{
    private const int FirstCapacity = 8;

    private MetricValues _last;
    private RateValues _rates;
    private int _lastTick = -1;

    // A ring, growing up to one sample for each tick that is kept; null without a history.
    private Sample[]? _samples;
    private int _start;
    private int _count;

    /// <summary>The ticks before this one are not known, unless by samples.</summary>
    private int _knownSince;

    public int LastTick => Volatile.Read(ref _lastTick);

    public double Rate(Metric metric) => _rates[(int)metric];

    public void Add(in MetricValues values, int tick, double seconds, bool keepsHistory)
    {
        for (var i = 0; i < MetricValues.Count; i++) _rates[i] = (float)((values[i] - _last[i]) / seconds);
        if (keepsHistory)
        {
            if (_samples is null) Begin(tick);
            Keep(in values, tick);
        }

        _last = values;
        Volatile.Write(ref _lastTick, tick);
    }

    /// <summary>Gives the memory of the history back.</summary>
    public void Forget()
    {
        _samples = null;
        _start = _count = 0;
    }

    /// <summary>The value at a tick; null when it is not known.</summary>
    public long? At(Metric metric, int tick)
    {
        if (tick >= _lastTick) return _last.Of(metric);
        if (_samples is null || tick < _knownSince) return null;
        for (var i = _count - 1; i >= 0; i--)
        {
            ref var sample = ref _samples[(_start + i) % _samples.Length];
            if (sample.Tick <= tick) return sample.Values.Of(metric);
        }

        return null;
    }

    /// <summary>What was before is known too: nothing has changed since the last sample, if there was one.</summary>
    private void Begin(int tick)
    {
        _samples = new Sample[FirstCapacity];
        _knownSince = _lastTick >= 0 ? _lastTick : tick - 1;
        Keep(in _last, _knownSince);
    }

    private void Keep(in MetricValues values, int tick)
    {
        while (_count > 1 && _samples![(_start + 1) % _samples.Length].Tick <= tick - BrokerStatistics.TicksKept)
        {
            _start = (_start + 1) % _samples.Length;
            _count--;
        }

        if (_count == _samples!.Length) Grow();
        ref var sample = ref _samples[(_start + _count++) % _samples.Length];
        sample.Tick = tick;
        sample.Values = values;
        _knownSince = Math.Max(_knownSince, tick - BrokerStatistics.TicksKept);
    }

    private void Grow()
    {
        var larger = new Sample[_samples!.Length * 2];
        for (var i = 0; i < _count; i++) larger[i] = _samples[(_start + i) % _samples.Length];
        (_samples, _start) = (larger, 0);
    }

    private struct Sample
    {
        public int Tick;
        public MetricValues Values;
    }

    [InlineArray(MetricValues.Count)]
    private struct RateValues
    {
        private float _first;
    }
}
