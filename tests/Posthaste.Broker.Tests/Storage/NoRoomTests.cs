using Posthaste.Core.Catalog;
using Posthaste.Core.Queues;
using Posthaste.Primitives.Tables;
using Posthaste.Simulation.Clients;
using Posthaste.Simulation.Hosting;
using Posthaste.Storage.Devices;

namespace Posthaste.Broker.Tests.Storage;

/// <summary>A disk so full that not even the journal's reserve has room: nothing is lost or promised wrongly.</summary>
public sealed class NoRoomTests
{
    private const int BodyBytes = 4_000;

    private readonly BrokerHost _host = new BrokerHost(new FaultyDevice(1)).Open();

    [Fact]
    public void DeadLettersThatFindNoRoomOnTheirWayAreNotLost()
    {
        DeclareWithDeadLetters(table => table);
        var bodies = PublishMany("q", 2_000);
        Assert.NotEmpty(_host.Device!.List("segments"));
        _host.LeaveRoom(0);

        _host.Time.Advance(10_000);
        _host.Idle();
        Assert.InRange(_host.Queue("q").Machine.HeldCount, 1, bodies.Count - 1);
        CrashAndMakeRoom();
        Wait();

        Assert.Equal(bodies.Order(), _host.DrainBodies("dead").Order());
        Assert.Empty(_host.Device.List("segments"));
    }

    [Fact]
    public void DeadLettersMoveOnWhenThereIsRoomAgain()
    {
        DeclareWithDeadLetters(table => table);
        var bodies = PublishMany("q", 2_000);
        _host.LeaveRoom(0);
        _host.Time.Advance(10_000);
        _host.Idle();

        _host.Faulty.CapacityBytes = long.MaxValue;
        Wait();

        Assert.Equal(bodies.Order(), _host.DrainBodies("dead").Order());
        Assert.Equal(0, _host.Queue("q").ResidentEntryCount);
    }

    [Fact]
    public void SettlementsAreRecordedWhenThereIsRoomAgain()
    {
        var queue = _host.Declare("q");
        PublishMany("q", 100);
        var consumer = _host.Consume("q");
        _host.Idle();
        UseUpTheReserve();
        consumer.Settle(queue);
        _host.Idle();

        _host.Faulty.CapacityBytes = long.MaxValue;
        _host.Idle();
        _host.CrashAndOpen();

        Assert.Empty(_host.DrainBodies("q"));
    }

    [Fact]
    public void ASettledBlockStaysOnDiskUntilThatIsRecorded()
    {
        var queue = _host.Declare("q");
        var bodies = PublishMany("q", 2_000);
        var consumer = _host.Consume("q");
        _host.Idle();
        UseUpTheReserve();
        do _host.Idle();
        while (consumer.Settle(queue) > 0);
        Assert.Equal(bodies, consumer.Bodies);

        CrashAndMakeRoom();

        // Settled, but not known to be: they come again, marked, and none of them is unreadable.
        Assert.NotEmpty(_host.Drain("q"));
        Assert.Empty(_host.Errors.Take());
    }

    [Fact]
    public void ATransactionThatFindsNoRoomGivesBackWhatItSettled()
    {
        _host.Declare("q");
        var bodies = PublishMany("q", 2_000);
        var consumer = _host.Consume("q");
        _host.Idle();
        UseUpTheReserve();
        var transaction = _host.Host.BeginTransaction();
        var taken = consumer.Take();
        foreach (var id in taken) transaction.Settle(_host.Queue("q"), id, consumer);
        var reply = new RecordingCallback();
        transaction.Commit(reply);
        _host.Idle();
        Assert.False(reply.Durable);
        var again = consumer.All.Where(received => received.Redelivered).Select(received => received.Body);
        Assert.Equal(bodies.Take(taken.Length), again);

        CrashAndMakeRoom();

        Assert.Equal(bodies, _host.DrainBodies("q"));
        Assert.Empty(_host.Errors.Take());
    }

    [Fact]
    public void ATransactionThatFindsNoRoomGivesBackWhatItRejected()
    {
        _host.Declare("q");
        var bodies = PublishMany("q", 20);
        var consumer = _host.Consume("q");
        _host.Idle();
        UseUpTheReserve();
        var transaction = _host.Host.BeginTransaction();
        foreach (var id in consumer.Take(10)) transaction.Reject(_host.Queue("q"), id, consumer);
        foreach (var id in consumer.Take(10)) transaction.Return(_host.Queue("q"), id, consumer, countsAsFailure: true);
        var reply = new RecordingCallback();
        transaction.Commit(reply);
        _host.Idle();

        Assert.False(reply.Durable);
        var again = consumer.All.Where(received => received.Redelivered).ToList();
        Assert.Equal(bodies, again.Select(received => received.Body));
        Assert.All(again, received => Assert.Equal(0, received.Counters.DeliveryCount));
        Assert.Empty(_host.Errors.Take());
    }

    [Fact]
    public void NothingIsDeliveredBeforeItsMarkIsRecorded()
    {
        _host.Declare("q");
        PublishMany("q", 10);
        UseUpTheReserve();
        var consumer = _host.Consume("q");
        _host.Idle();
        Assert.Empty(consumer.All);

        _host.Faulty.CapacityBytes = long.MaxValue;
        _host.Idle();
        Assert.Equal(10, consumer.All.Count);
        _host.CrashAndOpen();

        Assert.All(_host.Drain("q"), received => Assert.True(received.Redelivered));
    }

    [Fact]
    public void WhatIsDeclaredWithoutRoomIsRefused()
    {
        _host.Host.DeclareExchange("fan", "fanout", false, true, false, false, []);
        _host.Declare("q");
        UseUpTheReserve();

        var refused = _host.TryDeclare("new", [], durable: true);
        Assert.Equal(CatalogErrorCode.PreconditionFailed, refused.Error?.Code);
        Assert.False(_host.Host.TryGetQueue("new"u8, out _));
        Assert.NotNull(_host.Host.DeclareExchange("x", "fanout", false, true, false, false, []).Error);
        Assert.False(_host.Host.TryGetExchange("x"u8, out _));
        Assert.NotNull(_host.Host.BindQueue("q", "fan", "", [], _host.Connection).Error);
        Assert.Null(_host.TryDeclare("q", [], durable: true).Error);

        _host.Faulty.CapacityBytes = long.MaxValue;
        _host.Idle();
        Assert.Null(_host.TryDeclare("new", [], durable: true).Error);
    }

    [Fact]
    public void ADeletedQueueKeepsItsFilesUntilThatIsDurable()
    {
        _host.Declare("q");
        var bodies = PublishMany("q", 2_000);
        _host.Host.DeleteQueue("q", false, false, _host.Connection, out _);
        _host.Broker.Loader.RunPending();
        _host.Faulty.SyncDirectory("segments");

        _host.CrashAndOpen();

        Assert.Equal(bodies, _host.DrainBodies("q"));
        _host.Host.DeleteQueue("q", false, false, _host.Connection, out _);
        _host.Idle();
        Assert.Empty(_host.Device!.List("segments"));
    }

    [Fact]
    public void DeadLettersThatMustArriveWaitForTheirBytesAndNoLonger()
    {
        DeclareWithDeadLetters(table => table
            .With(QueueArguments.Type, "quorum").With(QueueArguments.Overflow, "reject-publish")
            .With(QueueArguments.LengthMax, 1_000).With(QueueArguments.DeadLetterStrategy, "at-least-once"));
        var bodies = PublishMany("q", 200);
        _host.Restart();

        _host.Time.Advance(10_000);
        _host.Idle();

        Assert.Equal(bodies, _host.DrainBodies("dead"));
    }

    private void DeclareWithDeadLetters(Func<FieldTable, FieldTable> with)
    {
        _host.Declare("dead");
        _host.Declare("q", with(FieldTable.Empty
            .With(QueueArguments.DeadLetterExchange, "").With(QueueArguments.DeadLetterRoutingKey, "dead")
            .With(QueueArguments.MessageTtl, 10_000)));
    }

    private List<string> PublishMany(string queue, int count)
    {
        var publisher = new Publisher(_host);
        var bodies = new List<string>();
        for (var i = 0; i < count; i++)
        {
            bodies.Add($"{i}".PadRight(BodyBytes, '.'));
            publisher.Publish(queue, bodies[i]);
            if (i % 50 == 0) _host.Idle();
        }

        _host.Idle();
        Assert.Equal(count, publisher.ConfirmedCount);
        return bodies;
    }

    /// <summary>Takes the disk's room, and the journal's by returning messages until no return is recorded.</summary>
    private void UseUpTheReserve()
    {
        var queue = _host.Declare("noise");
        var publisher = new Publisher(_host);
        for (var i = 0; i < 500; i++) publisher.Publish("noise", "");
        _host.Idle();
        var consumer = _host.Consume("noise");
        _host.Idle();
        _host.LeaveRoom(0);
        for (var tail = 0L; tail != _host.Broker.Data.Journal!.TailPosition;)
        {
            tail = _host.Broker.Data.Journal.TailPosition;
            consumer.Return(queue, countsAsFailure: false);
            _host.Idle();
        }

        Assert.True(_host.HasNoRoom);
    }

    private void CrashAndMakeRoom()
    {
        _host.Crash();
        _host.Faulty.CapacityBytes = long.MaxValue;
        _host.Open();
    }

    /// <summary>Lets time pass until held dead letters have been tried again.</summary>
    private void Wait()
    {
        for (var i = 0; i < 20; i++)
        {
            _host.Time.Advance(QueueMachine.DeadLetterRetryMs);
            _host.Idle();
        }
    }
}
