using Posthaste.Broker.Queues;

namespace Posthaste.Broker.Sessions;

/// <summary>A subscription that writes what it is given to a <see cref="SessionOutput"/>.</summary>
public abstract class SessionSubscription(BrokerQueue queue) : Subscription
{
    /// <summary>The queue that it is on.</summary>
    public BrokerQueue Queue { get; } = queue;
}
