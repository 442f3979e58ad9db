namespace Posthaste.Broker.Statistics;

/// <summary>
/// What came to an exchange and what it sent on to queues. Several publishers count here, so they add up a batch for
/// themselves before they do (<c>PublishBatch</c>).
/// </summary>
public sealed class ExchangeMeter : Meter
{
    private long _publishedCount;
    private long _enqueuedCount;

    internal ExchangeMeter(BrokerStatistics statistics)
        : base(statistics, parent: null)
    {
    }

    internal void Count(long published, long enqueued)
    {
        Interlocked.Add(ref _publishedCount, published);
        if (enqueued != 0) Interlocked.Add(ref _enqueuedCount, enqueued);
        Note();
    }

    protected override void Read(ref MetricValues into)
    {
        into.Set(Metric.Published, Volatile.Read(ref _publishedCount));
        into.Set(Metric.Enqueued, Volatile.Read(ref _enqueuedCount));
    }
}
