using System.Text;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Content;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Tests.Session;

/// <summary>Answers to requesters whose address is in another exchange than the default one.</summary>
public sealed class ReplyAddressTests
{
    private const string Address = "amq.reply-to.amq%2Etopic.sensors.1.answers";

    [Fact]
    public async Task An_answer_goes_to_the_exchange_in_the_address()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await BindAsync(client, "sensors.*.answers");
        await client.SelectConfirmsAsync();
        await client.PublishAsync("", Address, "42", new BasicProperties { CorrelationId = "1" }, mandatory: true);
        var content = await client.ExpectContentAsync(MethodId.BasicDeliver);
        Assert.True(BasicDeliver.TryRead(content.Method, out var deliver));
        Assert.Equal("amq.topic"u8, deliver.Exchange);
        Assert.Equal("sensors.1.answers"u8, deliver.RoutingKey);
        Assert.Equal(("42", "1"), (content.Text, content.Decoded.CorrelationId));
        await client.ExpectAsync(MethodId.BasicAck);
    }

    [Theory]
    [InlineData(Address)]
    [InlineData("amq.reply-to.no-such-exchange.key")]
    [InlineData("amq.reply-to.no%2-escape.key")]
    [InlineData("amq.reply-to..key")]
    public async Task An_answer_that_nobody_waits_for_is_returned(string address)
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.PublishAsync("", address, "late", mandatory: true);
        var content = await client.ExpectContentAsync(MethodId.BasicReturn);
        Assert.True(BasicReturn.TryRead(content.Method, out var returned));
        Assert.Equal(address, Encoding.UTF8.GetString(returned.RoutingKey));
        Assert.Equal("late", content.Text);
    }

    [Fact]
    public async Task Clients_reach_no_internal_exchange_by_an_address()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.SendAsync(
            1, new ExchangeDeclare { Exchange = "inner"u8, Type = "fanout"u8, Internal = true });
        await client.ExpectAsync(MethodId.ExchangeDeclareOk);
        await client.DeclareQueueAsync("q");
        await client.SendAsync(1, new QueueBind { Queue = "q"u8, Exchange = "inner"u8 });
        await client.ExpectAsync(MethodId.QueueBindOk);
        await client.PublishAsync("", "amq.reply-to.inner.k", "x", mandatory: true);
        await client.ExpectContentAsync(MethodId.BasicReturn);
        Assert.Equal(0u, await client.CountAsync("q"));
    }

    [Fact]
    public async Task An_address_is_used_again_and_again_and_follows_bindings()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await BindAsync(client, "sensors.*.answers");
        for (var i = 0; i < 3; i++)
        {
            await client.PublishAsync("", Address, $"{i}");
            await client.PublishAsync("amq.topic", "sensors.1.answers", $"direct {i}");
            Assert.Equal($"{i}", (await client.ExpectDeliveryAsync()).Text);
            Assert.Equal($"direct {i}", (await client.ExpectDeliveryAsync()).Text);
        }

        await client.SendAsync(1, new QueueUnbind
        {
            Queue = "answers"u8,
            Exchange = "amq.topic"u8,
            RoutingKey = "sensors.*.answers"u8,
        });
        await client.ExpectAsync(MethodId.QueueUnbindOk);
        await client.PublishAsync("", Address, "gone", mandatory: true);
        await client.ExpectContentAsync(MethodId.BasicReturn);
    }

    [Fact]
    public async Task A_responder_may_ask_whether_an_address_exists()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        Assert.Equal(0u, await client.CountAsync(Address));
        await client.SendAsync(1, new QueueDeclare { Queue = "amq.reply-to.nowhere.k"u8, Passive = true });
        await client.ExpectChannelCloseAsync(
            ReplyCode.NotFound, "NOT_FOUND - no queue 'amq.reply-to.nowhere.k' in vhost '/'");
    }

    private static async Task BindAsync(TestClient client, string key)
    {
        await client.DeclareQueueAsync("answers");
        await client.SendAsync(1, new QueueBind
        {
            Queue = "answers"u8,
            Exchange = "amq.topic"u8,
            RoutingKey = Encoding.UTF8.GetBytes(key),
        });
        await client.ExpectAsync(MethodId.QueueBindOk);
        await client.ConsumeAsync("answers", noAck: true);
    }
}
