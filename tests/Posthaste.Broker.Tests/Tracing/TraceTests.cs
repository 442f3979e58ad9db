using System.Diagnostics;
using Posthaste.Broker.Queues;
using Posthaste.Primitives.Tables;
using Posthaste.Simulation.Clients;
using Posthaste.Simulation.Hosting;
using Posthaste.Storage.Devices;

namespace Posthaste.Broker.Tests.Tracing;

/// <summary>The spans of a message's way through the broker.</summary>
public sealed class TraceTests : IDisposable
{
    private const string TraceId = "0af7651916cd43dd8448eb211c80319c";
    private const string SpanId = "b7ad6b7169203331";

    private static readonly FieldTable Traced = FieldTable.Create(
        [new("traceparent", $"00-{TraceId}-{SpanId}-01"), new("tracestate", "shop=1")]);

    private readonly BrokerHost _host = new BrokerHost(new FaultyDevice(1)).Open();
    private readonly SpanRecorder _recorder;
    private readonly Publisher _publisher;

    public TraceTests()
    {
        _recorder = new SpanRecorder(_host.Broker);
        _publisher = new Publisher(_host.Connection) { Headers = Traced };
    }

    public void Dispose() => _recorder.Dispose();

    [Fact]
    public void AMessageIsFollowedFromItsPublisherToItsAcknowledgement()
    {
        var queue = _host.Declare("q");
        _publisher.Publish("q", "body");
        Assert.Equal(["route amq.default"], _recorder.Names);
        _host.Time.Advance(2_000);
        _host.Idle();
        Assert.Equal(["route amq.default", "store amq.default", "publish amq.default"], _recorder.Names);
        Assert.Equal(1, _publisher.ConfirmedCount);

        _host.Time.Advance(5_000);
        var consumer = _host.Consume("q");
        _host.Idle();
        _host.Time.Advance(7_000);
        consumer.Settle(queue);

        var publish = _recorder.The("publish amq.default");
        var deliver = _recorder.The("deliver q");
        var ack = _recorder.The("ack q");
        Assert.All(_recorder.Spans, static span => Assert.Equal(TraceId, span.TraceId.ToHexString()));
        Assert.Equal(SpanId, publish.ParentSpanId.ToHexString());
        Assert.Equal("shop=1", publish.TraceStateString);
        Assert.Equal(publish.SpanId, _recorder.The("route amq.default").ParentSpanId);
        Assert.Equal(publish.SpanId, _recorder.The("store amq.default").ParentSpanId);
        Assert.Equal(publish.SpanId, deliver.ParentSpanId);
        Assert.Equal(deliver.SpanId, ack.ParentSpanId);
        Assert.Equal(SpanId, Assert.Single(deliver.Links).Context.SpanId.ToHexString());
        Assert.Equal(SpanId, Assert.Single(ack.Links).Context.SpanId.ToHexString());
        Assert.Equal(
            [2, 5, 7], new[] { publish, deliver, ack }.Select(static span => Math.Round(span.Duration.TotalSeconds)));
        Assert.Equal(
            [ActivityKind.Server, ActivityKind.Producer, ActivityKind.Server],
            new[] { publish, deliver, ack }.Select(static span => span.Kind));
        Assert.Equal(0, _host.Broker.Tracing.Tracer!.EntryCount);
    }

    [Fact]
    public void SpansSayWhatTheyAreAboutInTheWordsOfTheConventions()
    {
        var queue = _host.Declare("q");
        _host.Host.BindQueue("q", "amq.topic", "a.#", FieldTable.Empty, _host.Connection);
        _publisher.Add("amq.topic", "a.b", "four"u8.ToArray(), persistent: true);
        _publisher.Flush();
        _host.Idle();
        var consumer = _host.Consume("q");
        _host.Idle();
        consumer.Settle(queue);

        var publish = Tags("publish amq.topic");
        Assert.Equal("posthaste", publish["messaging.system"]);
        Assert.Equal("publish", publish["messaging.operation.name"]);
        Assert.Equal("send", publish["messaging.operation.type"]);
        Assert.Equal("amq.topic:a.b", publish["messaging.destination.name"]);
        Assert.Equal("a.b", publish["messaging.rabbitmq.destination.routing_key"]);
        Assert.Equal(4, publish["messaging.message.body.size"]);
        Assert.Equal("sim", publish["network.protocol.name"]);
        Assert.Equal("accepted", publish["posthaste.outcome"]);
        Assert.Equal(["q"], (string[])Tags("route amq.topic")["posthaste.queues"]!);
        var deliver = Tags("deliver q");
        Assert.Equal("receive", deliver["messaging.operation.type"]);
        Assert.Equal("amq.topic:a.b:q", deliver["messaging.destination.name"]);
        Assert.Equal(false, deliver["posthaste.redelivered"]);
        var ack = Tags("ack q");
        Assert.Equal(("settle", "acknowledged"), (ack["messaging.operation.type"], ack["posthaste.outcome"]));
    }

    [Fact]
    public void ARedeliveryIsLinkedToTheDeliveryBefore()
    {
        var queue = _host.Declare("q");
        _publisher.Publish("q", "m");
        _host.Idle();
        var consumer = _host.Consume("q", prefetch: 1);
        _host.Idle();
        consumer.Return(queue, countsAsFailure: true);
        _host.Idle();
        consumer.Settle(queue);

        Assert.Equal(["deliver q", "nack q", "deliver q", "ack q"], _recorder.Names.Skip(3));
        var deliveries = _recorder.Spans.Where(static span => span.DisplayName == "deliver q").ToArray();
        Assert.Equal("requeued", Tags("nack q")["posthaste.outcome"]);
        Assert.Equal(true, deliveries[1].GetTagItem("posthaste.redelivered"));
        Assert.Contains(deliveries[1].Links, link => link.Context.SpanId == deliveries[0].SpanId);
        Assert.Equal(deliveries[1].SpanId, _recorder.The("ack q").ParentSpanId);
    }

    [Fact]
    public void ADeadLetterIsFollowedToWhereItGoes()
    {
        _host.Declare("dead");
        var queue = _host.Declare("q", [new("x-dead-letter-exchange", ""), new("x-dead-letter-routing-key", "dead")]);
        _publisher.Publish("q", "m");
        _host.Idle();
        var consumer = _host.Consume("q");
        _host.Idle();
        consumer.Reject(queue);
        _host.Idle();
        _host.Consume("dead", noAck: true);
        _host.Idle();

        var death = _recorder.The("dead-letter q");
        Assert.Equal("rejected", death.GetTagItem("posthaste.dead_letter.reason"));
        Assert.Equal(["dead"], (string[])death.GetTagItem("posthaste.queues")!);
        Assert.Equal("accepted", death.GetTagItem("posthaste.outcome"));
        Assert.Equal(_recorder.The("publish amq.default").SpanId, death.ParentSpanId);
        Assert.Equal(_recorder.The("deliver q").SpanId, Assert.Single(death.Links).Context.SpanId);
        Assert.Equal("rejected", Tags("reject q")["posthaste.outcome"]);
        var last = _recorder.The("deliver dead");
        Assert.Equal(death.SpanId, last.ParentSpanId);
        Assert.Equal(SpanId, Assert.Single(last.Links).Context.SpanId.ToHexString());
        Assert.Equal("settled", last.GetTagItem("posthaste.outcome"));
        Assert.Equal(0, _host.Broker.Tracing.Tracer!.EntryCount);
    }

    [Fact]
    public void AMessageThatGoesStraightToItsConsumerIsFollowedToo()
    {
        _host.Declare("q", durable: false);
        _host.Consume("q", noAck: true);
        _publisher.Publish("q", "now", persistent: false);

        Assert.Equal(["route amq.default", "deliver q", "publish amq.default"], _recorder.Names);
        Assert.Equal(_recorder.The("publish amq.default").SpanId, _recorder.The("deliver q").ParentSpanId);
    }

    [Fact]
    public void AMessageThatAQueueRefusesFails()
    {
        _host.Declare("q", [new("x-max-length", 1), new("x-overflow", "reject-publish")]);
        _publisher.Publish("q", "in");
        _publisher.Publish("q", "out");
        _host.Idle();

        var refused = Assert.Single(_recorder.Spans, static span => span.Status == ActivityStatusCode.Error);
        Assert.Equal("publish amq.default", refused.DisplayName);
        Assert.Equal("refused", refused.GetTagItem("error.type"));
        Assert.Equal((1, 1), (_publisher.ConfirmedCount, _publisher.RefusedCount));
    }

    [Fact]
    public void ADelayedMessageIsFollowedThroughItsDelay()
    {
        _host.Declare("q");
        _publisher.DelayMs = 10_000;
        _publisher.Publish("q", "m");
        _host.Idle();
        _host.Time.Advance(11_000);
        _host.Idle();
        _host.Consume("q", noAck: true);
        _host.Idle();

        var release = _recorder.The("release amq.default");
        Assert.Equal(_recorder.The("publish amq.default").SpanId, release.ParentSpanId);
        Assert.Equal(release.SpanId, _recorder.The("deliver q").ParentSpanId);
    }

    [Fact]
    public void AfterARestartSpansAreMissingAndNotWrong()
    {
        _host.Declare("q");
        _publisher.Publish("q", "before");
        _host.Idle();
        _host.Restart();
        using var recorder = new SpanRecorder(_host.Broker);
        new Publisher(_host.Connection).Publish("q", "untraced");
        _host.Idle();
        var consumer = _host.Consume("q");
        _host.Idle();
        consumer.Settle((BrokerQueue)_host.Broker.Queues.Single());

        Assert.Equal(2, consumer.All.Count);
        Assert.Empty(recorder.Spans);
    }

    [Fact]
    public void TheBrokersSpansAreNobodysCurrentOnes()
    {
        _host.Declare("q");
        using var mine = new Activity("mine").Start();
        _publisher.Publish("q", "m");
        _host.Idle();
        _host.Consume("q", noAck: true);
        _host.Idle();

        Assert.Same(mine, Activity.Current);
        Assert.Equal(SpanId, _recorder.The("publish amq.default").ParentSpanId.ToHexString());
    }

    private Dictionary<string, object?> Tags(string name) => _recorder.The(name).TagObjects.ToDictionary();
}
