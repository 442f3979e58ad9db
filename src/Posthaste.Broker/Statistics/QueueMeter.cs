using Posthaste.Broker.Queues;
using Posthaste.Core.Queues;

namespace Posthaste.Broker.Statistics;

/// <summary>What a queue counts, on its strand. Made by the first message: an empty queue has none.</summary>
public sealed class QueueMeter : Meter
{
    private readonly BrokerQueue _queue;
    private ConsumerCapacity _capacity;

    internal QueueMeter(BrokerQueue queue)
        : base(queue.Host.Broker.Statistics, queue.Host.Meter) => _queue = queue;

    internal long EnqueuedCount;
    internal long EnqueuedBytes;
    internal DeliveryCounts Deliveries;
    internal long DeliveredBytes;
    internal long AcknowledgedCount;
    internal long DeadRejectedCount;
    internal long DeadExpiredCount;
    internal long DeadMaxLengthCount;
    internal long DeadDeliveryLimitCount;

    /// <summary>
    /// The share of the last seconds in which a consumer would have taken a message at once, from 0 to 1; 0 without
    /// consumers.
    /// </summary>
    public double ConsumerCapacity => _queue.ConsumerCount == 0 ? 0 : _capacity.At(_queue.Host.Broker.NowMs);

    internal void NoteRoom(bool hasRoom, long nowMs) => _capacity.Note(hasRoom, nowMs);

    internal void CountDelivered(in DeliveryTally tally)
    {
        Deliveries.DeliveredCount += tally.Count - tally.SettledCount;
        Deliveries.DeliveredNoAckCount += tally.SettledCount;
        Deliveries.RedeliveredCount += tally.RedeliveredCount;
        DeliveredBytes += tally.BodyBytes;
    }

    internal void CountGet(bool noAck, bool redelivered, int bodyBytes)
    {
        Deliveries.CountGet(noAck, redelivered);
        DeliveredBytes += bodyBytes;
    }

    internal void CountDeath(DeadLetterReason reason)
    {
        switch (reason)
        {
            case DeadLetterReason.Rejected: DeadRejectedCount++; break;
            case DeadLetterReason.Expired: DeadExpiredCount++; break;
            case DeadLetterReason.MaxLength: DeadMaxLengthCount++; break;
            case DeadLetterReason.DeliveryLimit: DeadDeliveryLimitCount++; break;
        }
    }

    protected override void Read(ref MetricValues into)
    {
        into.Set(Metric.Enqueued, EnqueuedCount);
        into.Set(Metric.EnqueuedBytes, EnqueuedBytes);
        into.Set(Metric.Delivered, Deliveries.DeliveredCount);
        into.Set(Metric.DeliveredNoAck, Deliveries.DeliveredNoAckCount);
        into.Set(Metric.Got, Deliveries.GotCount);
        into.Set(Metric.GotNoAck, Deliveries.GotNoAckCount);
        into.Set(Metric.GotEmpty, Deliveries.GotEmptyCount);
        into.Set(Metric.Redelivered, Deliveries.RedeliveredCount);
        into.Set(Metric.DeliveredBytes, DeliveredBytes);
        into.Set(Metric.Acknowledged, AcknowledgedCount);
        into.Set(Metric.DeadRejected, DeadRejectedCount);
        into.Set(Metric.DeadExpired, DeadExpiredCount);
        into.Set(Metric.DeadMaxLength, DeadMaxLengthCount);
        into.Set(Metric.DeadDeliveryLimit, DeadDeliveryLimitCount);
        into.Set(Metric.Ready, _queue.MessageCount);
        into.Set(Metric.Unacknowledged, _queue.UnackedCount);
    }
}
