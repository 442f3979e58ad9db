using System.Diagnostics;

namespace Posthaste.Bench.Load;

/// <summary>
/// Collects latencies from intended start times. Every sample is kept, so percentiles are exact. One recording thread.
/// </summary>
internal sealed class LatencyRecorder(int capacity)
{
    private readonly long[] _ticks = new long[capacity];
    private int _count;

    public int Count => _count;

    /// <summary>Intended times before this are warm-up.</summary>
    public long StartTimestamp { get; init; }

    /// <summary>
    /// Records the time since <paramref name="intendedTimestamp"/>; samples before <see cref="StartTimestamp"/> do not
    /// count.
    /// </summary>
    public void Record(long intendedTimestamp)
    {
        if (intendedTimestamp < StartTimestamp)
        {
            return;
        }

        long elapsed = Stopwatch.GetTimestamp() - intendedTimestamp;
        if (elapsed < 0)
        {
            throw new WorkloadException("an answer came before its message was sent");
        }

        _ticks[_count++] = elapsed;
    }

    /// <summary>
    /// The latency in milliseconds that <paramref name="fraction"/> of the samples do not exceed. After recording.
    /// </summary>
    public double PercentileMs(double fraction)
    {
        if (_count == 0)
        {
            throw new WorkloadException("no latency was recorded");
        }

        Array.Sort(_ticks, 0, _count);
        int rank = Math.Clamp((int)Math.Ceiling(fraction * _count) - 1, 0, _count - 1);
        return _ticks[rank] * 1000.0 / Stopwatch.Frequency;
    }
}
