using Posthaste.Broker;
using Posthaste.Broker.Transactions;
using Posthaste.Simulation.Hosting;
using Posthaste.Simulation.Model;

namespace Posthaste.Simulation.Clients;

/// <summary>A publisher that goes on after each restart of the broker, with its own order of messages.</summary>
internal sealed class SimulatedProducer(BrokerModel model, int number, bool confirms)
{
    private readonly Dictionary<ulong, ModelMessage> _open = [];
    private Publisher? _publisher;
    private ulong _seq;

    /// <summary>A new connection: what was not handled on the last one stays in doubt.</summary>
    public void Connect(BrokerHost host)
    {
        _open.Clear();
        _publisher = new Publisher(host) { OnHandled = OnHandled };
    }

    public void Publish(
        string exchange, string key, IEnumerable<ModelQueue> queues, bool persistent, byte priority, long ttlMs,
        int bodyBytes)
    {
        var message = model.Publish(number, ++_seq, queues, persistent, priority, ttlMs, bodyBytes);
        if (message.Copies.Count == 0) return;
        _open.Add(_publisher!.Add(exchange, key, message.Body(), persistent, priority, ttlMs, confirms), message);
    }

    public void Flush() => _publisher!.Flush();

    /// <summary>One transaction of messages to queues, and what consumers have finished.</summary>
    public void Commit(
        BrokerHost host, IReadOnlyList<(ModelQueue Queue, bool Persistent, byte Priority, int BodyBytes)> messages,
        SimulatedConsumer? consumer, Action<Broker.Transactions.TransactionBuffer, ModelTransaction> note,
        Primitives.SeededRandom random)
    {
        Flush();
        var transaction = new ModelTransaction();
        var buffer = host.Host.BeginTransaction();
        foreach (var (queue, persistent, priority, bodyBytes) in messages)
        {
            var message = model.Publish(number, ++_seq, [queue], persistent, priority, -1, bodyBytes, transaction);
            _publisher!.AddTo(buffer, queue.Name, message.Body(), persistent, priority);
        }

        note(buffer, transaction);
        if (consumer is { Unsettled.Count: > 0 })
        {
            foreach (var (id, copy) in consumer.TakeSome(random))
            {
                buffer.Settle(host.Queue(consumer.Queue.Name), id, consumer);
                BrokerModel.Settled(copy, transaction);
            }
        }

        buffer.Commit(new CommitReply(host, model, transaction));
    }

    private void OnHandled(ulong first, ulong last, bool accepted)
    {
        if (model.IsOff()) return;
        for (var seq = first; seq <= last; seq++)
        {
            if (_open.Remove(seq, out var message)) BrokerModel.Handled(message, accepted);
        }
    }

    private sealed class CommitReply(BrokerHost host, BrokerModel model, ModelTransaction transaction)
        : TransactionReply
    {
        protected internal override void Applied(bool durable, FlushSet flushes)
        {
            if (model.IsOff()) return;
            if (durable) BrokerModel.Committed(transaction);
            else BrokerModel.NotCommitted(transaction, isSure: !host.Broker.Pipeline.IsFailed);
        }
    }
}
