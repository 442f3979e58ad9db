using Posthaste.Core.Catalog;
using Posthaste.Simulation.Clients;
using Posthaste.Simulation.Hosting;
using Posthaste.Storage.Devices;

namespace Posthaste.Broker.Tests.Delivery;

/// <summary>Messages that come back wait before they are delivered again.</summary>
public sealed class DelayedRetryTests
{
    private readonly BrokerHost _host = new BrokerHost(new FaultyDevice(1)).Open();

    [Fact]
    public void The_wait_grows_with_each_failure_up_to_the_maximum()
    {
        Declare("failed", minMs: 1_000, maxMs: 2_500);
        new Publisher(_host).Publish("q", "x");
        var consumer = _host.Consume("q");
        _host.Idle();
        foreach (var waitMs in (int[])[1_000, 2_000, 2_500, 2_500])
        {
            var before = consumer.All.Count;
            consumer.Return(_host.Queue("q"));
            Pass(waitMs - 1);
            Assert.Equal((before, 0L, 1L), (consumer.All.Count, _host.Queue("q").MessageCount, Waiting));
            Pass(1);
            Assert.Equal((before + 1, 0L), (consumer.All.Count, Waiting));
        }
    }

    [Theory]
    [InlineData("all", true, true)]
    [InlineData("failed", true, false)]
    [InlineData("returned", false, true)]
    [InlineData("disabled", false, false)]
    public void The_type_says_who_waits(string type, bool failedWaits, bool returnedWaits)
    {
        Declare(type, minMs: 1_000, maxMs: 1_000);
        new Publisher(_host).Publish("q", "x");
        var consumer = _host.Consume("q");
        _host.Idle();
        consumer.Return(_host.Queue("q"), countsAsFailure: true);
        _host.Idle();
        Assert.Equal(failedWaits ? 1 : 0, Waiting);
        Pass(1_000);
        consumer.Return(_host.Queue("q"), countsAsFailure: false);
        _host.Idle();
        Assert.Equal(returnedWaits ? 1 : 0, Waiting);
    }

    [Fact]
    public void Others_go_ahead_and_the_old_place_is_kept()
    {
        Declare("all", minMs: 1_000, maxMs: 1_000);
        var publisher = new Publisher(_host);
        publisher.Publish("q", "first");
        var consumer = _host.Consume("q", prefetch: 1);
        _host.Idle();
        publisher.Publish("q", "second");
        publisher.Publish("q", "third");
        consumer.Return(_host.Queue("q"));
        _host.Idle();
        Assert.Equal(["first", "second"], consumer.Bodies);
        Pass(1_000);
        consumer.Settle(_host.Queue("q"));
        _host.Idle();
        Assert.Equal(["first", "second", "first"], consumer.Bodies);
    }

    [Fact]
    public void After_a_crash_they_wait_anew()
    {
        Declare("all", minMs: 1_000, maxMs: 10_000);
        new Publisher(_host).Publish("q", "x");
        var consumer = _host.Consume("q");
        _host.Idle();
        consumer.Return(_host.Queue("q"));
        _host.Idle();
        _host.CrashAndOpen();
        Assert.Equal((0L, 1L), (_host.Queue("q").MessageCount, Waiting));
        Pass(1_000);
        Assert.Equal(["x"], _host.DrainBodies("q"));
        _host.CrashAndOpen();
        Assert.Equal((0L, 0L), (_host.Queue("q").MessageCount, Waiting));
    }

    [Fact]
    public void A_purge_takes_them_too()
    {
        Declare("all", minMs: 1_000, maxMs: 1_000);
        new Publisher(_host).Publish("q", "x");
        var consumer = _host.Consume("q");
        _host.Idle();
        consumer.Return(_host.Queue("q"));
        Assert.Equal(1, _host.Queue("q").Purge(FlushSet.ForThisThread));
        _host.Idle();
        _host.CrashAndOpen();
        Pass(1_000);
        Assert.Empty(_host.DrainBodies("q"));
    }

    private long Waiting => _host.Queue("q").WaitingCount;

    private void Declare(string type, int minMs, int maxMs) => _host.Declare("q",
    [
        new(QueueArguments.Type, "quorum"), new(QueueArguments.DelayedRetryType, type),
        new(QueueArguments.DelayedRetryMin, minMs), new(QueueArguments.DelayedRetryMax, maxMs),
    ]);

    private void Pass(long ms)
    {
        _host.Time.Advance(ms);
        _host.Idle();
    }
}
