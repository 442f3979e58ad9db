using Posthaste.Broker.Connections;
using Posthaste.Core.Queues;
using Posthaste.Primitives.Tables;

namespace Posthaste.Broker.Queues;

/// <summary>Why a subscription ended without its session asking for it.</summary>
public enum SubscriptionEnd
{
    QueueDeleted,
}

/// <summary>
/// A protocol session's subscription to a queue. The queue calls it on its strand, under its lock: it may take the lock
/// of its own output, and must not call a queue, the catalog or the pipeline.
/// </summary>
public abstract class Subscription : QueueConsumer
{
    /// <summary>What the client knows it by, for those who look at it.</summary>
    public virtual string ConsumerTag => "";

    /// <summary>Whose it is; null for the broker's own.</summary>
    public virtual BrokerConnection? Connection => null;

    /// <summary>The channel that it is on; null where the protocol has none.</summary>
    public virtual BrokerChannel? Channel => null;

    /// <summary>What the client asked for with it.</summary>
    public FieldTable Arguments { get; init; } = FieldTable.Empty;

    /// <summary>
    /// The subscription is on the queue: the answer to the client that must stand before the first delivery is due now.
    /// </summary>
    protected internal virtual void Started(FlushSet flushes)
    {
    }

    /// <summary>
    /// Whether one more message can be taken: there is room in the output and credit of the session. What is taken by
    /// true is used by
    /// <see cref="Deliver"/> or given back by <see cref="Unreserve"/>. After false the session calls <see
    /// cref="BrokerQueue.Resume"/> when there is
    /// room again, from outside any queue's strand.
    /// </summary>
    protected internal abstract bool TryReserve();

    /// <summary>The message that room was made for does not come now.</summary>
    protected internal abstract void Unreserve();

    /// <summary>Encodes the message into the output. Its bytes are valid during the call only.</summary>
    protected internal abstract void Deliver(in DeliveredMessage message, FlushSet flushes);

    /// <summary>
    /// Whether the message just delivered counts as settled, because it was none to acknowledge. Asked right after each
    /// <see cref="Deliver"/>, unless the subscription never acknowledges.
    /// </summary>
    protected internal virtual bool IsSettledOnDelivery => false;

    /// <summary>
    /// Whether the message just delivered has gone to the client; false when the session found it to be none for it.
    /// Asked, by those who watch, right after <see cref="Deliver"/>.
    /// </summary>
    protected internal virtual bool HasSent => true;

    /// <summary>The queue has ended the subscription; nothing more comes from it.</summary>
    protected internal abstract void Cancelled(SubscriptionEnd reason, FlushSet flushes);
}
