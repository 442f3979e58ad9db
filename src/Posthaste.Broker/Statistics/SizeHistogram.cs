namespace Posthaste.Broker.Statistics;

/// <summary>
/// How large messages are, in the buckets that RabbitMQ's dashboards ask for. Each session has one, which its reader
/// alone counts in; the statistics add up what has changed by protocol.
/// </summary>
public sealed class SizeHistogram
{
    private static readonly long[] Bounds =
        [100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 50_000_000, 100_000_000];

    private readonly long[] _counts = new long[Bounds.Length + 1];
    private long _sumBytes;

    /// <summary>Upper bounds of the buckets in bytes; one more bucket has no bound.</summary>
    public static ReadOnlySpan<long> BoundsBytes => Bounds;

    /// <summary>Messages of each bucket alone, the unbounded one last.</summary>
    public ReadOnlySpan<long> Counts => _counts;

    /// <summary>All messages.</summary>
    public long Count
    {
        get
        {
            var sum = 0L;
            foreach (var count in _counts) sum += count;
            return sum;
        }
    }

    /// <summary>Of all messages.</summary>
    public long SumBytes => Volatile.Read(ref _sumBytes);

    internal void Add(int bytes)
    {
        var at = 0;
        while (at < Bounds.Length && bytes > Bounds[at]) at++;
        _counts[at]++;
        _sumBytes += bytes;
    }

    /// <summary>Adds what another one has counted since the last call with the same two.</summary>
    /// <param name="counted">Counted in meanwhile, perhaps.</param>
    /// <param name="taken">What of it was added before; brought up to date.</param>
    internal void AddChange(SizeHistogram counted, SizeHistogram taken)
    {
        for (var i = 0; i < _counts.Length; i++)
        {
            var count = Volatile.Read(ref counted._counts[i]);
            _counts[i] += count - taken._counts[i];
            taken._counts[i] = count;
        }

        var sumBytes = counted.SumBytes;
        _sumBytes += sumBytes - taken._sumBytes;
        taken._sumBytes = sumBytes;
    }
}
