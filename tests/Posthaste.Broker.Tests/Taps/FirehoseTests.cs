using System.Text;
using Posthaste.Primitives;
using Posthaste.Primitives.Tables;
using Posthaste.Simulation.Clients;
using Posthaste.Simulation.Hosting;
using Posthaste.Storage.Devices;

namespace Posthaste.Broker.Tests.Taps;

/// <summary>The firehose: what it shows, and that it changes nothing.</summary>
public sealed class FirehoseTests
{
    private readonly BrokerHost _host = new BrokerHost(new FaultyDevice(1)).Open();

    [Fact]
    public void APublishAndItsDeliveryAreShownWithAllThatIsKnownOfThem()
    {
        _host.Declare("q");
        var trace = Trace("#");
        new Publisher(_host.Connection).Publish("q", "hello");
        _host.Idle();
        Consume("q");
        _host.Idle();

        Assert.Equal(["publish.", "deliver.q"], trace.All.Select(shown => shown.Key));
        Assert.All(trace.All, shown => Assert.Equal("hello", shown.Body));
        var (published, delivered) = (trace.All[0].Headers, trace.All[1].Headers);
        Assert.Equal("", Text(published, "exchange_name"));
        Assert.Equal("[q]", $"{Field(published, "routing_keys")}");
        Assert.Equal(MessageBroker.NodeName, Text(published, "node"));
        Assert.Equal("/", Text(published, "vhost"));
        Assert.Equal(_host.Connection.Name, Text(published, "connection"));
        Assert.Equal("sim", Text(published, "user"));
        Assert.Equal(FieldValue.Int32(0), Field(published, "channel"));
        Assert.Equal("[q]", $"{Field(published, "routed_queues")}");
        Assert.True(Field(published, "properties").TryGetTable(out var properties));
        Assert.Equal(FieldValue.Int32(2), Field(properties!, "delivery_mode"));
        Assert.False(published.ContainsKey("redelivered"));
        Assert.Equal(FieldValue.Int32(0), Field(delivered, "redelivered"));
        Assert.False(delivered.ContainsKey("routed_queues"));
    }

    [Fact]
    public void AMessageThatNoQueueGetsIsShownAndSoIsOneThatIsRefused()
    {
        _host.Declare("full", [new("x-max-length", 0), new("x-overflow", "reject-publish")]);
        var trace = Trace("publish.#");
        new Publisher(_host.Connection).Publish("full", "refused");
        _host.Idle();

        var shown = Assert.Single(trace.All);
        Assert.Equal("[full]", $"{Field(shown.Headers, "routed_queues")}");
    }

    [Fact]
    public void OnlyWhatIsBoundForIsShownAndNothingWhenItIsOff()
    {
        _host.Declare("q");
        _host.Declare("other");
        var trace = Trace("deliver.q");
        var publisher = new Publisher(_host.Connection);
        foreach (var name in (string[])["q", "other"])
        {
            Consume(name, noAck: true);
            publisher.Publish(name, "m");
        }

        _host.Idle();
        Assert.Equal(["deliver.q"], trace.All.Select(shown => shown.Key));

        Switch(isOn: false);
        publisher.Publish("q", "m");
        _host.Idle();
        Assert.Single(trace.All);
        Assert.Null(_host.Host.Tap);
    }

    [Fact]
    public void WhatItShowsIsNotShownItself()
    {
        _host.Declare("q");
        var trace = Trace("#");
        var second = Watch("second", "#", noAck: false);
        new Publisher(_host.Connection).Publish("q", "m");
        _host.Idle();

        Assert.Single(trace.All);
        Assert.Single(second.All);
    }

    [Fact]
    public void ADeliveryOfAQueueThatIsItselfBoundForTracesIsShownThere()
    {
        var queue = _host.Declare("q", durable: false);
        _host.Host.BindQueue("q", "amq.rabbitmq.trace", "#", FieldTable.Empty, _host.Connection);
        Switch(isOn: true);
        var consumer = Consume("q", noAck: true);

        new Publisher(_host.Connection).Publish("q", "m", persistent: false);
        _host.Idle();

        Assert.Equal(["publish.", "q", "deliver.q"], consumer.All.Select(received => received.RoutingKey));
        Assert.Equal(0, queue.MessageCount);
    }

    [Fact]
    public void ClientsMayNotPublishToItsExchange() => Assert.Equal(
        Publishing.RouteStatus.InternalExchange,
        _host.Host.CreateRouteCache(_host.Connection).Resolve("amq.rabbitmq.trace"u8, "publish.x"u8, out _));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void ATracedRunDeliversWhatAnUntracedOneDoes(int seed)
    {
        var plain = Run((ulong)seed, isTraced: false, out _);
        var traced = Run((ulong)seed, isTraced: true, out var shown);

        Assert.NotEmpty(plain);
        Assert.Equal(plain, traced);

        // Each delivery was shown, in the order of its queue.
        foreach (var queue in (string[])["a", "b"])
        {
            Assert.Equal(
                plain.Where(line => line.StartsWith(queue, StringComparison.Ordinal)).Select(line => line[2..]),
                shown.Where(trace => trace.Key == $"deliver.{queue}").Select(trace => trace.Body));
        }
    }

    private static List<string> Run(ulong seed, bool isTraced, out IReadOnlyList<Shown> shown)
    {
        var test = new FirehoseTests();
        var (host, random) = (test._host, new SeededRandom(seed));
        host.Declare("a");
        host.Declare("b", durable: false);
        var trace = isTraced ? test.Trace("#") : null;
        var consumers = (string[])["a", "b"];
        var subscriptions = consumers.Select(name => test.Consume(name, prefetch: 10)).ToArray();
        var publisher = new Publisher(host.Connection);
        for (var i = 0; i < 500; i++)
        {
            publisher.Add(
                "", consumers[random.Below(2)], Encoding.UTF8.GetBytes($"{i}"), persistent: random.Below(2) == 0);
            if (random.Below(8) == 0) publisher.Flush();
            if (random.Below(8) == 0) host.Idle();
            var at = random.Below(2);
            var queue = host.Queue(consumers[at]);
            if (random.Below(3) == 0) subscriptions[at].Settle(queue);
            else if (random.Below(10) == 0) subscriptions[at].Return(queue, countsAsFailure: false);
        }

        publisher.Flush();
        host.Idle();
        shown = trace?.All ?? [];
        return [.. consumers.SelectMany((name, at) => subscriptions[at].Bodies.Select(body => $"{name} {body}"))];
    }

    private void Switch(bool isOn) =>
        Assert.Null(_host.Host.ChangeSettings(settings => settings with { IsTracing = isOn }));

    private HeaderSubscription Trace(string key)
    {
        Switch(isOn: true);
        return Watch("trace", key, noAck: true);
    }

    private HeaderSubscription Watch(string name, string key, bool noAck)
    {
        var queue = _host.Declare(name, durable: false);
        var bound = _host.Host.BindQueue(name, "amq.rabbitmq.trace", key, FieldTable.Empty, _host.Connection);
        Assert.Null(bound.Error);
        var subscription = new HeaderSubscription(_host.Connection) { NoAck = noAck };
        queue.Consume(subscription, FlushSet.ForThisThread);
        return subscription;
    }

    private RecordingSubscription Consume(string queue, bool noAck = false, ushort prefetch = 0)
    {
        var subscription =
            new RecordingSubscription { By = _host.Connection, NoAck = noAck, PrefetchMax = prefetch };
        _host.Queue(queue).Consume(subscription, FlushSet.ForThisThread);
        return subscription;
    }

    private static string Text(FieldTable table, string key) =>
        table.TryGetString(key, out var text) ? text : throw new KeyNotFoundException(key);

    private static FieldValue Field(FieldTable table, string key) =>
        table.TryGetValue(key, out var value) ? value : throw new KeyNotFoundException(key);
}
