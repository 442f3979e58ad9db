using Posthaste.Broker.Connections;
using Posthaste.Broker.Sessions;

namespace Posthaste.Broker.Statistics;

/// <summary>What counts messages on the client's side: a channel, or a session that has none.</summary>
public interface ITrafficSource
{
    /// <summary>Adds its counts as they are now. Any thread; while others count.</summary>
    void ReadTraffic(ref TrafficCounts into);

    /// <summary>Tells of the oldest delivery of each queue that its client has not settled. Any thread.</summary>
    void ShowOldest(OldestDeliveries into)
    {
    }
}

/// <summary>The counts of a channel, or of a session without channels.</summary>
public sealed class TrafficMeter : Meter
{
    private readonly ITrafficSource _source;

    internal TrafficMeter(BrokerStatistics statistics, ConnectionMeter connection, ITrafficSource source)
        : base(statistics, connection) => _source = source;

    /// <summary>The channel that it counts for; null for a session without channels.</summary>
    private BrokerChannel? Channel => _source as BrokerChannel;

    internal void ShowOldest(BrokerConnection connection, OldestDeliveries into)
    {
        into.Begin(connection, Channel);
        _source.ShowOldest(into);
    }

    protected override void Read(ref MetricValues into)
    {
        var counts = default(TrafficCounts);
        _source.ReadTraffic(ref counts);
        into.Set(Metric.Published, counts.Publishing.PublishedCount);
        into.Set(Metric.ReturnedUnroutable, counts.Publishing.ReturnedCount);
        into.Set(Metric.DroppedUnroutable, counts.Publishing.DroppedCount);
        into.Set(Metric.Acknowledged, counts.Publishing.AcknowledgedCount);
        into.Set(Metric.PublishedToConfirm, counts.ToConfirmCount);
        into.Set(Metric.Confirmed, counts.ConfirmedCount);
        into.Set(Metric.Delivered, counts.Deliveries.DeliveredCount);
        into.Set(Metric.DeliveredNoAck, counts.Deliveries.DeliveredNoAckCount);
        into.Set(Metric.Got, counts.Deliveries.GotCount);
        into.Set(Metric.GotNoAck, counts.Deliveries.GotNoAckCount);
        into.Set(Metric.GotEmpty, counts.Deliveries.GotEmptyCount);
        into.Set(Metric.Redelivered, counts.Deliveries.RedeliveredCount);
    }
}

/// <summary>All that a channel counts, by who counts it.</summary>
public struct TrafficCounts
{
    public ReaderCounts Publishing;
    public DeliveryCounts Deliveries;

    /// <summary>Publishes whose publisher is to be told of their fate, or has been.</summary>
    public long ToConfirmCount;

    /// <summary>Publishes that were confirmed; see <c>ConfirmWindow.ConfirmedCount</c>.</summary>
    public long ConfirmedCount;
}

/// <summary>What the reader of a connection counts. Apart from what others write, so that they share no cache
/// line.</summary>
public struct ReaderCounts
{
    public long PublishedCount;
    public long ReturnedCount;
    public long DroppedCount;
    public long AcknowledgedCount;
}

/// <summary>What is counted under the gate of an output, beside the delivery itself.</summary>
public struct DeliveryCounts
{
    public long DeliveredCount;
    public long DeliveredNoAckCount;
    public long GotCount;
    public long GotNoAckCount;
    public long GotEmptyCount;
    public long RedeliveredCount;

    /// <summary>A delivery to a consumer.</summary>
    public void CountDelivery(bool noAck, bool redelivered)
    {
        if (noAck) DeliveredNoAckCount++;
        else DeliveredCount++;
        if (redelivered) RedeliveredCount++;
    }

    /// <summary>A single message that was asked for.</summary>
    public void CountGet(bool noAck, bool redelivered)
    {
        if (noAck) GotNoAckCount++;
        else GotCount++;
        if (redelivered) RedeliveredCount++;
    }
}
