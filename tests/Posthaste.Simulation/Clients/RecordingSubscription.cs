using System.Text;
using Posthaste.Broker;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Queues;
using Posthaste.Core.Queues;

namespace Posthaste.Simulation.Clients;

/// <summary>What a consumer was given.</summary>
internal readonly record struct Received(
    EntryId Id, string Body, bool Redelivered, EntryCounters Counters, byte[] Annotations, string RoutingKey);

/// <summary>A consumer that writes down what it gets and does nothing by itself.</summary>
internal sealed class RecordingSubscription : Subscription
{
    private readonly List<Received> _unsettled = [];

    /// <summary>Whose it is; null for nobody's.</summary>
    public BrokerConnection? By { get; init; }

    public override BrokerConnection? Connection => By;

    /// <summary>Messages that it has room for.</summary>
    public int Room { get; set; } = int.MaxValue;

    public List<Received> All { get; } = [];

    public IEnumerable<string> Bodies => All.Select(received => received.Body);

    public int StartedCount { get; private set; }

    public SubscriptionEnd? End { get; private set; }

    /// <summary>Acknowledges what it has and not yet acknowledged.</summary>
    /// <returns>How many.</returns>
    public int Settle(BrokerQueue queue, int count = int.MaxValue)
    {
        var ids = Take(count);
        if (ids.Length > 0) Primitives.Checks.Require(queue.Settle(ids, this, FlushSet.ForThisThread));
        return ids.Length;
    }

    public void Return(BrokerQueue queue, bool countsAsFailure = true, int count = int.MaxValue) =>
        Primitives.Checks.Require(queue.Return(Take(count), this, countsAsFailure, FlushSet.ForThisThread));

    public void Reject(BrokerQueue queue, int count = int.MaxValue) =>
        Primitives.Checks.Require(queue.Reject(Take(count), this, FlushSet.ForThisThread));

    /// <summary>Takes the oldest deliveries, to be ended by the caller.</summary>
    public EntryId[] Take(int count = int.MaxValue)
    {
        var ids = _unsettled.Take(count).Select(received => received.Id).ToArray();
        _unsettled.RemoveRange(0, ids.Length);
        return ids;
    }

    protected internal override void Started(FlushSet flushes) => StartedCount++;

    protected internal override bool TryReserve()
    {
        if (Room == 0) return false;
        Room--;
        return true;
    }

    protected internal override void Unreserve() => Room++;

    protected internal override void Deliver(in DeliveredMessage message, FlushSet flushes)
    {
        var received = new Received(
            message.Id, Encoding.UTF8.GetString(message.Message.Body), message.Redelivered, message.Counters,
            message.Message.Annotations.ToArray(), Encoding.UTF8.GetString(message.Message.RoutingKey));
        All.Add(received);
        if (!NoAck) _unsettled.Add(received);
    }

    protected internal override void Cancelled(SubscriptionEnd reason, FlushSet flushes) => End = reason;
}
