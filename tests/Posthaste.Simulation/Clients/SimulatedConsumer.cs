using Posthaste.Broker;
using Posthaste.Broker.Queues;
using Posthaste.Core.Queues;
using Posthaste.Primitives;
using Posthaste.Simulation.Model;

namespace Posthaste.Simulation.Clients;

/// <summary>A consumer whose every delivery is checked against the model.</summary>
internal sealed class SimulatedConsumer(BrokerModel model, ModelQueue queue) : Subscription
{
    /// <summary>Deliveries not settled yet, oldest first.</summary>
    public List<(EntryId Id, ModelCopy Copy)> Unsettled { get; } = [];

    public ModelQueue Queue => queue;

    /// <summary>Messages that its output has room for.</summary>
    public int Room { get; set; } = int.MaxValue;

    public bool WasCancelled { get; private set; }

    /// <summary>Takes some of the unsettled deliveries: from the oldest on, or any.</summary>
    public List<(EntryId Id, ModelCopy Copy)> TakeSome(SeededRandom random)
    {
        var count = random.Between(1, Unsettled.Count);
        var taken = new List<(EntryId, ModelCopy)>(count);
        var fromStart = random.Chance(0.7);
        for (var i = 0; i < count; i++)
        {
            var index = fromStart ? 0 : random.Below(Unsettled.Count);
            taken.Add(Unsettled[index]);
            Unsettled.RemoveAt(index);
        }

        return taken;
    }

    protected internal override bool TryReserve()
    {
        if (Room == 0) return false;
        Room--;
        return true;
    }

    protected internal override void Unreserve() => Room++;

    protected internal override void Deliver(in DeliveredMessage message, FlushSet flushes)
    {
        if (model.IsOff()) return;
        SimulationFailure.Unless(!WasCancelled, $"{queue.Name}: a delivery after the consumer's end");
        SimulationFailure.Unless(
            PrefetchMax == 0 || NoAck || Unsettled.Count < PrefetchMax,
            $"{queue.Name}: more deliveries than the prefetch allows");
        var copy = model.Delivered(queue, message.Message.Body, message.Redelivered);
        if (NoAck) BrokerModel.Settled(copy);
        else Unsettled.Add((message.Id, copy));
    }

    protected internal override void Cancelled(SubscriptionEnd reason, FlushSet flushes) => WasCancelled = true;
}

/// <summary>A get whose answer is checked against the model.</summary>
internal sealed class SimulatedGet(BrokerModel model, ModelQueue queue) : GetRequest
{
    public (EntryId Id, ModelCopy Copy)? Taken { get; private set; }

    protected internal override void OnMessage(in DeliveredMessage message, long remaining, FlushSet flushes)
    {
        if (model.IsOff()) return;
        var copy = model.Delivered(queue, message.Message.Body, message.Redelivered);
        if (NoAck) BrokerModel.Settled(copy);
        else Taken = (message.Id, copy);
    }

    protected internal override void OnEmpty(FlushSet flushes)
    {
        // Nothing to check: whether the queue may be empty shows when it is counted.
    }
}
