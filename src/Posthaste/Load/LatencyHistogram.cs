using System.Diagnostics;
using System.Numerics;

namespace Posthaste.Load;

/// <summary>
/// Counts latencies in buckets that are at most 1/32 apart, whatever their magnitude, so that any percentile is right
/// within 3 % and recording costs a few instructions. One thread records; merge afterwards.
/// <code>
///  value (ns)   bucket
///  0 .. 63      the value itself
///  2^k .. 2^(k+1)-1, k >= 6: 32 buckets of 2^(k-5) each
/// </code>
/// </summary>
internal sealed class LatencyHistogram
{
    private const int SubBucketBits = 5;
    private const int SubBuckets = 1 << SubBucketBits;

    private readonly long[] _counts = new long[(64 - SubBucketBits + 1) * SubBuckets];

    public long Count { get; private set; }

    /// <summary>Records the time since a <see cref="Stopwatch"/> timestamp.</summary>
    public void RecordSince(long timestamp) => Record((long)Stopwatch.GetElapsedTime(timestamp).TotalNanoseconds);

    public void Record(long nanoseconds)
    {
        _counts[BucketOf((ulong)Math.Max(nanoseconds, 0))]++;
        Count++;
    }

    public void Add(LatencyHistogram other)
    {
        for (var bucket = 0; bucket < _counts.Length; bucket++) _counts[bucket] += other._counts[bucket];
        Count += other.Count;
    }

    public void Clear()
    {
        Array.Clear(_counts);
        Count = 0;
    }

    /// <summary>
    /// The latency that this share of the messages did not exceed; 1 is the maximum. Zero when nothing was recorded.
    /// </summary>
    public TimeSpan Percentile(double share)
    {
        var rank = Math.Max(1, (long)Math.Ceiling(Count * share));
        for (var bucket = 0; bucket < _counts.Length; bucket++)
        {
            rank -= _counts[bucket];
            if (rank <= 0) return TimeSpan.FromMicroseconds(HighestOf(bucket) / 1e3);
        }

        return TimeSpan.Zero;
    }

    private static int BucketOf(ulong value)
    {
        var shift = Math.Max(0, BitOperations.Log2(value | 1) - SubBucketBits);
        return (shift << SubBucketBits) + (int)(value >> shift);
    }

    private static double HighestOf(int bucket)
    {
        var shift = Math.Max(0, (bucket >> SubBucketBits) - 1);
        return Math.ScaleB(bucket - (shift << SubBucketBits) + 1, shift) - 1;
    }
}
