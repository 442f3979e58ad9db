using Posthaste.Broker.Connections;
using Posthaste.Broker.Publishing;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Sessions;
using Posthaste.Core.Queues;

namespace Posthaste.Broker.Taps;

/// <summary>Several taps as one. Immutable.</summary>
internal sealed class TapSet(MessageTap[] taps) : MessageTap
{
    /// <summary>One that tells all of them; null for none.</summary>
    public static MessageTap? Of(MessageTap[] taps) => taps.Length > 1 ? new TapSet(taps) : taps.FirstOrDefault();

    protected internal override void Published(
        Span<OutgoingPublish> messages, BrokerConnection? by, FlushSet flushes)
    {
        foreach (var tap in taps) tap.Published(messages, by, flushes);
    }

    protected internal override void Delivered(in DeliveredMessage message, in DeliveryTarget to)
    {
        foreach (var tap in taps) tap.Delivered(in message, in to);
    }

    protected internal override void Settled(BrokerQueue queue, ReadOnlySpan<EntryId> ids, Settlement how)
    {
        foreach (var tap in taps) tap.Settled(queue, ids, how);
    }

    /// <summary>The first that wants to hear of it does.</summary>
    protected internal override PublishSource? Moving(
        BrokerQueue from, EntryId id, DeadLetterReason? reason, in OutgoingPublish message)
    {
        foreach (var tap in taps)
        {
            if (tap.Moving(from, id, reason, in message) is { } source) return source;
        }

        return null;
    }

    protected internal override void Left(FlushSet flushes)
    {
        foreach (var tap in taps) tap.Left(flushes);
    }
}
