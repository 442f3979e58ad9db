using Posthaste.Broker.Publishing;
using Posthaste.Core.Messages;
using Posthaste.Primitives.Tables;
using Posthaste.Simulation.Clients;
using Posthaste.Simulation.Hosting;
using Posthaste.Storage.Devices;
using Posthaste.Testing;

namespace Posthaste.Broker.Tests.Taps;

/// <summary>What those who watch messages are told, and what it costs when nobody does.</summary>
public sealed class TapTests
{
    private readonly BrokerHost _host = new BrokerHost(new FaultyDevice(1)).Open();
    private readonly RecordingTap _tap = new();

    [Fact]
    public void ItIsToldOfAMessageFromItsPublishToItsSettlement()
    {
        var queue = _host.Declare("q");
        var publisher = new Publisher(_host.Connection);
        _host.Host.AddTap(_tap);

        publisher.Publish("q", "one");
        Assert.Equal(["published one to 1 by sim"], _tap.Told);

        _host.Idle();
        Assert.Equal(1, publisher.ConfirmedCount);
        var consumer = _host.Consume("q");
        _host.Idle();
        consumer.Settle(queue);

        Assert.Equal(
            ["published one to 1 by sim", "stored one", "delivered one from q", "settled 1 of q: Acknowledge"],
            _tap.Told);
        Assert.Equal(2, _tap.LeftCount);
    }

    [Fact]
    public void ATransientMessageThatAConsumerGetsAtOnceIsToldOf()
    {
        _host.Declare("q", durable: false);
        _host.Consume("q", noAck: true);
        _host.Host.AddTap(_tap);

        new Publisher(_host.Connection).Publish("q", "now", persistent: false);

        Assert.Equal(["published now to 1 by sim", "delivered now from q for good", "stored now"], _tap.Told);
    }

    [Fact]
    public void EndsOfDeliveriesAreToldByTheirKind()
    {
        var queue = _host.Declare("q");
        var publisher = new Publisher(_host.Connection);
        for (var i = 0; i < 4; i++) publisher.Publish("q", $"{i}");
        _host.Idle();
        var consumer = _host.Consume("q", prefetch: 4);
        _host.Idle();
        _host.Host.AddTap(_tap);
        _host.Cancel("q", consumer);

        consumer.Return(queue, countsAsFailure: false, count: 1);
        consumer.Return(queue, countsAsFailure: true, count: 1);
        consumer.Reject(queue, count: 2);

        Assert.Equal(
            ["settled 1 of q: Requeue", "settled 1 of q: RequeueFailed", "settled 2 of q: Reject"], _tap.Told);
    }

    [Fact]
    public void ATransactionIsToldOfWhenItIsCommitted()
    {
        var queue = _host.Declare("q");
        var publisher = new Publisher(_host.Connection);
        publisher.Publish("q", "before");
        _host.Idle();
        var consumer = _host.Consume("q", prefetch: 1);
        _host.Idle();
        _host.Host.AddTap(_tap);
        var transaction = _host.Host.BeginTransaction(_host.Connection);
        publisher.AddTo(transaction, "q", "in it"u8.ToArray());
        transaction.Settle(queue, consumer.Take()[0], consumer);
        Assert.Empty(_tap.Told);

        transaction.Commit(new RecordingCallback());
        _host.Idle();

        Assert.Equal(
            ["published in it to 1 by sim", "stored in it", "settled 1 of q: Acknowledge", "delivered in it from q"],
            _tap.Told);
    }

    [Fact]
    public void AFullQueuesRefusalReachesBothTheTapAndThePublisher()
    {
        _host.Declare("q", [new("x-max-length", 1), new("x-overflow", "reject-publish")]);
        _host.Host.AddTap(_tap);
        var publisher = new Publisher(_host.Connection);

        publisher.Publish("q", "in");
        publisher.Publish("q", "out");
        _host.Idle();

        Assert.Equal(
            ["published in to 1 by sim", "published out to 1 by sim", "refused out", "stored in"], _tap.Told);
        Assert.Equal((1, 1), (publisher.ConfirmedCount, publisher.RefusedCount));
    }

    [Fact]
    public void AFailedJournalsRefusalIsToldOfAlsoInTransactions()
    {
        _host.Declare("q");
        _host.Idle();
        _host.Host.AddTap(_tap);
        var publisher = new Publisher(_host.Connection);
        var transaction = _host.Host.BeginTransaction(_host.Connection);
        publisher.AddTo(transaction, "q", "lost"u8.ToArray());
        _host.Faulty.WriteErrorChance = 1;

        transaction.Commit(new RecordingCallback());
        _host.Idle();

        Assert.Equal(["published lost to 1 by sim", "refused lost"], _tap.Told);
    }

    [Fact]
    public void DeadLettersAreNotPublishedByAClient()
    {
        _host.Declare("dead");
        var queue = _host.Declare("q", [new("x-dead-letter-exchange", ""), new("x-dead-letter-routing-key", "dead")]);
        new Publisher(_host.Connection).Publish("q", "m");
        _host.Idle();
        var consumer = _host.Consume("q");
        _host.Idle();
        _host.Host.AddTap(_tap);

        consumer.Reject(queue);
        _host.Idle();
        _host.Consume("dead", noAck: true);
        _host.Idle();

        Assert.Equal(["settled 1 of q: Reject", "delivered m from dead for good"], _tap.Told);
    }

    [Fact]
    public void AWatcherOfAllVirtualHostsWatchesThoseToComeAsWell()
    {
        _host.Broker.AddTap(_tap);
        var other = _host.Broker.AddVirtualHost("other");
        var connection = _host.Connect("other");
        other.DeclareQueue("q", false, true, false, false, FieldTable.Empty, connection);
        var second = new RecordingTap();
        other.AddTap(second);

        new Publisher(connection).Publish("q", "m");
        _host.Idle();
        _host.Broker.RemoveTap(_tap);
        new Publisher(connection).Publish("q", "n");
        _host.Idle();

        Assert.Equal(["published m to 1 by sim", "stored m"], _tap.Told);
        Assert.Equal(
            ["published m to 1 by sim", "stored m", "published n to 1 by sim", "stored n"], second.Told);
    }

    [Fact]
    public void NothingIsToldOrAllocatedWhenNobodyWatches()
    {
        var host = new BrokerHost(device: null).Open();
        var queue = host.Declare("q", durable: false);
        queue.Consume(new SilentSubscription { NoAck = true }, FlushSet.ForThisThread);
        host.Host.AddTap(_tap);
        host.Host.RemoveTap(_tap);
        host.Host.CreateRouteCache().Resolve(""u8, "q"u8, out var route);
        var batch = new PublishBatch(host.Connection);
        var transaction = host.Host.BeginTransaction(host.Connection);

        Assert.Null(host.Host.Tap);
        Assert.False(batch.IsTapped);
        Assert.Equal(0, Allocations.OfHundred(() => Publish(batch, route)));
        transaction.Commit(new RecordingCallback());
        host.Idle();
        Assert.Empty(_tap.Told);
        Assert.Equal(0, _tap.LeftCount);
    }

    private static void Publish(PublishBatch batch, Route route)
    {
        for (var i = 0; i < 10; i++)
        {
            ref var message = ref batch.Add();
            message = default;
            message.Route = route;
            message.TtlMs = -1;
            message.Format = PropertyFormat.None;
        }

        batch.Flush(FlushSet.ForThisThread);
    }
}
