using Posthaste.Broker.Queues;
using Posthaste.Broker.Storage;
using Posthaste.Primitives.Tables;
using Posthaste.Simulation.Clients;

namespace Posthaste.Broker.Tests.Stress;

/// <summary>
/// Everything at once on real threads and files, bounded in count: publishers, consumers that return and reject, gets,
/// purges, queues deleted under all of them, transactions, connections that come and go. At the end each message is
/// accounted for, and the directory holds exactly what is left.
/// </summary>
public sealed class StressTests : IDisposable
{
    private const int PublisherCount = 3;
    private const int MessagesPerPublisher = 8_000;
    private const int MovedCount = 1_000;
    private const int LeftCount = 300;

    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("posthaste-stress-");

    public void Dispose() => _data.Delete(recursive: true);

    [Fact]
    public async Task EveryMessageIsAccountedFor()
    {
        await using (var run = new StressRun(_data.FullName))
        {
            var queues = new StressQueues(run);
            Load(run, queues);
            Check(run, queues);
            LeaveSome(run);
        }

        await using (var run = new StressRun(_data.FullName))
        {
            Assert.True(run.Broker.Recovery.WasClean);
            Assert.Empty(run.Broker.Recovery.Damages);
            Assert.Equal(
                [("ordered", (long)LeftCount)],
                run.Broker.Queues.Where(queue => queue.MessageCount > 0)
                    .Select(queue => (queue.Name, queue.MessageCount)));
            for (var i = 0; i < LeftCount; i++)
            {
                using var get = new BlockingGet();
                Assert.True(get.TryTake(QueueOf(run, "ordered"), out _, out var redelivered, out var id));
                Assert.Equal((MessageId.Of(1, i), false), (id, redelivered));
            }
        }
    }

    private static void Load(StressRun run, StressQueues queues)
    {
        var transactions = new StressTransactions(run, queues, QueueOf(run, queues.Source.Name));
        transactions.Fill(MovedCount);
        var consumers = StartConsumers(run, queues);
        var publishers = Enumerable.Range(1, PublisherCount)
            .Select(number => new StressPublisher(run, queues, number, MessagesPerPublisher)).ToArray();
        var others = StartOthers(run, queues, transactions);
        var publishing = publishers.Select(publisher => run.Start("publisher", publisher.Run)).ToArray();

        foreach (var thread in publishing) thread.Join();
        run.EndTurns();
        foreach (var thread in others) thread.Join();
        foreach (var publisher in publishers) publisher.Finish();
        run.WaitFor("the end of the work", () => queues.Exact.All(account => IsDone(run, account)));
        foreach (var consumer in consumers) consumer.Dispose();
    }

    private static List<StressConsumer> StartConsumers(StressRun run, StressQueues queues)
    {
        ulong seed = 100;
        List<StressConsumer> consumers = [];
        foreach (var account in new[] { queues.Ordered, queues.Dead, queues.Purged, queues.Bounded, queues.First,
            queues.Second })
        {
            consumers.Add(new StressConsumer(run, QueueOf(run, account.Name), account, dead: null, seed++));
        }

        for (var i = 0; i < 3; i++)
        {
            consumers.Add(new StressConsumer(run, QueueOf(run, queues.Work.Name), queues.Work, queues.Dead, seed++)
            {
                Returns = true,
            });
        }

        foreach (var consumer in consumers) Assert.True(consumer.TryStart());
        return consumers;
    }

    private static Thread[] StartOthers(StressRun run, StressQueues queues, StressTransactions transactions)
    {
        ulong seed = 200;
        return
        [
            run.StartByTurns("transactions", transactions.MoveOne),
            run.StartByTurns("purges", () => queues.Purged.Purged(
                QueueOf(run, queues.Purged.Name).Purge(FlushSet.ForThisThread))),
            run.StartByTurns("gets", () => GetOne(QueueOf(run, queues.Work.Name), queues.Work)),
            run.StartByTurns("guests", () =>
            {
                using var guest = new StressConsumer(
                    run, QueueOf(run, queues.Work.Name), queues.Work, queues.Dead, seed++) { Returns = true };
                Assert.True(guest.TryStart());
                QueueOf(run, queues.Work.Name).Resume(guest, FlushSet.ForThisThread);
            }),
            run.StartByTurns("deletions", () =>
            {
                using var consumer = new StressConsumer(
                    run, run.Declare(queues.Volatile.Name), queues.Volatile, dead: null, seed++);
                Assert.True(consumer.TryStart());
                run.Host.DeleteQueue(queues.Volatile.Name, ifUnused: false, ifEmpty: false, run.Connection, out _);
                Assert.True(consumer.IsCancelled);
            }),
            run.StartByTurns("connections", () =>
            {
                using var connection = run.Connect();
                run.Host.DeclareQueue("", passive: false, durable: false, exclusive: true, autoDelete: false,
                    FieldTable.Empty, connection);
            }),
        ];
    }

    private static void GetOne(BrokerQueue queue, QueueAccount account)
    {
        using var get = new BlockingGet();
        if (!get.TryTake(queue, out var entry, out var redelivered, out var id)) return;
        account.Delivered(id, redelivered);
        account.Settled(id);
        Assert.True(queue.Settle([entry], by: null, FlushSet.ForThisThread));
        FlushSet.ForThisThread.FlushAll();
    }

    private static void Check(StressRun run, StressQueues queues)
    {
        Assert.Equal("", string.Join('\n', run.Findings.Take(10)));
        foreach (var account in queues.Exact) Assert.Equal((account.Name, 0L), (account.Name, account.OpenCount));
        Assert.Equal(queues.Purged.PurgedCount, queues.Purged.OpenCount);
        Assert.True(queues.Purged.PurgedCount > 0);
        Assert.Equal(queues.First.Accepted.Order(), queues.Second.Accepted.Order());
        Assert.NotEmpty(queues.First.Accepted);
        // What a transaction took has reached both targets, and what it did not take is still there.
        Assert.Equal(
            MovedCount - queues.First.Accepted.Count, QueueOf(run, queues.Source.Name).MessageCount);
        Assert.Equal(queues.Source.OpenCount, QueueOf(run, queues.Source.Name).MessageCount);
        QueueOf(run, queues.Source.Name).Purge(FlushSet.ForThisThread);
        Assert.InRange(run.Broker.Arena.BytesInUse, 0, MessageArena.BlockBytes);
        Assert.Single(run.Broker.Connections);
    }

    private static void LeaveSome(StressRun run)
    {
        var publisher = new Publisher(run.Broker, run.Host);
        for (var i = 0; i < LeftCount; i++)
            publisher.Add("", "ordered", MessageId.Body(MessageId.Of(1, i), 1_000), persistent: true);
        publisher.Add("", "ordered", MessageId.Body(MessageId.Of(1, LeftCount), 0), persistent: false);
        publisher.Flush();
        run.WaitFor("the last confirm", () => publisher.OpenCount == 0);
    }

    private static bool IsDone(StressRun run, QueueAccount account) => account.OpenCount == 0
        && QueueOf(run, account.Name) is { MessageCount: 0, UnackedCount: 0 };

    private static BrokerQueue QueueOf(StressRun run, string name)
    {
        Assert.True(run.Host.TryGetQueue(System.Text.Encoding.UTF8.GetBytes(name), out var queue));
        return queue;
    }
}
