using Posthaste.Broker.Statistics;
using Posthaste.Primitives.Tables;
using Posthaste.Simulation.Clients;
using Posthaste.Simulation.Hosting;
using Posthaste.Storage.Devices;

namespace Posthaste.Broker.Tests.Statistics;

/// <summary>What is counted, and what becomes of it above.</summary>
public sealed class MeterTests
{
    private readonly BrokerHost _host = new BrokerHost(new FaultyDevice(1)).Open();

    [Fact]
    public void AQueueCountsItsMessagesOnEveryWay()
    {
        var queue = _host.Declare("q");
        var publisher = new Publisher(_host);
        publisher.Publish("q", "four");
        publisher.Publish("q", "five!", persistent: false);
        publisher.Publish("q", "six...");
        _host.Idle();
        var consumer = _host.Consume("q", prefetch: 2);
        _host.Idle();
        consumer.Settle(queue, count: 1);
        _host.Idle();
        consumer.Return(queue, count: 1);
        _host.Idle();

        var now = queue.Meter!.Now;
        Assert.Equal(3, now.Of(Metric.Enqueued));
        Assert.Equal(4 + 5 + 6, now.Of(Metric.EnqueuedBytes));
        Assert.Equal(4, now.Of(Metric.Delivered));
        Assert.Equal(1, now.Of(Metric.Redelivered));
        Assert.Equal(1, now.Of(Metric.Acknowledged));
        Assert.Equal(0, now.Of(Metric.DeliveredNoAck));
        Assert.Equal(4, now.DeliveredOrGot);
        Assert.Equal(2, now.Of(Metric.Unacknowledged));
        Assert.Equal(0, now.Of(Metric.Ready));
    }

    [Fact]
    public void WhatIsHandedOverWithoutBeingKeptCountsAsWell()
    {
        var queue = _host.Declare("q", durable: false);
        _host.Consume("q", noAck: true);
        new Publisher(_host).Publish("q", "now", persistent: false);

        var now = queue.Meter!.Now;
        Assert.Equal(1, now.Of(Metric.Enqueued));
        Assert.Equal(1, now.Of(Metric.DeliveredNoAck));
        Assert.Equal(3, now.Of(Metric.DeliveredBytes));
    }

    [Fact]
    public void AQueueThatNeverHadAMessageHasNoMeter()
    {
        var queue = _host.Declare("q");
        var consumer = _host.Consume("q");
        _host.Idle();
        queue.Cancel(consumer, FlushSet.ForThisThread);

        Assert.Null(queue.Meter);
    }

    [Fact]
    public void AnExchangeCountsWhatCameAndWhatItSentOn()
    {
        _host.Declare("a");
        _host.Declare("b");
        foreach (var name in new[] { "a", "b" })
            Assert.Null(_host.Host.BindQueue(name, "amq.fanout", "", FieldTable.Empty, _host.Connection).Error);
        var publisher = new Publisher(_host);
        for (var i = 0; i < 3; i++) publisher.Add("amq.fanout", "", [1], persistent: true);
        publisher.Add("", "a", [1], persistent: true);
        publisher.Flush();

        Assert.True(_host.Host.TryGetExchange("amq.fanout"u8, out var fanout));
        var now = _host.Host.MeterOf(fanout).Now;
        Assert.Equal(3, now.Of(Metric.Published));
        Assert.Equal(6, now.Of(Metric.Enqueued));
        Assert.True(_host.Host.TryGetExchange(""u8, out var direct));
        Assert.Equal(1, _host.Host.MeterOf(direct).Now.Of(Metric.Enqueued));
    }

    [Fact]
    public void SumsHoldWhatIsThereAndWhatIsGone()
    {
        var first = _host.Declare("first");
        _host.Declare("second");
        var publisher = new Publisher(_host);
        publisher.Publish("first", "one");
        publisher.Publish("second", "two");
        publisher.Publish("second", "three");
        _host.Idle();
        var before = _host.Host.Meter.Now;
        Assert.Equal(3, before.Of(Metric.Enqueued));
        Assert.Equal(3, before.Of(Metric.Ready));

        _host.Host.RemoveQueue("second");

        var after = _host.Broker.Statistics.Broker.Now;
        Assert.Equal(3, after.Of(Metric.Enqueued));
        Assert.Equal(1, after.Of(Metric.Ready));
        Assert.Equal(1, first.Meter!.Now.Of(Metric.Ready));
    }

    [Fact]
    public void DepthIsKnownAfterARestart()
    {
        _host.Declare("q");
        new Publisher(_host).Publish("q", "one");
        _host.Idle();
        _host.Restart();

        Assert.Equal(1, _host.Host.Meter.Now.Of(Metric.Ready));
        Assert.Equal(0, _host.Host.Meter.Now.Of(Metric.Enqueued));
    }

    [Fact]
    public void DeadLettersAreCountedByReasonOnceEach()
    {
        var queue = _host.Declare("q", [new("x-dead-letter-exchange", ""), new("x-dead-letter-routing-key", "dead")]);
        var dead = _host.Declare("dead");
        new Publisher(_host).Publish("q", "one");
        var consumer = _host.Consume("q");
        _host.Idle();
        consumer.Reject(queue, count: 1);
        _host.Idle();

        Assert.Equal(1, dead.MessageCount);
        Assert.Equal(1, queue.Meter!.Now.Of(Metric.DeadRejected));
        Assert.Equal(0, queue.Meter.Now.Of(Metric.DeadExpired));
    }
}
