using Posthaste.Core.Catalog;
using Posthaste.Simulation.Clients;
using Posthaste.Simulation.Hosting;
using Posthaste.Storage.Devices;

namespace Posthaste.Broker.Tests.Delivery;

/// <summary>How queues come and go.</summary>
public sealed class QueueLifecycleTests
{
    private readonly BrokerHost _host = new BrokerHost(new FaultyDevice(1)).Open();

    private bool Exists(string name) => _host.Host.TryGetQueue(System.Text.Encoding.UTF8.GetBytes(name), out _);

    [Fact]
    public void AnUnusedQueueExpiresAndAUsedOneDoesNot()
    {
        _host.Declare("idle", [new(QueueArguments.Expires, 10_000)]);
        _host.Declare("used", [new(QueueArguments.Expires, 10_000)]);
        var consumer = _host.Consume("used");
        _host.Idle();

        _host.Time.Advance(9_999);
        _host.Idle();
        Assert.True(Exists("idle"));

        _host.Time.Advance(1);
        _host.Idle();
        Assert.False(Exists("idle"));
        Assert.True(Exists("used"));

        _host.Cancel("used", consumer);
        _host.Time.Advance(20_001);
        _host.Idle();
        Assert.False(Exists("used"));
    }

    [Fact]
    public void AGetAndADeclarationAreUsesToo()
    {
        var got = _host.Declare("got", [new(QueueArguments.Expires, 10_000)]);
        _host.Declare("declared", [new(QueueArguments.Expires, 10_000)]);
        _host.Declare("idle", [new(QueueArguments.Expires, 10_000)]);
        for (var i = 0; i < 3; i++)
        {
            _host.Time.Advance(9_000);
            got.Get(new RecordingGet(), FlushSet.ForThisThread);
            _host.Declare("declared", [new(QueueArguments.Expires, 10_000)]);
            _host.Idle();
        }

        Assert.Equal((true, true, false), (Exists("got"), Exists("declared"), Exists("idle")));
        _host.Time.Advance(10_000);
        _host.Idle();
        Assert.Equal((false, false), (Exists("got"), Exists("declared")));
    }

    [Fact]
    public void AVirtualHostIsDurableAndSharesNoNamesWithOthers()
    {
        var other = _host.Broker.AddVirtualHost("other");
        using (var connection = _host.Connect("other"))
        {
            Assert.Null(other.DeclareQueue("q", false, true, false, false, [], connection).Error);
            new Publisher(_host.Broker, other).Publish("q", "theirs");
        }

        Assert.False(Exists("q"));
        _host.Idle();
        _host.CrashAndOpen();

        Assert.False(Exists("q"));
        Assert.Same(
            _host.Broker.FindVirtualHost("other"), _host.Broker.Queues.Single(queue => queue.MessageCount == 1).Host);
    }

    [Fact]
    public void AnAutoDeleteQueueGoesWithItsLastConsumer()
    {
        _host.Host.DeclareQueue("q", false, false, false, true, [], _host.Connection);
        var one = _host.Consume("q");
        var two = _host.Consume("q");
        _host.Cancel("q", one);
        Assert.True(Exists("q"));
        _host.Cancel("q", two);
        Assert.False(Exists("q"));
    }

    [Fact]
    public void AnExclusiveQueueIsItsConnectionsAndGoesWithIt()
    {
        var owner = _host.Connect();
        var result = _host.Host.DeclareQueue("q", false, false, true, false, [], owner);
        Assert.Null(result.Error);
        Assert.NotNull(_host.Host.CheckExclusive(result.Queue!, _host.Connection));
        Assert.Null(_host.Host.CheckExclusive(result.Queue!, owner));

        owner.Dispose();
        Assert.False(Exists("q"));
    }

    [Fact]
    public void DurableQueuesAndBindingsComeBackAndOthersDoNot()
    {
        _host.Host.DeclareExchange("x", "direct", false, true, false, false, []);
        _host.Declare("kept");
        _host.Declare("gone", durable: false);
        _host.Host.BindQueue("kept", "x", "k", [], _host.Connection);
        _host.Declare("deleted");
        _host.Host.DeleteQueue("deleted", false, false, _host.Connection, out _);
        _host.Idle();

        _host.CrashAndOpen();

        Assert.True(Exists("kept"));
        Assert.False(Exists("gone"));
        Assert.False(Exists("deleted"));
        var publisher = new Publisher(_host);
        publisher.Add("x", "k", "routed"u8.ToArray(), persistent: true);
        publisher.Flush();
        _host.Idle();
        Assert.Equal(["routed"], _host.DrainBodies("kept"));
    }

    [Fact]
    public void ADeletedQueueComesBackEmptyWhenItIsDeclaredAgain()
    {
        _host.Declare("q");
        new Publisher(_host).Publish("q", "old");
        _host.Idle();
        _host.Host.DeleteQueue("q", false, false, _host.Connection, out _);
        _host.Declare("q");
        _host.Idle();
        Assert.Empty(_host.DrainBodies("q"));

        _host.CrashAndOpen();
        Assert.Empty(_host.DrainBodies("q"));
    }
}
