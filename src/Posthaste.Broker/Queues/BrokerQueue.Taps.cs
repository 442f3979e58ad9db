using Posthaste.Broker.Publishing;
using Posthaste.Broker.Sessions;
using Posthaste.Broker.Taps;
using Posthaste.Core.Queues;

namespace Posthaste.Broker.Queues;

/// <summary>
/// What those who watch the virtual host are told, on the strand. The tap is looked up once per run; a run that nobody
/// watches knows nothing of it.
/// </summary>
public sealed partial class BrokerQueue
{
    /// <summary>
    /// Deliveries that one thread makes for a queue that is watched, before it lets others have their turn: what a tap
    /// copies on the strand is held until that is left.
    /// </summary>
    private const int TappedDrainBudget = 256;

    private TappedOffers? _tappedOffers;

    /// <summary>
    /// Who was told something by this command; one tap for all of it, whatever is switched meanwhile.
    /// </summary>
    private MessageTap? _tapped;

    private DeliveryTally DeliverTapped(MessageTap tap)
    {
        _tappedOffers ??= new TappedOffers(this);
        _tappedOffers.Tap = tap;
        return _machine.Deliver(TappedDrainBudget, _nowMs, _tappedOffers);
    }

    private void Tap(
        MessageTap tap, in DeliveredMessage message, Subscription to, bool isSettled, PublishSource? source = null)
    {
        if (!to.HasSent) return;
        TapOf(tap).Delivered(
            in message, new DeliveryTarget(to.Connection, to.Channel, to.ConsumerTag, isSettled) { Source = source });
    }

    private void Tap(MessageTap tap, in DeliveredMessage message, GetRequest to) =>
        TapOf(tap).Delivered(in message, new DeliveryTarget(to.Connection, to.Channel, ConsumerTag: null, to.NoAck));

    private void TapSettled(ReadOnlySpan<EntryId> ids, Settlement how)
    {
        if (Host.Tap is { } tap) TapOf(tap).Settled(this, ids, how);
    }

    private void TapSettled(List<(EntryId Id, Subscription? By)> entries)
    {
        if (Host.Tap is { } tap)
            TapOf(tap).Settled(this, [.. entries.Select(static entry => entry.Id)], Settlement.Acknowledge);
    }

    private void TapSettled(List<ReturnedDelivery> entries)
    {
        if (Host.Tap is not { } tap) return;
        foreach (var (id, _, countsAsFailure) in entries)
            TapOf(tap).Settled(this, [id], countsAsFailure ? Settlement.RequeueFailed : Settlement.Requeue);
    }

    private MessageTap TapOf(MessageTap tap) => _tapped ??= tap;

    /// <summary>Takes the offers of a run that is watched.</summary>
    private sealed class TappedOffers(BrokerQueue queue) : IQueueOffers
    {
        public MessageTap? Tap { get; set; }

        public OfferResult Offer(
            QueueConsumer consumer, EntryId id, in QueueEntry entry, EntryCounters counters) =>
            queue.Offer(consumer, id, in entry, counters, Tap);
    }
}
