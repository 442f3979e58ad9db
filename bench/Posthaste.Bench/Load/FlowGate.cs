namespace Posthaste.Bench.Load;

/// <summary>Says how many messages a publisher may send now.</summary>
internal interface IFlowGate
{
    /// <summary>Messages that may be sent now; zero or less means wait.</summary>
    long Room { get; }
}

/// <summary>No limit but the confirm window.</summary>
internal sealed class OpenGate : IFlowGate
{
    public static readonly OpenGate Instance = new();

    public long Room => long.MaxValue;
}

/// <summary>
/// Keeps the messages that are published but not yet delivered below a limit, so that a throughput workload measures
/// messages
/// that go through the broker and not how fast it can pile them up.
/// </summary>
/// <param name="published">One counter a publisher.</param>
/// <param name="delivered">One counter a consumer.</param>
/// <param name="deliveriesPerMessage">How often each message is delivered.</param>
/// <param name="limit">The most messages in flight.</param>
internal sealed class InFlightGate(Counter[] published, Counter[] delivered, int deliveriesPerMessage, long limit)
    : IFlowGate
{
    public long Room => limit - Sum(published) + (Sum(delivered) / deliveriesPerMessage);

    public static long Sum(Counter[] counters)
    {
        long sum = 0;
        foreach (Counter counter in counters)
        {
            sum += counter.Value;
        }

        return sum;
    }
}
