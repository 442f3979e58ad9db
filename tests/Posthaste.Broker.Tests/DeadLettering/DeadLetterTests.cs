using Posthaste.Core.Catalog;
using Posthaste.Core.Messages;
using Posthaste.Core.Queues;
using Posthaste.Primitives.Tables;
using Posthaste.Simulation.Clients;
using Posthaste.Simulation.Hosting;
using Posthaste.Storage.Devices;

namespace Posthaste.Broker.Tests.DeadLettering;

/// <summary>Where the dead of a queue go, when they stay, and when they go nowhere.</summary>
public sealed class DeadLetterTests
{
    private const int TtlMs = 10_000;

    private readonly BrokerHost _host = new BrokerHost(new FaultyDevice(1)).Open();

    [Fact]
    public void AMessageThatWouldGoRoundForEverIsDroppedAtTheSecondTurn()
    {
        _host.Declare("a", [.. DeadTo("b"), new(QueueArguments.MessageTtl, TtlMs)]);
        _host.Declare("b", [.. DeadTo("a"), new(QueueArguments.MessageTtl, TtlMs)]);
        new Publisher(_host).Publish("a", "x");
        _host.Idle();

        Pass(TtlMs);
        Assert.Equal((0, 1), Counts("a", "b"));
        Pass(TtlMs);
        Assert.Equal((0, 0), Counts("a", "b"));
        _host.CrashAndOpen();
        Assert.Equal((0, 0), Counts("a", "b"));
    }

    [Fact]
    public void AMessageThatAClientRejectsMayGoRound()
    {
        _host.Declare("a", [.. DeadTo("b"), new(QueueArguments.MessageTtl, TtlMs)]);
        _host.Declare("b", DeadTo("a"));
        new Publisher(_host).Publish("a", "x");
        _host.Idle();

        for (var turn = 1; turn <= 3; turn++)
        {
            Pass(TtlMs);
            var consumer = _host.Consume("b");
            _host.Idle();
            consumer.Reject(_host.Queue("b"));
            _host.Cancel("b", consumer);
            _host.Idle();
            Assert.Equal((1, 0), Counts("a", "b"));
        }

        var history = DeathHistory.Read(_host.Drain("a").Single().Annotations);
        Assert.Equal([("b", 3L), ("a", 3L)], history.Deaths.Select(death => (death.Queue, death.Count)));
    }

    [Fact]
    public void TheDeliveryLimitCountsFailuresOnlyAndThroughACrash()
    {
        _host.Declare("dead");
        _host.Declare("q", [.. DeadTo("dead"), .. Quorum, new(QueueArguments.DeliveryLimit, 2)]);
        new Publisher(_host).Publish("q", "poison");
        _host.Idle();
        Fail("q", countsAsFailure: true);
        Fail("q", countsAsFailure: false);
        _host.CrashAndOpen();
        Fail("q", countsAsFailure: true);
        Assert.Equal((1, 0), Counts("q", "dead"));

        Fail("q", countsAsFailure: true);

        Assert.Equal((0, 1), Counts("q", "dead"));
        var death = DeathHistory.Read(_host.Drain("dead").Single().Annotations).Deaths.Single();
        Assert.Equal(("q", DeadLetterReason.DeliveryLimit), (death.Queue, death.Reason));
    }

    [Fact]
    public void WithoutADeliveryLimitADeliveryMayFailAnyNumberOfTimes()
    {
        _host.Declare("q", [.. Quorum, new(QueueArguments.DeliveryLimit, -1)]);
        new Publisher(_host).Publish("q", "patience");
        _host.Idle();
        for (var i = 0; i < 50; i++) Fail("q", countsAsFailure: true);
        Assert.Equal(["patience"], _host.DrainBodies("q"));
    }

    [Fact]
    public void AtLeastOnceHoldsTheDeadUntilTheirTargetHasRoom()
    {
        _host.Declare("full", RefusesMoreThan(1));
        _host.Declare("q", AtLeastOnceTo("full"));
        var publisher = new Publisher(_host);
        publisher.Publish("full", "first");
        publisher.Publish("q", "second");
        _host.Idle();
        Reject("q");
        Pass(QueueMachine.DeadLetterRetryMs);
        Assert.Equal((0, 1), Counts("q", "full"));
        Assert.Equal(["first"], _host.DrainBodies("full"));

        Pass(QueueMachine.DeadLetterRetryMs);

        Assert.Equal(["second"], _host.DrainBodies("full"));
        _host.CrashAndOpen();
        Assert.Equal((0, 0), Counts("q", "full"));
    }

    [Fact]
    public void AtLeastOnceKeepsTheDeadThroughACrashAndUntilThereIsARoute()
    {
        _host.Declare("q", AtLeastOnceTo("later"));
        new Publisher(_host).Publish("q", "waits");
        _host.Idle();
        Reject("q");
        Pass(QueueMachine.DeadLetterRetryMs);
        _host.CrashAndOpen();
        Assert.Equal(1, _host.Queue("q").MessageCount);
        Reject("q");

        _host.Declare("later");
        Pass(QueueMachine.DeadLetterRetryMs);

        Assert.Equal(["waits"], _host.DrainBodies("later"));
    }

    [Fact]
    public void AtMostOnceLetsTheDeadGoWhenTheirTargetIsFull()
    {
        _host.Declare("full", RefusesMoreThan(1));
        _host.Declare("q", [.. DeadTo("full"), .. Quorum]);
        var publisher = new Publisher(_host);
        publisher.Publish("full", "first");
        publisher.Publish("q", "second");
        _host.Idle();
        Reject("q");
        Assert.Equal(["first"], _host.DrainBodies("full"));
        Pass(QueueMachine.DeadLetterRetryMs);
        Assert.Equal((0, 0), Counts("q", "full"));
        _host.CrashAndOpen();
        Assert.Equal((0, 0), Counts("q", "full"));
    }

    [Theory]
    [InlineData("reject-publish-dlx", "1,2")]
    [InlineData("reject-publish", "")]
    public void ARefusedMessageIsDeadLetteredWhereThePolicySaysSo(string overflow, string dead)
    {
        _host.Declare("dead");
        _host.Declare(
            "small", [.. DeadTo("dead"), new(QueueArguments.LengthMax, 1), new(QueueArguments.Overflow, overflow)]);
        var publisher = new Publisher(_host);
        for (var i = 0; i < 3; i++) publisher.Publish("small", $"{i}");
        _host.Idle();

        Assert.Equal((1, 2), (publisher.ConfirmedCount, publisher.RefusedCount));
        _host.CrashAndOpen();
        Assert.Equal(["0"], _host.DrainBodies("small"));
        var letters = _host.Drain("dead");
        Assert.Equal(dead, string.Join(',', letters.Select(letter => letter.Body)));
        Assert.All(letters, letter => Assert.Equal(
            DeadLetterReason.MaxLength, DeathHistory.Read(letter.Annotations).Deaths.Single().Reason));
    }

    private static FieldTable Quorum { get; } = [new(QueueArguments.Type, "quorum")];

    private static FieldTable DeadTo(string queue) =>
        [new(QueueArguments.DeadLetterExchange, ""), new(QueueArguments.DeadLetterRoutingKey, queue)];

    private static FieldTable RefusesMoreThan(int count) =>
        [new(QueueArguments.LengthMax, count), new(QueueArguments.Overflow, "reject-publish")];

    private static FieldTable AtLeastOnceTo(string queue) =>
    [
        .. DeadTo(queue), .. Quorum, new(QueueArguments.Overflow, "reject-publish"),
        new(QueueArguments.DeadLetterStrategy, "at-least-once"),
    ];

    private void Pass(long ms)
    {
        _host.Time.Advance(ms);
        _host.Idle();
    }

    private void Reject(string queue)
    {
        var consumer = _host.Consume(queue);
        _host.Idle();
        consumer.Reject(_host.Queue(queue));
        _host.Cancel(queue, consumer);
        _host.Idle();
    }

    private void Fail(string queue, bool countsAsFailure)
    {
        var consumer = _host.Consume(queue, prefetch: 1);
        _host.Idle();
        _host.Cancel(queue, consumer);
        consumer.Return(_host.Queue(queue), countsAsFailure);
        _host.Idle();
    }

    private (long First, long Second) Counts(string first, string second) =>
        (_host.Queue(first).MessageCount, _host.Queue(second).MessageCount);
}
