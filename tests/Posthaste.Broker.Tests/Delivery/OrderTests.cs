using Posthaste.Simulation.Clients;
using Posthaste.Simulation.Hosting;
using Posthaste.Storage.Devices;

namespace Posthaste.Broker.Tests.Delivery;

/// <summary>A transient message waits for the durable ones before it, of its own connection and of no other.</summary>
public sealed class OrderTests
{
    private readonly BrokerHost _host = new BrokerHost(new FaultyDevice(1)).Open();

    [Fact]
    public void ATransientMessageWaitsForTheDurableOneBeforeIt()
    {
        var queue = _host.Declare("q");
        var publisher = new Publisher(_host);
        publisher.Publish("q", "durable");
        publisher.Publish("q", "transient", persistent: false);
        Assert.Equal((0, 0), (queue.MessageCount, publisher.ConfirmedCount));

        _host.Idle();

        Assert.Equal(["durable", "transient"], _host.DrainBodies("q"));
    }

    [Fact]
    public void ItGoesStraightAgainOnceThatOneIsApplied()
    {
        var queue = _host.Declare("q");
        var publisher = new Publisher(_host);
        publisher.Publish("q", "durable");
        publisher.Publish("q", "behind it", persistent: false);
        _host.Idle();

        publisher.Publish("q", "straight", persistent: false);

        Assert.Equal((3, 3), (queue.MessageCount, publisher.ConfirmedCount));
    }

    [Fact]
    public void ATransientMessageOfAnotherConnectionDoesNotWait()
    {
        var queue = _host.Declare("q");
        var slow = new Publisher(_host);
        var fast = new Publisher(_host);
        slow.Publish("q", "durable");

        fast.Publish("q", "overtakes", persistent: false);

        Assert.Equal((1, 1, 0), (queue.MessageCount, fast.ConfirmedCount, slow.ConfirmedCount));
        _host.Idle();
        Assert.Equal(["overtakes", "durable"], _host.DrainBodies("q"));
    }

    [Fact]
    public void ATransientMessageInOneBatchWithADurableOneWaitsToo()
    {
        var queue = _host.Declare("q");
        var publisher = new Publisher(_host);
        publisher.Add("", "q", "durable"u8.ToArray(), persistent: true);
        publisher.Add("", "q", "transient"u8.ToArray(), persistent: false);
        publisher.Flush();
        Assert.Equal(0, queue.MessageCount);

        _host.Idle();

        Assert.Equal(["durable", "transient"], _host.DrainBodies("q"));
    }
}
