namespace Posthaste.Load;

/// <summary>What <c>posthaste bench</c> does to a broker.</summary>
/// <param name="QueueCount">Producers and consumers are spread over these evenly.</param>
/// <param name="BodyBytes">At least <see cref="BodyBytesMin"/>.</param>
/// <param name="IsPersistent">Persistent messages to durable queues, or transient ones to transient queues.</param>
/// <param name="ConfirmWindow">Messages of a producer on their way to a confirm; 0 publishes without confirms.</param>
/// <param name="Prefetch">Messages of a consumer on their way to an acknowledgement; 0 acknowledges by sending.</param>
/// <param name="RatePerProducer">Messages a second of each producer; 0 for as many as possible.</param>
internal sealed record LoadPlan(
    int ProducerCount,
    int ConsumerCount,
    int QueueCount,
    int BodyBytes,
    TimeSpan Duration,
    bool IsPersistent,
    int ConfirmWindow,
    ushort Prefetch,
    int RatePerProducer)
{
    /// <summary>A body carries the time of its publish.</summary>
    public const int BodyBytesMin = sizeof(long);

    /// <summary>Seconds of load before measuring: connections are made, code is compiled, buffers have grown.</summary>
    public const int WarmUpSeconds = 2;
}

/// <summary>What came of it, over the measured time.</summary>
internal sealed record LoadResult(long PublishedCount, long ConsumedCount, TimeSpan Elapsed, LatencyHistogram Latency)
{
    public double PublishedPerSecond => PublishedCount / Elapsed.TotalSeconds;

    public double ConsumedPerSecond => ConsumedCount / Elapsed.TotalSeconds;
}
