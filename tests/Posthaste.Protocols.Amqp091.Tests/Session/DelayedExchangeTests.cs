using System.Text;
using Posthaste.Primitives.Tables;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Content;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Tests.Session;

/// <summary>Exchanges of the type `x-delayed-message`, as clients of RabbitMQ's plugin use them.</summary>
public sealed class DelayedExchangeTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public async Task A_message_comes_when_its_delay_is_over_with_the_header_negated()
    {
        await using var host = new BrokerHost(options => options.Time = _time);
        var client = await host.OpenChannelAsync();
        await DeclareAsync(client, "direct");
        await BindAsync(client, "q", "key");
        await client.SelectConfirmsAsync();
        await client.ConsumeAsync("q", noAck: true);
        await client.PublishAsync("delayed", "key", "later", Delay(5_000));
        await client.ExpectAsync(MethodId.BasicAck);
        await client.PublishAsync("delayed", "key", "now", Delay(0));
        Assert.Equal("now", (await client.ExpectDeliveryAsync()).Text);
        await client.ExpectAsync(MethodId.BasicAck);
        _time.Advance(TimeSpan.FromMilliseconds(4_999));
        await client.ExpectSilenceAsync();

        _time.Advance(TimeSpan.FromMilliseconds(1));
        var received = await client.ExpectContentAsync(MethodId.BasicDeliver);
        Assert.Equal("later", received.Text);
        Assert.Equal([new("x-delay", -5_000), new("other", "stays")], received.Decoded.Headers!);
        Assert.True(BasicDeliver.TryRead(received.Method, out var deliver));
        Assert.Equal("delayed", Encoding.UTF8.GetString(deliver.Exchange));
    }

    [Fact]
    public async Task What_says_no_delay_is_routed_at_once_and_unchanged()
    {
        await using var host = new BrokerHost(options => options.Time = _time);
        var client = await host.OpenChannelAsync();
        await DeclareAsync(client, "fanout");
        await BindAsync(client, "q", "");
        await client.ConsumeAsync("q", noAck: true);
        FieldValue[] values = [0, -1, -5_000L, "soon", true, FieldValue.Void, "-7"];
        foreach (var value in values)
        {
            await client.PublishAsync("delayed", "", "x", new BasicProperties { Headers = [new("x-delay", value)] });
            var received = await client.ExpectContentAsync(MethodId.BasicDeliver);
            Assert.Equal([new("x-delay", value)], received.Decoded.Headers!);
        }

        await client.PublishAsync("delayed", "", "without headers");
        Assert.Equal("without headers", (await client.ExpectDeliveryAsync()).Text);
    }

    [Fact]
    public async Task Texts_and_fractions_are_delays_too()
    {
        await using var host = new BrokerHost(options => options.Time = _time);
        var client = await host.OpenChannelAsync();
        await DeclareAsync(client, "fanout");
        await BindAsync(client, "q", "");
        await client.ConsumeAsync("q", noAck: true);
        FieldValue[] values = ["1000", FieldValue.Double(1_000.9), 1_000L, FieldValue.Integer(FieldType.UInt16, 1_000)];
        foreach (var value in values)
        {
            await client.PublishAsync("delayed", "", "x", new BasicProperties { Headers = [new("x-delay", value)] });
            await client.ExpectSilenceAsync();
            _time.Advance(TimeSpan.FromMilliseconds(1_000));
            var received = await client.ExpectContentAsync(MethodId.BasicDeliver);
            Assert.True(received.Decoded.Headers!.TryGetInt64("x-delay", out var left));
            Assert.Equal(-1_000, left);
        }
    }

    [Fact]
    public async Task Copies_leave_when_it_is_due_and_blind_ones_stay_blind()
    {
        await using var host = new BrokerHost(options => options.Time = _time);
        var client = await host.OpenChannelAsync();
        await DeclareAsync(client, "direct");
        foreach (var queue in new[] { "to", "copy", "blind" })
        {
            await BindAsync(client, queue, queue);
            await client.ConsumeAsync(queue, tag: queue, noAck: true);
        }

        await client.PublishAsync("delayed", "to", "x", new BasicProperties
        {
            Headers =
            [
                new("CC", FieldValue.Array("copy")), new("BCC", FieldValue.Array("blind")), new("x-delay", 1_000),
            ],
        });
        await client.ExpectSilenceAsync();
        _time.Advance(TimeSpan.FromMilliseconds(1_000));
        var tags = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            var received = await client.ExpectContentAsync(MethodId.BasicDeliver);
            Assert.True(BasicDeliver.TryRead(received.Method, out var deliver));
            tags.Add(Encoding.UTF8.GetString(deliver.ConsumerTag));
            Assert.Equal(["CC", "x-delay"], received.Decoded.Headers!.Select(field => field.Key));
        }

        Assert.Equal(["blind", "copy", "to"], tags.Order());
    }

    [Fact]
    public async Task A_mandatory_message_is_taken_without_knowing_who_will_be_there()
    {
        await using var host = new BrokerHost(options => options.Time = _time);
        var client = await host.OpenChannelAsync();
        await DeclareAsync(client, "direct");
        await client.SelectConfirmsAsync();
        await client.PublishAsync("delayed", "nobody", "x", Delay(1_000), mandatory: true);
        await client.ExpectAsync(MethodId.BasicAck);
        _time.Advance(TimeSpan.FromMilliseconds(1_000));
        await client.ExpectSilenceAsync();
    }

    [Fact]
    public async Task From_exchange_to_exchange_it_is_delayed_once()
    {
        await using var host = new BrokerHost(options => options.Time = _time);
        var client = await host.OpenChannelAsync();
        await DeclareAsync(client, "fanout", "first");
        await DeclareAsync(client, "fanout", "second");
        await client.SendAsync(1, new ExchangeBind { Destination = "second"u8, Source = "first"u8 });
        await client.ExpectAsync(MethodId.ExchangeBindOk);
        await BindAsync(client, "q", "", "second");
        await client.ConsumeAsync("q", noAck: true);
        await client.PublishAsync("first", "", "x", Delay(1_000));
        await client.ExpectSilenceAsync();
        _time.Advance(TimeSpan.FromMilliseconds(1_000));
        Assert.Equal("x", (await client.ExpectDeliveryAsync()).Text);
    }

    [Theory]
    [InlineData(null, "PRECONDITION_FAILED - Invalid argument, 'x-delayed-type' must be an existing exchange type")]
    [InlineData("nonsense", "PRECONDITION_FAILED - unknown exchange type 'nonsense'")]
    [InlineData(
        "x-delayed-message",
        "PRECONDITION_FAILED - Invalid argument, 'x-delayed-message' can't be used for 'x-delayed-type'")]
    public async Task It_has_to_say_how_it_routes(string? type, string error)
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.SendAsync(1, Declaration("delayed", type));
        await client.ExpectChannelCloseAsync(ReplyCode.PreconditionFailed, error);
    }

    private static BasicProperties Delay(int delayMs) =>
        new() { Headers = [new("x-delay", delayMs), new("other", "stays")] };

    private static ExchangeDeclare Declaration(string name, string? type) => new()
    {
        Exchange = Encoding.UTF8.GetBytes(name),
        Type = "x-delayed-message"u8,
        Durable = true,
        Arguments = FieldTableCodec.Encode(type is null ? [] : [new("x-delayed-type", type)]),
    };

    private static async Task DeclareAsync(TestClient client, string type, string name = "delayed")
    {
        await client.SendAsync(1, Declaration(name, type));
        await client.ExpectAsync(MethodId.ExchangeDeclareOk);
    }

    private static async Task BindAsync(TestClient client, string queue, string key, string exchange = "delayed")
    {
        await client.DeclareQueueAsync(queue);
        await client.SendAsync(1, new QueueBind
        {
            Queue = Encoding.UTF8.GetBytes(queue),
            Exchange = Encoding.UTF8.GetBytes(exchange),
            RoutingKey = Encoding.UTF8.GetBytes(key),
        });
        await client.ExpectAsync(MethodId.QueueBindOk);
    }
}
