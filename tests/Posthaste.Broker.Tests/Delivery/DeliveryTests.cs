using Posthaste.Core.Catalog;
using Posthaste.Simulation.Clients;
using Posthaste.Simulation.Hosting;
using Posthaste.Storage.Devices;

namespace Posthaste.Broker.Tests.Delivery;

/// <summary>From a publisher to consumers and back, on one thread.</summary>
public sealed class DeliveryTests
{
    private readonly BrokerHost _host = new BrokerHost(new FaultyDevice(1)).Open();

    [Fact]
    public void APersistentMessageIsConfirmedAndDeliveredOnlyAfterTheCommit()
    {
        _host.Declare("q");
        var consumer = _host.Consume("q");
        var publisher = new Publisher(_host);
        _host.Idle();

        publisher.Publish("q", "one");
        Assert.Equal(0, publisher.ConfirmedCount);
        Assert.Empty(consumer.All);

        _host.Idle();
        Assert.Equal(1, publisher.ConfirmedCount);
        Assert.Equal(["one"], consumer.Bodies);
        Assert.False(consumer.All[0].Redelivered);
        Assert.Equal(1, consumer.StartedCount);
    }

    [Fact]
    public void PersistentAndTransientMessagesOfOnePublisherStayInOrder()
    {
        _host.Declare("q");
        var publisher = new Publisher(_host);
        for (var i = 0; i < 200; i++) publisher.Publish("q", $"{i}", persistent: i % 3 != 0);
        _host.Idle();

        Assert.Equal(200, publisher.ConfirmedCount);
        Assert.Equal(Enumerable.Range(0, 200).Select(i => $"{i}"), _host.DrainBodies("q"));
    }

    [Fact]
    public void ATransientMessageToAnIdleAutoAckConsumerNeedsNoCommit()
    {
        _host.Declare("q", durable: false);
        var consumer = _host.Consume("q", noAck: true);
        var publisher = new Publisher(_host);

        publisher.Publish("q", "now", persistent: false);

        Assert.Equal(["now"], consumer.Bodies);
        Assert.Equal(1, publisher.ConfirmedCount);
        Assert.Equal(0, _host.Broker.Arena.BytesInUse);
    }

    [Fact]
    public void PrefetchHoldsBackUntilSomethingIsSettled()
    {
        var queue = _host.Declare("q");
        var consumer = _host.Consume("q", prefetch: 2);
        var publisher = new Publisher(_host);
        for (var i = 0; i < 5; i++) publisher.Publish("q", $"{i}");
        _host.Idle();
        Assert.Equal(["0", "1"], consumer.Bodies);

        consumer.Settle(queue, count: 1);
        _host.Idle();

        Assert.Equal(["0", "1", "2"], consumer.Bodies);
        Assert.Equal(2, queue.MessageCount);
        Assert.Equal(2, queue.UnackedCount);
    }

    [Fact]
    public void AConsumerWithoutRoomGetsTheRestAfterResume()
    {
        var queue = _host.Declare("q");
        var consumer = _host.Consume("q");
        consumer.Room = 1;
        var publisher = new Publisher(_host);
        for (var i = 0; i < 3; i++) publisher.Publish("q", $"{i}");
        _host.Idle();
        Assert.Equal(["0"], consumer.Bodies);

        consumer.Room = 10;
        queue.Resume(consumer, FlushSet.ForThisThread);
        _host.Idle();

        Assert.Equal(["0", "1", "2"], consumer.Bodies);
    }

    [Fact]
    public void ReturnedMessagesComeAgainInTheirOldPlaceAndMarked()
    {
        var queue = _host.Declare("q");
        var first = _host.Consume("q", prefetch: 2);
        var publisher = new Publisher(_host);
        for (var i = 0; i < 4; i++) publisher.Publish("q", $"{i}");
        _host.Idle();
        _host.Cancel("q", first);
        first.Return(queue);

        var all = _host.Drain("q");

        Assert.Equal([("0", true), ("1", true), ("2", false), ("3", false)], all.Select(r => (r.Body, r.Redelivered)));
    }

    [Fact]
    public void AnEntryIsSettledOnce()
    {
        var queue = _host.Declare("q");
        var consumer = _host.Consume("q");
        new Publisher(_host).Publish("q", "x");
        _host.Idle();
        var ids = consumer.Take();

        Assert.True(queue.Settle(ids, consumer, FlushSet.ForThisThread));
        Assert.False(queue.Settle(ids, consumer, FlushSet.ForThisThread));
        Assert.False(queue.Return(ids, consumer, countsAsFailure: true, FlushSet.ForThisThread));
    }

    [Fact]
    public void GetTakesOneAndSaysHowManyRemain()
    {
        var queue = _host.Declare("q");
        var publisher = new Publisher(_host);
        for (var i = 0; i < 3; i++) publisher.Publish("q", $"{i}");
        _host.Idle();

        var get = new RecordingGet();
        queue.Get(get, FlushSet.ForThisThread);
        _host.Idle();
        Assert.Equal("0", get.Body);
        Assert.Equal(2, get.Remaining);
        Assert.True(queue.Settle([get.Id], null, FlushSet.ForThisThread));

        var noAck = new RecordingGet { NoAck = true };
        queue.Get(noAck, FlushSet.ForThisThread);
        Assert.Equal("1", noAck.Body);
        Assert.Equal(0, queue.UnackedCount);
        Assert.Equal(1, queue.MessageCount);
    }

    [Fact]
    public void GetFromAnEmptyQueueIsAnsweredAtOnce()
    {
        var queue = _host.Declare("q");
        var get = new RecordingGet();
        queue.Get(get, FlushSet.ForThisThread);
        Assert.Equal("", get.Body);
    }

    [Fact]
    public void OneMessageReachesEveryBoundQueue()
    {
        _host.Host.DeclareExchange("fan", "fanout", false, true, false, false, []);
        foreach (var name in new[] { "a", "b", "c" })
        {
            _host.Declare(name, durable: name != "c");
            Assert.Null(_host.Host.BindQueue(name, "fan", "", [], _host.Connection).Error);
        }

        var publisher = new Publisher(_host);
        publisher.Add("fan", "k", "x"u8.ToArray(), persistent: true);
        publisher.Add("fan", "k", "y"u8.ToArray(), persistent: false);
        publisher.Flush();
        _host.Idle();

        Assert.Equal(2, publisher.ConfirmedCount);
        foreach (var name in new[] { "a", "b", "c" }) Assert.Equal(["x", "y"], _host.DrainBodies(name));
        Assert.True(_host.Broker.Arena.BytesInUse <= Broker.Storage.MessageArena.BlockBytes);
    }

    [Fact]
    public void AFullRefusingQueueNacksAndTheOthersStillGetTheMessage()
    {
        _host.Declare("small", [new(QueueArguments.LengthMax, 2), new(QueueArguments.Overflow, "reject-publish")]);
        _host.Declare("other");
        _host.Host.DeclareExchange("fan", "fanout", false, true, false, false, []);
        _host.Host.BindQueue("small", "fan", "", [], _host.Connection);
        _host.Host.BindQueue("other", "fan", "", [], _host.Connection);
        var publisher = new Publisher(_host);
        for (var i = 0; i < 5; i++) publisher.Add("fan", "", [(byte)('0' + i)], persistent: true);
        publisher.Flush();
        _host.Idle();

        Assert.Equal(2, publisher.ConfirmedCount);
        Assert.Equal(3, publisher.RefusedCount);
        Assert.Equal(["0", "1"], _host.DrainBodies("small"));
        Assert.Equal(["0", "1", "2", "3", "4"], _host.DrainBodies("other"));

        publisher.Add("fan", "", "5"u8.ToArray(), persistent: true);
        publisher.Flush();
        _host.Idle();
        Assert.Equal(3, publisher.ConfirmedCount);
    }

    [Fact]
    public void APurgeAndADeleteLetGoOfAllMemory()
    {
        var queue = _host.Declare("q", durable: false);
        var publisher = new Publisher(_host);
        for (var i = 0; i < 2000; i++) publisher.Publish("q", new string('x', 1000), persistent: false);
        Assert.True(_host.Broker.Arena.BytesInUse > 2_000_000);

        Assert.Equal(2000, queue.Purge(FlushSet.ForThisThread));
        Assert.True(_host.Broker.Arena.BytesInUse <= Broker.Storage.MessageArena.BlockBytes);

        for (var i = 0; i < 2000; i++) publisher.Publish("q", new string('x', 1000), persistent: false);
        var consumer = _host.Consume("q", prefetch: 10);
        Assert.Null(_host.Host.DeleteQueue("q", false, false, _host.Connection, out var count).Error);
        Assert.Equal(1990, count);
        Assert.Equal(Broker.Queues.SubscriptionEnd.QueueDeleted, consumer.End);
        Assert.True(_host.Broker.Arena.BytesInUse <= Broker.Storage.MessageArena.BlockBytes);
    }
}
