using Posthaste.Core.Catalog;
using Posthaste.Primitives.Tables;
using Posthaste.Simulation.Clients;
using Posthaste.Simulation.Hosting;
using Posthaste.Storage.Devices;

namespace Posthaste.Broker.Tests.Storage;

/// <summary>Messages that have to be read back from disk before they can go anywhere.</summary>
public sealed class LoadTests
{
    private readonly Troubles _troubles = new();
    private readonly BrokerHost _host;

    public LoadTests() => _host = new BrokerHost(
        new FaultyDevice(1), wrap: inner => new TroubledDevice(inner, _troubles));

    [Fact]
    public void AQueueAsksOnceForWhatItWaitsFor()
    {
        OpenWithColdMessage();
        var queue = _host.Queue("q");
        var consumer = _host.Consume("q", prefetch: 1);
        // The delivery mark becomes durable; then the message is wanted.
        _host.Broker.Pipeline.CommitPending();
        _host.Broker.Pipeline.ApplyCommitted();
        Assert.Empty(consumer.All);

        for (var i = 0; i < 100; i++) queue.Resume(consumer, FlushSet.ForThisThread);

        Assert.Equal(1, _host.Broker.Loader.PendingCount);
        _host.Idle();
        Assert.Single(consumer.All);
    }

    [Fact]
    public void ASegmentThatCantBeDeletedIsLeftToTheNextStartAndNothingElseWaits()
    {
        _host.Open();
        _host.Declare("q");
        Fill("q", 2_000);
        Assert.NotEmpty(_host.Device!.List("segments"));
        _troubles.FailsDelete = static name => name.StartsWith("segments/", StringComparison.Ordinal);
        Assert.Null(_host.Host.DeleteQueue("q", false, false, _host.Connection, out _).Error);
        _host.Idle();
        Assert.NotEmpty(_host.Device.List("segments"));

        _troubles.FailsDelete = static _ => false;
        _host.Declare("other");
        Fill("other", 2_000);
        Assert.Equal(2_000, _host.Drain("other").Count);
        _host.Restart();
        Assert.Empty(_host.Device.List("segments"));
    }

    [Fact]
    public void ADeadMessageThatCantBeReadIsThereAgainAfterARestart()
    {
        OpenWithColdMessage(
        [
            new(QueueArguments.MessageTtl, 10_000), new(QueueArguments.DeadLetterExchange, ""),
            new(QueueArguments.DeadLetterRoutingKey, "dead"),
        ]);
        _host.Declare("dead");
        _troubles.FailsRead = static _ => true;
        _host.Time.Advance(10_000);
        _host.Idle();
        Assert.Equal((0, 0), (_host.Queue("q").MessageCount, _host.Queue("dead").MessageCount));
        Assert.Contains(
            _host.Errors.Take(), error => error.Contains("it stays in the journal", StringComparison.Ordinal));

        _troubles.FailsRead = static _ => false;
        _host.Restart();
        _host.Idle();

        Assert.Equal(["cold"], _host.DrainBodies("dead"));
    }

    [Fact]
    public void LateWorkForTheLoaderIsLeftUndoneOnceItHasEnded()
    {
        _host.Open();
        var loader = _host.Broker.Loader;
        _host.Close();
        var isDone = false;

        loader.Post(_ => isDone = true);

        Assert.False(isDone);
    }

    /// <summary>A queue q with one message, in one large file that is not moved out of, and not in memory.</summary>
    private void OpenWithColdMessage(FieldTable? arguments = null)
    {
        _host.Options.JournalFileBytes = 32 << 20;
        _host.Options.JournalBytesMax = 128 << 20;
        _host.Open();
        _host.Declare("q", arguments);
        new Publisher(_host).Publish("q", "cold");
        _host.Declare("other");
        Fill("other", 1_000, bodyBytes: 10_000);
    }

    private void Fill(string queue, int count, int bodyBytes = 4_000)
    {
        var publisher = new Publisher(_host);
        for (var i = 0; i < count; i++)
        {
            publisher.Publish(queue, $"{i}".PadRight(bodyBytes, '.'));
            if (i % 50 == 0) _host.Idle();
        }

        _host.Idle();
    }
}
