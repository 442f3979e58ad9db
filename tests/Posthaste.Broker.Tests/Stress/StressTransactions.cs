using Posthaste.Broker.Queues;
using Posthaste.Broker.Transactions;
using Posthaste.Primitives;
using Posthaste.Simulation.Clients;

namespace Posthaste.Broker.Tests.Stress;

/// <summary>
/// Takes messages one by one, from one queue to two others, in transactions, and rolls back every fourth. One thread.
/// </summary>
internal sealed class StressTransactions(StressRun run, StressQueues queues, BrokerQueue source)
{
    private readonly SeededRandom _random = new(77);
    private readonly Publisher _publisher = new(run.Broker, run.Host);

    public void Fill(int count)
    {
        for (var i = 0; i < count; i++)
        {
            var id = MessageId.Of(99, i);
            queues.Source.Published(id);
            _publisher.Add("", queues.Source.Name, MessageId.Body(id, 100), persistent: true);
        }

        _publisher.Flush();
        run.WaitFor("the fill", () => _publisher.OpenCount == 0);
    }

    public void MoveOne()
    {
        var flushes = FlushSet.ForThisThread;
        using var get = new BlockingGet();
        if (!get.TryTake(source, out var entry, out var redelivered, out var id)) return;
        queues.Source.Delivered(id, redelivered);
        var transaction = run.Host.BeginTransaction();
        foreach (var target in new[] { queues.First, queues.Second })
        {
            target.Published(id);
            _publisher.AddTo(transaction, target.Name, MessageId.Body(id, 500), persistent: _random.Chance(0.9));
        }

        transaction.Settle(source, entry, by: null);
        if (_random.Chance(0.25))
        {
            transaction.Rollback();
            queues.First.TakenBack(id);
            queues.Second.TakenBack(id);
            queues.Source.Returned(id);
            Checks.Require(source.Return([entry], by: null, countsAsFailure: false, flushes));
        }
        else
        {
            queues.Source.Settled(id);
            using var reply = new BlockingReply();
            transaction.Commit(reply);
            reply.Wait();
        }

        flushes.FlushAll();
    }

    private sealed class BlockingReply : TransactionReply, IDisposable
    {
        private readonly ManualResetEventSlim _done = new();

        public void Wait() => Checks.Require(_done.Wait(TimeSpan.FromSeconds(60)), "a commit was not answered");

        public void Dispose() => _done.Dispose();

        protected internal override void Applied(bool durable, FlushSet flushes)
        {
            Checks.Require(durable);
            _done.Set();
        }
    }
}
