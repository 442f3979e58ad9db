using System.Diagnostics.Metrics;

namespace Posthaste.Broker.Statistics;

/// <summary>
/// How long something took, in buckets. One thread adds at a time; any reads, perhaps one addition behind.
/// </summary>
public sealed class LatencyHistogram
{
    private static readonly double[] Bounds =
        [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

    private readonly long[] _counts = new long[Bounds.Length + 1];
    private double _sumSeconds;

    /// <summary>Upper bounds of the buckets in seconds; one more bucket has no bound.</summary>
    public static ReadOnlySpan<double> BoundsSeconds => Bounds;

    /// <summary>Additions of each bucket alone, the unbounded one last.</summary>
    public ReadOnlySpan<long> Counts => _counts;

    /// <summary>Of all additions.</summary>
    public double SumSeconds => Volatile.Read(ref _sumSeconds);

    /// <summary>Who is told of each addition, too; null for nobody.</summary>
    public Histogram<double>? Listener { get; set; }

    internal void Add(double seconds)
    {
        var at = 0;
        while (at < Bounds.Length && seconds > Bounds[at]) at++;
        _counts[at]++;
        Volatile.Write(ref _sumSeconds, _sumSeconds + seconds);
        Listener?.Record(seconds);
    }
}
