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

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void After_a_restart_they_wait_until_the_same_time(bool crash)
    {
        Declare("all", minMs: 10_000, maxMs: 10_000);
        new Publisher(_host).Publish("q", "x");
        var consumer = _host.Consume("q");
        _host.Idle();
        consumer.Return(_host.Queue("q"));
        _host.Idle();
        Pass(6_000);
        if (crash) _host.CrashAndOpen();
        else _host.Restart();
        Assert.Equal((0L, 1L), (_host.Queue("q").MessageCount, Waiting));
        Pass(3_999);
        Assert.Equal((0L, 1L), (_host.Queue("q").MessageCount, Waiting));
        Pass(1);
        Assert.Equal((1L, 0L), (_host.Queue("q").MessageCount, Waiting));
        _host.CrashAndOpen();
        Assert.Equal((1L, 0L), (_host.Queue("q").MessageCount, Waiting));
        Assert.Equal(["x"], _host.DrainBodies("q"));
        _host.CrashAndOpen();
        Assert.Equal((0L, 0L), (_host.Queue("q").MessageCount, Waiting));
    }

    [Fact]
    public void Whose_time_passes_while_the_broker_is_down_is_ready_when_it_is_back()
    {
        Declare("all", minMs: 10_000, maxMs: 10_000);
        new Publisher(_host).Publish("q", "x");
        var consumer = _host.Consume("q");
        _host.Idle();
        consumer.Return(_host.Queue("q"));
        _host.Idle();
        _host.Crash();
        _host.Time.Advance(20_000);
        _host.Open();
        Assert.Equal((1L, 0L), (_host.Queue("q").MessageCount, Waiting));
    }

    /// <summary>A later return that does not wait is what counts.</summary>
    [Fact]
    public void Who_came_back_for_good_does_not_wait_after_a_crash()
    {
        Declare("failed", minMs: 1_000, maxMs: 100_000);
        new Publisher(_host).Publish("q", "x");
        var consumer = _host.Consume("q");
        _host.Idle();
        consumer.Return(_host.Queue("q"));
        Pass(1_000);
        Assert.Equal(2, consumer.All.Count);
        _host.Cancel("q", consumer);
        consumer.Return(_host.Queue("q"), countsAsFailure: false);
        _host.Idle();
        _host.CrashAndOpen();
        Assert.Equal((1L, 0L), (_host.Queue("q").MessageCount, Waiting));
    }

    /// <summary>
    /// The record of the return goes with its file of the journal; what is left of it is in the snapshot. The message
    /// itself is copied forward, or in a block of a segment whose index is not in memory after a restart.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3_000)]
    public void The_time_outlives_the_journal_that_it_was_written_to(int waitingAt)
    {
        Declare("all", minMs: 3_600_000, maxMs: 3_600_000);
        _host.Declare("passing");
        var publisher = new Publisher(_host);
        for (var i = 1; i < waitingAt; i++)
        {
            publisher.Publish("q", new string('.', 4_000));
            if (i % 100 == 0) _host.Idle();
        }

        publisher.Publish("q", "x");
        _host.Idle();
        var consumer = _host.Consume("q");
        do _host.Idle();
        while (consumer.All.Count < waitingAt);
        _host.Cancel("q", consumer);
        consumer.Take(waitingAt - 1).Chunk(100).ToList()
            .ForEach(ids => _host.Queue("q").Return(ids, consumer, countsAsFailure: false, FlushSet.ForThisThread));
        consumer.Return(_host.Queue("q"));
        _host.Idle();
        Assert.Equal(waitingAt, Waiting);
        PassMessages("passing", 3_000);
        _host.CrashAndOpen();
        PassMessages("passing", 3_000);
        _host.CrashAndOpen();

        var again = _host.Consume("q");
        Pass(1_000);
        Assert.Empty(again.All);
        Pass(3_600_000);
        do _host.Idle();
        while (_host.Queue("q").MessageCount > 0);
        Assert.Equal(waitingAt, again.All.Count);
        Assert.Equal("x", again.All[^1].Body);
    }

    [Fact]
    public void A_transaction_that_returns_messages_says_until_when_they_wait()
    {
        Declare("all", minMs: 10_000, maxMs: 10_000);
        new Publisher(_host).Publish("q", "x");
        var consumer = _host.Consume("q");
        _host.Idle();
        var transaction = _host.Host.BeginTransaction();
        transaction.Return(_host.Queue("q"), Assert.Single(consumer.Take()), consumer, countsAsFailure: true);
        transaction.Commit(new RecordingCallback());
        _host.Idle();
        Assert.Equal((0L, 1L), (_host.Queue("q").MessageCount, Waiting));
        _host.CrashAndOpen();
        Assert.Equal((0L, 1L), (_host.Queue("q").MessageCount, Waiting));
        Pass(10_000);
        Assert.Equal((1L, 0L), (_host.Queue("q").MessageCount, Waiting));
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

    /// <summary>So many that the journal's files are used again.</summary>
    private void PassMessages(string queue, int count)
    {
        var publisher = new Publisher(_host);
        for (var i = 0; i < count; i++)
        {
            publisher.Publish(queue, new string('.', 4_000));
            if (i % 100 == 0) _host.Drain(queue);
        }

        _host.Drain(queue);
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
