using Posthaste.Broker.Sessions;
using Posthaste.Broker.Statistics;

namespace Posthaste.Protocols.Amqp091.Session;

/// <summary>What is shown of a channel.</summary>
internal sealed partial class AmqpChannel
{
    private ReaderCounts _counts;

    public override bool IsConfirming => Confirms is not null;

    public override bool IsTransactional => _transaction is not null;

    public override int PrefetchMax => _prefetch;

    public override int SharedPrefetchMax => Deliveries.SharedLimit;

    public override int ConsumerCount
    {
        get
        {
            lock (_output.Gate)
                return (_consumers?.Count ?? 0) + (_replyConsumer is null ? 0 : 1);
        }
    }

    public override long UnackedCount => Deliveries.UnackedCount;

    public override long UnconfirmedCount => Confirms?.UnconfirmedCount ?? 0;

    public override long UncommittedCount => _transaction?.PublishedCount ?? 0;

    public override long UncommittedAckCount => _transaction?.SettledCount ?? 0;

    public override void ReadTraffic(ref TrafficCounts into)
    {
        into.Publishing = _counts;
        into.Deliveries = Deliveries.Counts;
        into.ToConfirmCount = (long)(Confirms?.LastSeq ?? 0);
        into.ConfirmedCount = Confirms?.ConfirmedCount ?? 0;
    }

    public override void ShowOldest(OldestDeliveries into) => Deliveries.ShowOldest(into);

    /// <summary>A message has come, wherever it goes. The reader's.</summary>
    public void CountPublish() => _counts.PublishedCount++;

    /// <summary>It went nowhere. The reader's.</summary>
    public void CountUnroutable(bool isReturned)
    {
        if (isReturned)
            _counts.ReturnedCount++;
        else
            _counts.DroppedCount++;
    }
}
