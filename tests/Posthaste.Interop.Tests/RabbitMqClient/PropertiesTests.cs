using Posthaste.Interop.Tests.Infrastructure;
using RabbitMQ.Client;

namespace Posthaste.Interop.Tests.RabbitMqClient;

public sealed class PropertiesTests(BrokerFixture broker) : BrokerTest(broker)
{
    [BrokerTheory]
    [InlineData("classic")]
    [InlineData("quorum")]
    public async Task Every_property_comes_out_as_it_went_in(string type)
    {
        string queue = await QueueAsync("queue", ("x-queue-type", type));
        var sent = new BasicProperties
        {
            ContentType = "application/json",
            ContentEncoding = "gzip",
            DeliveryMode = DeliveryModes.Persistent,
            Priority = 7,
            CorrelationId = "correlation \u90f5",
            ReplyTo = "reply.queue",
            Expiration = "600000",
            MessageId = "message",
            Timestamp = new AmqpTimestamp(1_700_000_000),
            Type = "order.placed",
            UserId = "guest",
            AppId = "interop",
            ClusterId = "cluster",
        };
        await Channel.BasicPublishAsync("", queue, false, sent, "body"u8.ToArray());
        IReadOnlyBasicProperties got = (await GetAsync(queue)).BasicProperties;
        Assert.Equal(
            (sent.ContentType, sent.ContentEncoding, sent.DeliveryMode, sent.Priority, sent.CorrelationId),
            (got.ContentType, got.ContentEncoding, got.DeliveryMode, got.Priority, got.CorrelationId));
        Assert.Equal(
            (sent.ReplyTo, sent.Expiration, sent.MessageId, sent.Timestamp, sent.Type),
            (got.ReplyTo, got.Expiration, got.MessageId, got.Timestamp, got.Type));
        Assert.Equal((sent.UserId, sent.AppId, sent.ClusterId), (got.UserId, got.AppId, got.ClusterId));
    }

    [BrokerFact]
    public async Task What_was_not_set_stays_unset()
    {
        string queue = await QueueAsync();
        await Channel.BasicPublishAsync("", queue, false, new BasicProperties(), new byte[1]);
        IReadOnlyBasicProperties got = (await GetAsync(queue)).BasicProperties;
        bool[] present =
        [
            got.IsContentTypePresent(), got.IsContentEncodingPresent(), got.IsHeadersPresent(),
            got.IsDeliveryModePresent(), got.IsPriorityPresent(), got.IsCorrelationIdPresent(), got.IsReplyToPresent(),
            got.IsExpirationPresent(), got.IsMessageIdPresent(), got.IsTimestampPresent(), got.IsTypePresent(),
            got.IsUserIdPresent(), got.IsAppIdPresent(), got.IsClusterIdPresent(),
        ];
        Assert.DoesNotContain(true, present);
    }

    [BrokerFact]
    public async Task Every_field_type_of_the_client_round_trips()
    {
        string queue = await QueueAsync();
        Dictionary<string, object?> sent = Table(
            ("void", null),
            ("bool", true),
            ("sbyte", (sbyte)-5),
            ("byte", (byte)200),
            ("short", (short)-30_000),
            ("ushort", (ushort)60_000),
            ("int", int.MinValue),
            ("uint", uint.MaxValue),
            ("long", long.MinValue),
            ("float", 1.5f),
            ("double", Math.PI),
            ("decimal", 12345.678m),
            ("timestamp", new AmqpTimestamp(1_700_000_000)),
            ("binary", new BinaryTableValue([0, 1, 255])),
            ("table", Table(("inner", Table(("deep", 1))), ("list", new List<object?> { 1, "two", null }))),
            ("empty table", Table()),
            ("empty list", new List<object?>()));
        await Channel.BasicPublishAsync("", queue, false, new BasicProperties { Headers = sent }, new byte[1]);
        IDictionary<string, object?> got = (await GetAsync(queue)).BasicProperties.Headers!;
        Assert.Equal(sent.Keys, got.Keys);
        foreach (string key in sent.Keys.Except(["binary", "table", "empty table", "empty list"]))
            Assert.Equal(sent[key], got[key]);
        Assert.Equal([0, 1, 255], Assert.IsType<BinaryTableValue>(got["binary"]).Bytes);
        var table = Assert.IsType<Dictionary<string, object?>>(got["table"]);
        Assert.Equal(1, Assert.IsType<Dictionary<string, object?>>(table["inner"])["deep"]);
        Assert.Equal([1, "two"u8.ToArray(), null], Assert.IsType<List<object?>>(table["list"]));
        // Null is how this client reads a table or a list without entries.
        Assert.Equal((null, null), (got["empty table"], got["empty list"]));
    }

    [BrokerFact]
    public async Task Headers_of_a_hundred_kilobytes_arrive()
    {
        string queue = await QueueAsync();
        Dictionary<string, object?> sent = Enumerable.Range(0, 1_000)
            .ToDictionary(i => $"header {i:d4}", object? (i) => new string((char)('a' + i % 26), 90));
        await Channel.BasicPublishAsync("", queue, false, new BasicProperties { Headers = sent }, new byte[1]);
        IDictionary<string, object?> got = (await GetAsync(queue)).BasicProperties.Headers!;
        Assert.Equal(sent.Keys, got.Keys);
        Assert.Equal(90, Assert.IsType<byte[]>(got["header 0999"]).Length);
    }

    [BrokerTheory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4_088)]
    [InlineData(4_089)]
    [InlineData(131_064)]
    [InlineData(131_065)]
    [InlineData(1_048_576)]
    public async Task Bodies_of_any_size_arrive_whole(int size)
    {
        string queue = await QueueAsync();
        var body = new byte[size];
        new Random(size).NextBytes(body);
        foreach (uint frameMax in (uint[])[4_096, 8_192, 131_072])
        {
            IConnection connection = await ConnectAsync(factory => factory.RequestedFrameMax = frameMax);
            await using IChannel channel = await connection.CreateChannelAsync(new CreateChannelOptions(true, true));
            Assert.Equal(frameMax, connection.FrameMax);
            await channel.BasicPublishAsync("", queue, body);
            BasicGetResult got = (await channel.BasicGetAsync(queue, true))!;
            Assert.True(body.AsSpan().SequenceEqual(got.Body.Span));
        }
    }

    [BrokerFact]
    public async Task A_user_id_must_be_the_users_own()
    {
        string queue = await QueueAsync();
        var properties = new BasicProperties { UserId = "somebody" };
        await ClosesChannelAsync(Channel, 406,
            "PRECONDITION_FAILED - user_id property set to 'somebody' but authenticated user was 'guest'",
            async () => await Channel.BasicPublishAsync("", queue, false, properties, new byte[1]));
    }
}
