using Posthaste.Broker.Connections;
using Posthaste.Broker.Publishing;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Sessions;
using Posthaste.Core.Queues;

namespace Posthaste.Broker.Taps;

/// <summary>To whom a message went.</summary>
/// <param name="Connection">Null for the broker itself.</param>
/// <param name="Channel">Null where the protocol has none.</param>
/// <param name="ConsumerTag">Null for a single message that was asked for.</param>
/// <param name="IsSettled">Nothing is to be acknowledged: it has left the queue.</param>
public readonly record struct DeliveryTarget(
    BrokerConnection? Connection, BrokerChannel? Channel, string? ConsumerTag, bool IsSettled)
{
    /// <summary>
    /// The source of a message that goes straight from its publisher to its consumer, and is no entry of the queue;
    /// null for one that was in the queue.
    /// </summary>
    public PublishSource? Source { get; init; }
}

/// <summary>
/// Watches the messages of clients on their way: the firehose, tracing. Added to a virtual host
/// (<see cref="VirtualHost.AddTap"/>) or to all of them (<see cref="MessageBroker.AddTap"/>), and taken away again.
/// </summary>
/// <remarks>
/// <para>
/// What it is told is told before it shows: a publish before the first delivery of it, and that before its settlement.
/// What the broker does by itself (dead letters, delays that are over, messages moved by an operator, what a tap
/// publishes) is not published by a client and not told; the deliveries of it are.
/// </para>
/// <para>
/// Threads: any, several at a time. <see cref="Published"/> and <see cref="Left"/> hold no lock.
/// <see cref="Delivered"/> and <see cref="Settled"/> are on the strand of the queue: they copy what they need (bytes
/// are valid during the call only), take no lock that is before an output's, and leave the rest to <see cref="Left"/>,
/// which follows on the same thread. While there is no tap, messages cost one look at
/// <see cref="VirtualHost.Tap"/> per batch of publishes and per run of deliveries.
/// </para>
/// </remarks>
public abstract class MessageTap
{
    /// <summary>
    /// A client's messages have been routed and are about to go to their queues, in this order; those whose route is
    /// empty go nowhere. A queue may still refuse one. To hear when one is safe (in all its queues, and synced where it
    /// must be) or refused, a tap puts a <see cref="PublishSource"/> of its own in place of the message's, and hands
    /// the word on to that one; a <see cref="TapSource"/> also hears what it becomes in its queues.
    /// </summary>
    /// <param name="messages">Their bytes are valid during the call.</param>
    /// <param name="by">Whose they are; null when the client is gone, as with a will.</param>
    /// <param name="flushes">Where to register outputs that were written to.</param>
    protected internal virtual void Published(
        Span<OutgoingPublish> messages, BrokerConnection? by, FlushSet flushes)
    {
    }

    /// <summary>A message has been written to a client's output.</summary>
    protected internal virtual void Delivered(in DeliveredMessage message, in DeliveryTarget to)
    {
    }

    /// <summary>Deliveries of a queue have ended; not told of those that were settled when they were made.</summary>
    protected internal virtual void Settled(BrokerQueue queue, ReadOnlySpan<EntryId> ids, Settlement how)
    {
    }

    /// <summary>
    /// The broker moves a message on by itself: it died in a queue, or its delay is over. Not on a strand.
    /// </summary>
    /// <param name="from">Where it was.</param>
    /// <param name="id">As which entry.</param>
    /// <param name="reason">Why it died; null when its delay is over.</param>
    /// <param name="message">As it is published now, to the queues of its route.</param>
    /// <returns>
    /// Who is to hear when it is safe there (<see cref="TapSource"/>), or could not leave; null for nobody.
    /// </returns>
    protected internal virtual PublishSource? Moving(
        BrokerQueue from, EntryId id, DeadLetterReason? reason, in OutgoingPublish message) => null;

    /// <summary>The strand on which it was told something has been left.</summary>
    protected internal virtual void Left(FlushSet flushes)
    {
    }
}
