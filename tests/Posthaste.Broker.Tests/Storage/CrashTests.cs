using Posthaste.Broker.Flow;
using Posthaste.Core.Catalog;
using Posthaste.Simulation.Clients;
using Posthaste.Simulation.Hosting;
using Posthaste.Storage.Devices;

namespace Posthaste.Broker.Tests.Storage;

/// <summary>What is there after a crash, a shutdown in order, a failed or full disk.</summary>
public sealed class CrashTests
{
    private readonly BrokerHost _host = new BrokerHost(new FaultyDevice(1)).Open();

    [Fact]
    public void ConfirmedMessagesAreThereAfterACrashInOrder()
    {
        _host.Declare("q");
        var publisher = new Publisher(_host);
        for (var i = 0; i < 100; i++) publisher.Publish("q", $"{i}");
        _host.Idle();
        Assert.Equal(100, publisher.ConfirmedCount);

        _host.CrashAndOpen();

        Assert.False(_host.Broker.Recovery.WasClean);
        Assert.Equal(Enumerable.Range(0, 100).Select(i => $"{i}"), _host.DrainBodies("q"));
    }

    [Fact]
    public void SettledMessagesAreGoneAfterACrashAndUnsettledOnesAreMarked()
    {
        var queue = _host.Declare("q");
        var consumer = _host.Consume("q", prefetch: 4);
        var publisher = new Publisher(_host);
        for (var i = 0; i < 6; i++) publisher.Publish("q", $"{i}");
        _host.Idle();
        consumer.Settle(queue, 2);
        _host.Idle();

        _host.CrashAndOpen();

        var all = _host.Drain("q");
        Assert.Equal(["2", "3", "4", "5"], all.Select(r => r.Body));
        Assert.All(all, r => Assert.True(r.Redelivered));
    }

    [Fact]
    public void AfterACleanShutdownOnlyWhatWasDeliveredIsMarked()
    {
        var queue = _host.Declare("q");
        var consumer = _host.Consume("q", prefetch: 2);
        var publisher = new Publisher(_host);
        for (var i = 0; i < 4; i++) publisher.Publish("q", $"{i}");
        _host.Idle();
        _host.Cancel("q", consumer);
        consumer.Return(queue, countsAsFailure: false);

        _host.Restart();

        Assert.True(_host.Broker.Recovery.WasClean);
        Assert.Equal(
            [("0", true), ("1", true), ("2", false), ("3", false)],
            _host.Drain("q").Select(r => (r.Body, r.Redelivered)));
    }

    [Fact]
    public void ATransientMessageIsGoneAfterARestartAndSettlementsStillHitTheRightOnes()
    {
        var queue = _host.Declare("q");
        var consumer = _host.Consume("q");
        var publisher = new Publisher(_host);
        for (var i = 0; i < 30; i++) publisher.Publish("q", $"{i}", persistent: i % 4 == 3);
        _host.Idle();
        var ids = consumer.Take();

        // Settles the persistent 3 and 11, and the transient 0 and 12.
        Assert.True(queue.Settle([ids[0], ids[3], ids[11], ids[12]], consumer, FlushSet.ForThisThread));
        _host.Idle();
        _host.CrashAndOpen();
        Assert.Equal(["7", "15", "19", "23", "27"], _host.DrainBodies("q"));

        _host.CrashAndOpen();
        Assert.Empty(_host.DrainBodies("q"));
    }

    [Fact]
    public void AQuorumQueueKeepsTransientMessagesToo()
    {
        _host.Declare("q", [new(QueueArguments.Type, "quorum")]);
        var publisher = new Publisher(_host);
        publisher.Publish("q", "t", persistent: false);
        publisher.Publish("q", "p");
        _host.Idle();
        _host.CrashAndOpen();
        Assert.Equal(["t", "p"], _host.DrainBodies("q"));
    }

    [Fact]
    public void PrioritiesAndCountersSurvive()
    {
        var queue = _host.Declare("q", [new(QueueArguments.PriorityMax, 5)]);
        var publisher = new Publisher(_host);
        publisher.Publish("q", "low", priority: 0);
        publisher.Publish("q", "high", priority: 5);
        publisher.Publish("q", "mid", priority: 3);
        var consumer = _host.Consume("q", prefetch: 1);
        _host.Idle();
        _host.Cancel("q", consumer);
        consumer.Return(queue);
        _host.Idle();

        _host.CrashAndOpen();

        var all = _host.Drain("q");
        Assert.Equal(["high", "mid", "low"], all.Select(r => r.Body));
        Assert.Equal(1, all[0].Counters.DeliveryCount);
    }

    [Fact]
    public void AFailedSyncRefusesWhatWasOnItsWayAndLosesNothingConfirmed()
    {
        _host.Declare("q");
        var publisher = new Publisher(_host);
        publisher.Publish("q", "safe");
        _host.Idle();
        _host.Faulty.SyncErrorChance = 1;

        publisher.Publish("q", "doubtful");
        _host.Idle();
        Assert.Equal(1, publisher.ConfirmedCount);
        Assert.Equal(1, publisher.RefusedCount);
        Assert.True(_host.Broker.Pipeline.IsFailed);
        Assert.True(_host.Broker.Alarms.PublishersBlocked);
        Assert.True(_host.Broker.Alarms.Active.HasFlag(ResourceAlarm.Journal));

        publisher.Publish("q", "late");
        _host.Idle();
        Assert.Equal(2, publisher.RefusedCount);
        var callback = new RecordingCallback();
        _host.Broker.Pipeline.Post(callback);
        _host.Idle();
        Assert.False(callback.Durable);

        _host.CrashAndOpen();
        Assert.Contains("safe", _host.DrainBodies("q"));
    }

    [Fact]
    public void ReadingGoesOnAfterTheJournalHasFailed()
    {
        var queue = _host.Declare("q");
        var consumer = _host.Consume("q", prefetch: 1);
        var publisher = new Publisher(_host);
        for (var i = 0; i < 3; i++) publisher.Publish("q", $"{i}");
        _host.Idle();
        _host.Faulty.SyncErrorChance = 1;
        publisher.Publish("q", "lost");
        _host.Idle();

        while (consumer.Settle(queue) > 0) _host.Idle();

        Assert.Equal(["0", "1", "2"], consumer.Bodies);
    }

    [Fact]
    public void AFullDiskRefusesPublishersAndTakesThemAgainWhenThereIsRoom()
    {
        _host.Declare("q");
        var publisher = new Publisher(_host);
        _host.Idle();
        _host.Faulty.CapacityBytes = 4 << 20;
        var body = new string('x', 10_000);
        while (publisher.RefusedCount == 0)
        {
            publisher.Publish("q", body);
            _host.Idle();
            Assert.True(publisher.ConfirmedCount < 2000, "the disk never fills");
        }

        Assert.False(_host.Broker.Pipeline.IsFailed);
        Assert.True(_host.Broker.Alarms.Active.HasFlag(ResourceAlarm.Disk));
        var confirmed = publisher.ConfirmedCount;
        Assert.Equal(confirmed, _host.Queue("q").MessageCount);

        _host.Faulty.CapacityBytes = long.MaxValue;
        _host.Idle();
        Assert.False(_host.Broker.Alarms.PublishersBlocked);
        publisher.Publish("q", "again");
        _host.Idle();
        Assert.Equal(confirmed + 1, publisher.ConfirmedCount);

        _host.CrashAndOpen();
        Assert.Equal(confirmed + 1, _host.DrainBodies("q").Count);
    }

    [Fact]
    public void ATransactionHoldsAcrossQueuesThroughACrashOrNotAtAll()
    {
        for (var seed = 1UL; seed <= 40; seed++)
        {
            var host = new BrokerHost(new FaultyDevice(seed)).Open();
            var source = host.Declare("source");
            host.Declare("a");
            host.Declare("b");
            var publisher = new Publisher(host);
            publisher.Publish("source", "in");
            var consumer = host.Consume("source");
            host.Idle();

            var transaction = host.Host.BeginTransaction();
            publisher.AddTo(transaction, "a", "out-a"u8.ToArray());
            publisher.AddTo(transaction, "b", new byte[20_000]);
            transaction.Settle(source, consumer.Take()[0], consumer);
            var reply = new RecordingCallback();
            transaction.Commit(reply);
            host.Faulty.PowerOffAtChange = host.Faulty.ChangeCount + 1 + (long)(seed % 3);
            host.Idle();
            host.CrashAndOpen();

            var (inSource, inA, inB) =
                (host.DrainBodies("source").Count, host.DrainBodies("a").Count, host.DrainBodies("b").Count);
            Assert.True((inSource, inA, inB) is (1, 0, 0) or (0, 1, 1), $"seed {seed}: {inSource}, {inA}, {inB}");
            if (reply.Durable == true) Assert.Equal(0, inSource);
        }
    }

    [Fact]
    public void ARolledBackTransactionLeavesNothing()
    {
        var queue = _host.Declare("q");
        var publisher = new Publisher(_host);
        var transaction = _host.Host.BeginTransaction();
        publisher.AddTo(transaction, "q", "no"u8.ToArray());
        transaction.Rollback();
        _host.Idle();
        Assert.Equal(0, queue.MessageCount);
    }
}
