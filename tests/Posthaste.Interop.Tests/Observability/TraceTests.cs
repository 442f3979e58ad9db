using System.Diagnostics;
using System.Text;
using Posthaste.Interop.Tests.Infrastructure;
using Posthaste.Interop.Tests.Stomp;
using Posthaste.Testing;
using RabbitMQ.Client;

namespace Posthaste.Interop.Tests.Observability;

/// <summary>
/// Traces through the real executable: what clients and their instrumentation begin, the broker goes on with.
/// </summary>
public sealed class TraceTests
{
    private const string TraceId = "4bf92f3577b34da6a3ce929d0e0e4736";
    private const string Parent = $"00-{TraceId}-00f067aa0ba902b7-01";
    private const string State = "shop=00f067aa0ba902b7";

    /// <summary>As OTLP numbers them.</summary>
    private const int Server = 2;
    private const int Producer = 4;

    [Fact]
    public async Task A_publish_of_the_NET_client_is_followed_to_its_consumer_of_MQTT()
    {
        await using OtlpCollector collector = await OtlpCollector.StartAsync();
        await using BrokerProcess broker = await StartAsync(collector);
        using MqttSocket consumer = await MqttSocket.OpenAsync(broker.PortOf("mqtt"));
        await consumer.SubscribeAsync("orders/new");
        await using IConnection connection = await ConnectAsync(broker);
        await using IChannel channel = await connection.CreateChannelAsync();
        await channel.QueueDeclareAsync("kept", true, false, false);
        await channel.QueueBindAsync("kept", "amq.topic", "orders.new");

        // The client's own instrumentation writes the header, of the spans of this test alone.
        using Activity work = new Activity("work").SetIdFormat(ActivityIdFormat.W3C).Start();
        work.ActivityTraceFlags = ActivityTraceFlags.Recorded;
        Activity? sent = null;
        using var listener = new ActivityListener
        {
            ShouldListenTo = static source => source.Name == "RabbitMQ.Client.Publisher",
            Sample = (ref options) => options.Parent.TraceId == work.TraceId
                ? ActivitySamplingResult.AllDataAndRecorded : ActivitySamplingResult.None,
            ActivityStopped = span => sent = span,
        };
        ActivitySource.AddActivityListener(listener);
        await PublishAsync(broker, "amq.topic", "orders.new", new BasicProperties { MessageId = "order-1" });

        Dictionary<string, string> got = await consumer.TakeAsync();
        Assert.NotNull(sent);
        Assert.Equal(sent.Id, got["traceparent"]);
        Dictionary<string, ReceivedSpan> spans =
            (await collector.SpansOfAsync(work.TraceId.ToHexString(), 5)).ToDictionary(span => span.Operation);

        ReceivedSpan publish = spans["publish"];
        Assert.Equal(("publish amq.topic", Server), (publish.Name, publish.Kind));
        Assert.Equal(sent.SpanId.ToHexString(), publish.ParentId);
        Assert.Equal("order-1", publish.Attributes["messaging.message.id"]);
        Assert.Equal("amqp", publish.Attributes["network.protocol.name"]);
        Assert.Equal((publish.Id, publish.Id), (spans["route"].ParentId, spans["store"].ParentId));
        ReceivedSpan deliver = spans["deliver"];
        Assert.Equal((publish.Id, Producer), (deliver.ParentId, deliver.Kind));
        Assert.Equal("mqtt", deliver.Attributes["network.protocol.name"]);
        Assert.Equal((work.TraceId.ToHexString(), sent.SpanId.ToHexString()), Assert.Single(deliver.Links));
        Assert.Equal(
            (deliver.Id, "acknowledged"), (spans["ack"].ParentId, spans["ack"].Attributes["posthaste.outcome"]));
        Assert.True(publish.StartNs <= spans["store"].EndNs && spans["store"].EndNs <= publish.EndNs);
        Assert.True(deliver.EndNs <= spans["ack"].EndNs);
    }

    /// <summary>Also: a broker that traces leaves what publishers wrote as it is.</summary>
    [Theory]
    [InlineData("amqp")]
    [InlineData("mqtt")]
    [InlineData("stomp")]
    public async Task The_context_of_a_trace_reaches_consumers_of_every_protocol(string publisher)
    {
        await using OtlpCollector collector = await OtlpCollector.StartAsync();
        await using BrokerProcess broker = await StartAsync(collector);
        using MqttSocket mqtt = await MqttSocket.OpenAsync(broker.PortOf("mqtt"));
        await mqtt.SubscribeAsync("traced/topic");
        using StompSocket stomp = await StompSocket.OpenAsync("127.0.0.1", broker.PortOf("stomp"));
        await stomp.SendAsync("SUBSCRIBE\nid:1\ndestination:/topic/traced.topic\nack:auto\nreceipt:subscribed\n\n\0");
        Assert.StartsWith("RECEIPT\n", await stomp.ReadFrameAsync(), StringComparison.Ordinal);
        await using IConnection connection = await ConnectAsync(broker);
        await using IChannel channel = await connection.CreateChannelAsync();
        string queue = (await channel.QueueDeclareAsync()).QueueName;
        await channel.QueueBindAsync(queue, "amq.topic", "traced.topic");

        await (publisher switch
        {
            "amqp" => PublishAsync(broker, "amq.topic", "traced.topic", new BasicProperties
            {
                Headers = new Dictionary<string, object?> { ["traceparent"] = Parent, ["tracestate"] = State },
            }),
            "mqtt" => PublishMqttAsync(broker),
            _ => PublishStompAsync(broker),
        });

        Dictionary<string, string> overMqtt = await mqtt.TakeAsync();
        Assert.Equal((Parent, State), (overMqtt["traceparent"], overMqtt["tracestate"]));
        string[] overStomp = (await stomp.ReadFrameAsync()).Split('\n');
        Assert.Contains($"traceparent:{Parent}", overStomp);
        Assert.Contains($"tracestate:{State}", overStomp);
        BasicGetResult overAmqp =
            await Wait.ForAsync("the message", () => channel.BasicGetAsync(queue, autoAck: true));
        Assert.Equal((Parent, State), (Text(overAmqp, "traceparent"), Text(overAmqp, "tracestate")));

        // One publish with its route, three deliveries (one by a get), and one that was acknowledged.
        ReceivedSpan[] spans = await collector.SpansOfAsync(TraceId, 6);
        ReceivedSpan publish = Assert.Single(spans, span => span.Operation == "publish");
        Assert.Equal("00f067aa0ba902b7", publish.ParentId);
        Assert.Equal(publisher, publish.Attributes["network.protocol.name"]);
        Assert.Equal(
            ["amqp", "mqtt", "stomp"],
            spans.Where(span => span.ParentId == publish.Id && span.Kind == Producer)
                .Select(span => (string)span.Attributes["network.protocol.name"]).Order());
    }

    [Fact]
    public async Task Messages_without_a_trace_begin_one_when_they_shall()
    {
        await using OtlpCollector collector = await OtlpCollector.StartAsync();
        await using BrokerProcess broker = await StartAsync(collector, "--set", "Tracing:Ratio=1");
        await PublishAsync(broker, "amq.topic", "nowhere", new BasicProperties());
        Assert.Equal(0, await broker.StopAsync());

        ReceivedSpan publish = Assert.Single(collector.Spans, span => span.Operation == "publish");
        Assert.Equal(("", "unroutable"), (publish.ParentId, publish.Attributes["posthaste.outcome"]));
    }

    [Fact]
    public async Task A_collector_that_does_not_answer_costs_traced_messages_neither_time_nor_memory()
    {
        await using OtlpCollector collector = await OtlpCollector.StartAsync(isStuck: true);
        await using BrokerProcess broker = await StartAsync(
            collector, "--set", "Otlp:TimeoutMs=600000", "--set", "Tracing:MessagesMax=1000");
        await PublishManyAsync(broker, 2_000);
        await Wait.UntilAsync("a request that hangs", () => Task.FromResult(collector.HeldCount > 0));
        long before = broker.ResidentBytes;
        await PublishManyAsync(broker, 40_000);

        // All of their spans would be more than 200 MB.
        Assert.InRange(broker.ResidentBytes - before, long.MinValue, 100 << 20);
        Assert.Equal(0, await broker.StopAsync());
    }

    private static async Task<BrokerProcess> StartAsync(OtlpCollector collector, params string[] settings)
    {
        BrokerProcess broker = BrokerProcess.InTemporaryDirectory(
            ["--set", $"Otlp:Endpoint={collector.Address}", .. settings]);
        _ = (broker.PortOf("mqtt"), broker.PortOf("stomp"));
        await broker.StartAsync();
        return broker;
    }

    private static async Task<IConnection> ConnectAsync(BrokerProcess broker) =>
        await new ConnectionFactory { HostName = "127.0.0.1", Port = broker.AmqpPort }.CreateConnectionAsync();

    private static async Task PublishAsync(
        BrokerProcess broker, string exchange, string key, BasicProperties properties)
    {
        await using IConnection connection = await ConnectAsync(broker);
        await using IChannel channel = await connection.CreateChannelAsync(new CreateChannelOptions(true, true));
        properties.DeliveryMode = DeliveryModes.Persistent;
        await channel.BasicPublishAsync(exchange, key, false, properties, new byte[8]);
    }

    private static async Task PublishMqttAsync(BrokerProcess broker)
    {
        using MqttSocket publisher = await MqttSocket.OpenAsync(broker.PortOf("mqtt"));
        await publisher.PublishAsync("traced/topic", "body", ("traceparent", Parent), ("tracestate", State));
    }

    private static async Task PublishStompAsync(BrokerProcess broker)
    {
        using StompSocket publisher = await StompSocket.OpenAsync("127.0.0.1", broker.PortOf("stomp"));
        await publisher.SendAsync(
            $"SEND\ndestination:/topic/traced.topic\npersistent:true\ntraceparent:{Parent}\ntracestate:{State}\n"
            + "receipt:sent\n\nbody\0");
        Assert.StartsWith("RECEIPT\n", await publisher.ReadFrameAsync(), StringComparison.Ordinal);
    }

    /// <summary>Confirmed, each with the trace of the others.</summary>
    private static async Task PublishManyAsync(BrokerProcess broker, int count)
    {
        await using IConnection connection = await ConnectAsync(broker);
        await using IChannel channel = await connection.CreateChannelAsync(new CreateChannelOptions(true, true));
        await channel.QueueDeclareAsync("many", true, false, false);
        var properties = new BasicProperties
        {
            Headers = new Dictionary<string, object?> { ["traceparent"] = Parent },
        };
        foreach (int[] chunk in Enumerable.Range(0, count).Chunk(500))
        {
            await Task.WhenAll(chunk.Select(
                _ => channel.BasicPublishAsync("", "many", false, properties, new byte[8]).AsTask()));
        }

        await channel.QueuePurgeAsync("many");
    }

    private static string Text(BasicGetResult message, string header) =>
        Encoding.UTF8.GetString((byte[])message.BasicProperties.Headers![header]!);
}
