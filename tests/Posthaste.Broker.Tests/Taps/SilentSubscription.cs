using Posthaste.Broker.Queues;

namespace Posthaste.Broker.Tests.Taps;

/// <summary>Takes everything, and does nothing with it.</summary>
internal sealed class SilentSubscription : Subscription
{
    protected internal override bool TryReserve() => true;

    protected internal override void Unreserve()
    {
    }

    protected internal override void Deliver(in DeliveredMessage message, FlushSet flushes)
    {
    }

    protected internal override void Cancelled(SubscriptionEnd reason, FlushSet flushes)
    {
    }
}
