using Posthaste.Broker.Queues;

namespace Posthaste.Broker.Sessions;

/// <summary>A subscription that writes what it is given to a <see cref="SessionOutput"/>.</summary>
public abstract class SessionSubscription(BrokerQueue queue) : Subscription
{
    /// <summary>The queue that it is on.</summary>
    public BrokerQueue Queue { get; } = queue;

    /// <summary>
    /// Milliseconds that the client may take to settle a delivery; 0 for any time. Default: what the queue says.
    /// </summary>
    public long TimeoutMs { get; init; } = queue.ConsumerTimeoutMs;
}
