using Posthaste.Core.Catalog;
using Posthaste.Simulation.Clients;
using Posthaste.Simulation.Hosting;
using Posthaste.Storage.Devices;

namespace Posthaste.Broker.Tests.Storage;

/// <summary>More messages than the journal may hold: they move, and are found again.</summary>
public sealed class ReclaimTests
{
    private const int BodyBytes = 4_000;

    private readonly BrokerHost _host = new BrokerHost(new FaultyDevice(1)).Open();

    [Fact]
    public void ABacklogLargerThanTheJournalComesInOrderAlsoAfterACrash()
    {
        _host.Declare("q");
        var bodies = PublishMany("q", 3_000);
        Assert.NotEmpty(_host.Device!.List("segments"));
        Assert.True(_host.Device.List("journal").Sum(file => file.LengthBytes) < 8 << 20);

        _host.CrashAndOpen();

        Assert.Equal(bodies, _host.DrainBodies("q"));
        _host.Idle();
        Assert.Empty(_host.Device.List("segments"));
    }

    [Fact]
    public void AFewOldMessagesMoveForwardWhileOthersPass()
    {
        _host.Declare("old");
        _host.Declare("busy");
        var publisher = new Publisher(_host);
        for (var i = 0; i < 5; i++) publisher.Publish("old", $"{i}");
        _host.Idle();
        for (var round = 0; round < 8; round++)
        {
            PublishMany("busy", 500);
            _host.Drain("busy");
        }

        _host.CrashAndOpen();

        Assert.Equal(["0", "1", "2", "3", "4"], _host.DrainBodies("old"));
        Assert.Empty(_host.DrainBodies("busy"));
    }

    [Fact]
    public void AQueueThatIsNotDurableKeepsWhatADurableOneGotToo()
    {
        _host.Host.DeclareExchange("fan", "fanout", false, true, false, false, []);
        _host.Declare("memory", durable: false);
        _host.Declare("disk");
        _host.Host.BindQueue("memory", "fan", "", [], _host.Connection);
        _host.Host.BindQueue("disk", "fan", "", [], _host.Connection);
        var publisher = new Publisher(_host);
        publisher.Add("fan", "", "kept"u8.ToArray(), persistent: true);
        publisher.Flush();
        _host.Idle();
        for (var round = 0; round < 8; round++)
        {
            PublishMany("disk", 500);
            _host.Drain("disk");
        }

        Assert.Equal(["kept"], _host.DrainBodies("memory"));
    }

    [Fact]
    public void ExpiredMessagesOfASegmentReachTheirDeadLetterQueue()
    {
        _host.Declare("dead");
        _host.Declare("q", [
            new(QueueArguments.MessageTtl, 10_000),
            new(QueueArguments.DeadLetterExchange, ""),
            new(QueueArguments.DeadLetterRoutingKey, "dead"),
        ]);
        var bodies = PublishMany("q", 2_000);
        Assert.NotEmpty(_host.Device!.List("segments"));

        for (var i = 0; i < 20; i++)
        {
            _host.Time.Advance(1_000);
            _host.Idle();
        }

        Assert.Equal(0, _host.Queue("q").MessageCount);
        _host.CrashAndOpen();
        Assert.Equal(bodies, _host.DrainBodies("dead"));
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
}
