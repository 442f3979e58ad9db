using Posthaste.Broker.Publishing;
using Posthaste.Broker.Queues;
using Posthaste.Core.Queues;

namespace Posthaste.Broker.Taps;

/// <summary>
/// What a tap puts in place of a message's source (<see cref="MessageTap.Published"/>) when it wants to know it again:
/// it also hears which entries of which queues the message becomes.
/// </summary>
public abstract class TapSource : PublishSource
{
    /// <summary>
    /// The message is in a queue, as this entry. On the queue's strand, before the entry is delivered; not told of one
    /// that goes straight to its consumer, whose <see cref="DeliveryTarget.Source"/> says whose it is.
    /// </summary>
    protected internal abstract void Entered(BrokerQueue queue, EntryId id);
}
