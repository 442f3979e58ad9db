using System.Text;
using Posthaste.Broker.Formats;
using Posthaste.Core.Messages;
using Posthaste.Primitives.Tables;
using Posthaste.Protocols.Amqp091.Tests.Session;
using Posthaste.Protocols.Amqp091.Wire.Content;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Tests.Format;

/// <summary>What consumers see of messages that another protocol published.</summary>
public sealed class ForeignMessageTests
{
    [Fact]
    public async Task Every_property_has_its_field()
    {
        var properties = await DeliverAsync(into =>
        {
            into.ContentType = "text/plain"u8;
            into.ContentEncoding = "identity"u8;
            into.CorrelationId = "c-1"u8;
            into.ReplyTo = new ReplyAddress(default, "answers"u8);
            into.MessageId = "m-1"u8;
            into.Type = "order"u8;
            into.UserId = "guest"u8;
            into.AppId = "shop"u8;
            into.Priority = 7;
            into.ExpirationMs = 60_000;
            into.TimestampS = 1_700_000_000;
            into.AddHeader("tenant"u8, "blue"u8);
        });
        Assert.Equal(
            ("text/plain", "identity", "c-1", "answers", "m-1", "order"),
            (properties.ContentType, properties.ContentEncoding, properties.CorrelationId, properties.ReplyTo,
                properties.MessageId, properties.Type));
        Assert.Equal(
            ("guest", "shop", (byte?)7, "60000", (ulong?)1_700_000_000, (byte?)2),
            (properties.UserId, properties.AppId, properties.Priority, properties.Expiration, properties.Timestamp,
                properties.DeliveryMode));
        Assert.Equal([new("tenant", "blue")], properties.Headers!);
    }

    [Fact]
    public async Task What_has_no_field_or_does_not_fit_its_field_is_a_header()
    {
        var longText = Encoding.UTF8.GetBytes(new string('x', 300));
        var properties = await DeliverAsync(into =>
        {
            into.IsBodyText = true;
            into.ContentType = longText;
            into.CorrelationId = longText;
            into.ReplyTo = new ReplyAddress("amq.topic"u8, longText);
        });
        Assert.Equal((null, null, null), (properties.ContentType, properties.CorrelationId, properties.ReplyTo));
        FieldTable expected =
        [
            new("x-content-type", new string('x', 300)),
            new("x-correlation-id", new string('x', 300)),
            new("x-reply-to", "amq.reply-to.amq%2Etopic." + new string('x', 300)),
            new("x-body-is-text", "true"),
        ];
        Assert.Equal(expected, properties.Headers);
    }

    [Fact]
    public async Task Correlation_data_that_are_no_text_become_text()
    {
        var properties = await DeliverAsync(into => into.CorrelationId = [0, 255, 1]);
        Assert.Equal("base64:AP8B", properties.CorrelationId);
    }

    [Fact]
    public async Task Repeated_headers_become_an_array_and_long_names_have_a_place()
    {
        var longName = new string('n', 300);
        var properties = await DeliverAsync(into =>
        {
            into.AddHeader("a"u8, "1"u8);
            into.AddHeader("b"u8, "2"u8);
            into.AddHeader("a"u8, "3"u8);
            into.AddHeader(Encoding.UTF8.GetBytes(longName), "4"u8);
        });
        FieldTable named = [new("name", longName), new("value", "4")];
        FieldTable expected =
        [
            new("a", FieldValue.Array("1", "3")),
            new("b", "2"),
            new("x-long-headers", FieldValue.Array(named)),
        ];
        Assert.Equal(expected, properties.Headers);
    }

    [Fact]
    public async Task Headers_beyond_the_frame_are_counted()
    {
        // A frame of 8,192 bytes has room for five of them beside the fields.
        var properties = await DeliverAsync(
            into =>
            {
                for (var i = 0; i < 100; i++)
                    into.AddHeader(Encoding.UTF8.GetBytes($"h{i}"), new byte[1000].AsSpan());
            },
            new Amqp091Limits { FrameBytesMax = 8192 });
        Assert.True(properties.Headers!.TryGetInt64("x-omitted-headers", out var omitted));
        Assert.Equal((5, 95), (properties.Headers.Count - 1, omitted));
    }

    [Fact]
    public async Task A_longer_routing_key_is_cut_at_a_character_and_whole_in_a_header()
    {
        await using var host = new BrokerHost();
        var foreign = Register(host, static _ => { });
        var client = await host.OpenChannelAsync();
        await client.DeclareQueueAsync("q");
        await client.SendAsync(
            1, new QueueBind { Queue = "q"u8, Exchange = "amq.topic"u8, RoutingKey = "#"u8 });
        await client.ExpectAsync(MethodId.QueueBindOk);
        await client.ConsumeAsync("q", noAck: true);
        var key = string.Concat(Enumerable.Repeat("é", 200));
        foreign.Publish(host, "amq.topic", key, "far");
        var content = await client.ExpectContentAsync(MethodId.BasicDeliver);
        Assert.True(BasicDeliver.TryRead(content.Method, out var deliver));
        Assert.Equal(key[..127], Encoding.UTF8.GetString(deliver.RoutingKey));
        Assert.Equal([new("x-routing-key", key)], content.Decoded.Headers!);
    }

    [Fact]
    public async Task A_dead_lettered_message_keeps_its_properties_and_tells_of_its_death()
    {
        await using var host = new BrokerHost();
        var foreign = Register(host, static into =>
        {
            into.ContentType = "text/plain"u8;
            into.ExpirationMs = 1;
            into.AddHeader("tenant"u8, "blue"u8);
        });
        var client = await host.OpenChannelAsync();
        await client.DeclareQueueAsync("dead");
        await client.DeclareQueueAsync(
            "q", [new("x-dead-letter-exchange", ""), new("x-dead-letter-routing-key", "dead")]);
        await client.ConsumeAsync("q");
        foreign.Publish(host, "", "q", "x");
        var (tag, _, _) = await client.ExpectDeliveryAsync();
        await client.SendAsync(1, new BasicReject { DeliveryTag = tag });
        await client.ConsumeAsync("dead", tag: "d", noAck: true);
        var properties = (await client.ExpectContentAsync(MethodId.BasicDeliver)).Decoded;
        Assert.Equal(("text/plain", null), (properties.ContentType, properties.Expiration));
        Assert.True(properties.Headers!.TryGetString("tenant", out var tenant));
        Assert.Equal("blue", tenant);
        Assert.True(properties.Headers.TryGetValue("x-death", out var deaths));
        Assert.True(deaths.Elements[0].TryGetTable(out var death));
        Assert.True(death.TryGetString("reason", out var reason));
        Assert.True(death.TryGetString("original-expiration", out var expiration));
        Assert.Equal(("rejected", "1"), (reason, expiration));
    }

    [Fact]
    public async Task A_get_and_a_direct_reply_are_converted_as_well()
    {
        await using var host = new BrokerHost();
        var foreign = Register(host, static into => into.Type = "t"u8);
        var client = await host.OpenChannelAsync();
        await client.DeclareQueueAsync("q");
        foreign.Publish(host, "", "q", "x");
        await client.SendAsync(1, new BasicGet { Queue = "q"u8, NoAck = true });
        Assert.Equal("t", (await client.ExpectContentAsync(MethodId.BasicGetOk)).Decoded.Type);

        await client.ConsumeAsync("amq.rabbitmq.reply-to", "replies", noAck: true);
        await client.ConsumeAsync("q", "requests", noAck: true);
        await client.PublishAsync("", "q", "?", new BasicProperties { ReplyTo = "amq.rabbitmq.reply-to" });
        var name = (await client.ExpectContentAsync(MethodId.BasicDeliver)).Decoded.ReplyTo!;
        var message = new MessageView(
            PropertyFormat.Mqtt, MessageFlags.None, 0, default, Encoding.UTF8.GetBytes(name), default, "!"u8);
        var flushes = new Posthaste.Broker.FlushSet();
        Assert.True(host.Broker.Replies.TryDeliver(Encoding.UTF8.GetBytes(name), message, flushes));
        flushes.FlushAll();
        Assert.Equal("t", (await client.ExpectContentAsync(MethodId.BasicDeliver)).Decoded.Type);
    }

    private static async Task<BasicProperties> DeliverAsync(
        Action<MessageProperties> fill, Amqp091Limits? limits = null)
    {
        await using var host = new BrokerHost(limits: limits);
        var foreign = Register(host, fill);
        var client = await host.OpenChannelAsync();
        await client.DeclareQueueAsync("q");
        await client.ConsumeAsync("q", noAck: true);
        foreign.Publish(host, "", "q", "body");
        var content = await client.ExpectContentAsync(MethodId.BasicDeliver);
        Assert.Equal("body", content.Text);
        return content.Decoded;
    }

    private static ForeignFormat Register(BrokerHost host, Action<MessageProperties> fill)
    {
        var foreign = new ForeignFormat(fill);
        host.Broker.Formats.Register(foreign);
        return foreign;
    }
}
