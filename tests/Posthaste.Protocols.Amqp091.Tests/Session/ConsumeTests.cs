using System.Text;
using Posthaste.Primitives.Tables;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Content;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Tests.Session;

public sealed class ConsumeTests
{
    [Fact]
    public async Task No_local_is_ignored()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.DeclareQueueAsync("q");
        await client.SendAsync(
            1, new BasicConsume { Queue = "q"u8, ConsumerTag = "c"u8, NoLocal = true, NoAck = true });
        await client.ExpectAsync(MethodId.BasicConsumeOk);
        await client.PublishAsync("", "q", "my own");
        Assert.Equal("my own", (await client.ExpectDeliveryAsync()).Text);
    }

    [Fact]
    public async Task Prefetch_bounds_what_a_consumer_holds()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.DeclareQueueAsync("q");
        await client.SendAsync(1, new BasicQos { PrefetchCount = 2 });
        await client.ExpectAsync(MethodId.BasicQosOk);
        await client.ConsumeAsync("q");
        await PublishAsync(client, 5);
        Assert.Equal((1UL, false, "1"), await client.ExpectDeliveryAsync());
        Assert.Equal((2UL, false, "2"), await client.ExpectDeliveryAsync());
        await client.ExpectSilenceAsync();
        await client.SendAsync(1, new BasicAck { DeliveryTag = 2, Multiple = true });
        Assert.Equal((3UL, false, "3"), await client.ExpectDeliveryAsync());
        Assert.Equal((4UL, false, "4"), await client.ExpectDeliveryAsync());
        await client.ExpectSilenceAsync();
    }

    [Fact]
    public async Task A_global_prefetch_is_shared_by_the_consumers_of_a_channel()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.DeclareQueueAsync("a");
        await client.DeclareQueueAsync("b");
        await client.SendAsync(1, new BasicQos { PrefetchCount = 3, Global = true });
        await client.ExpectAsync(MethodId.BasicQosOk);
        await client.ConsumeAsync("a", "ca");
        await client.ConsumeAsync("b", "cb");
        for (var i = 0; i < 4; i++)
        {
            await client.PublishAsync("", "a", "a");
            await client.PublishAsync("", "b", "b");
        }

        for (var i = 1UL; i <= 3; i++)
            Assert.Equal(i, (await client.ExpectDeliveryAsync()).Tag);
        await client.ExpectSilenceAsync();
        await client.SendAsync(1, new BasicAck { DeliveryTag = 3, Multiple = true });
        for (var i = 4UL; i <= 6; i++)
            Assert.Equal(i, (await client.ExpectDeliveryAsync()).Tag);
        await client.ExpectSilenceAsync();
    }

    [Fact]
    public async Task Flow_stops_and_starts_deliveries()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.DeclareQueueAsync("q");
        await client.ConsumeAsync("q");
        await client.SendAsync(1, new ChannelFlow { Active = false });
        await client.ExpectAsync(MethodId.ChannelFlowOk);
        await client.PublishAsync("", "q", "held");
        await client.ExpectSilenceAsync();
        await client.SendAsync(1, new ChannelFlow { Active = true });
        await client.ExpectAsync(MethodId.ChannelFlowOk);
        Assert.Equal("held", (await client.ExpectDeliveryAsync()).Text);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Requeued_messages_come_again_in_their_place_and_are_marked(bool byNack)
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.DeclareQueueAsync("q");
        await client.SendAsync(1, new BasicQos { PrefetchCount = 2 });
        await client.ExpectAsync(MethodId.BasicQosOk);
        await PublishAsync(client, 3);
        await client.ConsumeAsync("q");
        await client.ExpectDeliveryAsync();
        await client.ExpectDeliveryAsync();
        if (byNack)
            await client.SendAsync(1, new BasicNack { DeliveryTag = 1, Requeue = true });
        else
            await client.SendAsync(1, new BasicReject { DeliveryTag = 1, Requeue = true });
        Assert.Equal((3UL, true, "1"), await client.ExpectDeliveryAsync());
    }

    [Fact]
    public async Task Rejected_messages_go_to_the_dead_letters_with_their_history()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.DeclareQueueAsync("dead");
        await client.DeclareQueueAsync(
            "q", [new("x-dead-letter-exchange", ""), new("x-dead-letter-routing-key", "dead")]);
        await client.PublishAsync("", "q", "bad", new BasicProperties
        {
            Expiration = "60000",
            Headers = [new("CC", FieldValue.Array()), new("mine", true)],
        });
        await client.ConsumeAsync("q");
        await client.ExpectDeliveryAsync();
        await client.SendAsync(1, new BasicReject { DeliveryTag = 1 });
        await client.ConsumeAsync("dead", "d");
        var received = await client.ExpectContentAsync(MethodId.BasicDeliver);
        var properties = received.Decoded;
        Assert.Null(properties.Expiration);
        var headers = properties.Headers!;
        Assert.True(headers.TryGetBoolean("mine", out _));
        Assert.False(headers.ContainsKey("CC"));
        foreach (var place in new[] { "first", "last" })
        {
            Assert.True(headers.TryGetString($"x-{place}-death-queue", out var queue) && queue == "q");
            Assert.True(headers.TryGetString($"x-{place}-death-reason", out var reason) && reason == "rejected");
            Assert.True(headers.TryGetString($"x-{place}-death-exchange", out var exchange) && exchange.Length == 0);
        }

        Assert.True(headers.TryGetValue("x-death", out var deaths));
        Assert.Equal(1, deaths.Elements.Length);
        Assert.True(deaths.Elements[0].TryGetTable(out var death));
        Assert.Equal(
            ["count", "exchange", "original-expiration", "queue", "reason", "routing-keys", "time"],
            death!.Select(field => field.Key).Order(StringComparer.Ordinal));
        Assert.True(death!.TryGetInt64("count", out var count) && count == 1);
        Assert.True(death.TryGetString("original-expiration", out var expiration) && expiration == "60000");
    }

    [Fact]
    public async Task Quorum_queues_count_failed_deliveries_and_returns()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.DeclareQueueAsync("q", [new("x-queue-type", "quorum")], durable: true);
        await client.PublishAsync("", "q", "x");
        await client.ConsumeAsync("q");
        Assert.Null((await client.ExpectContentAsync(MethodId.BasicDeliver)).Decoded.Headers);
        await client.SendAsync(1, new BasicNack { DeliveryTag = 1, Requeue = true });
        Assert.Equal((0L, 1L), Counts(await client.ExpectContentAsync(MethodId.BasicDeliver)));
        await client.SendAsync(1, new BasicReject { DeliveryTag = 2, Requeue = true });
        Assert.Equal((1L, 2L), Counts(await client.ExpectContentAsync(MethodId.BasicDeliver)));

        static (long Delivered, long Acquired) Counts(ReceivedContent content)
        {
            content.Decoded.Headers!.TryGetInt64("x-delivery-count", out var delivered);
            content.Decoded.Headers.TryGetInt64("x-acquired-count", out var acquired);
            return (delivered, acquired);
        }
    }

    [Fact]
    public async Task A_message_rejected_more_often_than_its_queue_allows_is_gone()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.DeclareQueueAsync("q", [new("x-queue-type", "quorum"), new("x-delivery-limit", 1)], durable: true);
        await client.PublishAsync("", "q", "poison");
        await client.PublishAsync("", "q", "good");
        for (var tag = 1UL; tag <= 2; tag++)
        {
            await client.SendAsync(1, new BasicGet { Queue = "q"u8 });
            Assert.Equal("poison", (await client.ExpectContentAsync(MethodId.BasicGetOk)).Text);
            await client.SendAsync(1, new BasicReject { DeliveryTag = tag, Requeue = true });
        }

        await client.SendAsync(1, new BasicGet { Queue = "q"u8 });
        Assert.Equal("good", (await client.ExpectContentAsync(MethodId.BasicGetOk)).Text);
    }

    [Fact]
    public async Task A_quorum_queue_shares_no_prefetch()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.DeclareQueueAsync("q", [new("x-queue-type", "quorum")], durable: true);
        await client.SendAsync(1, new BasicQos { PrefetchCount = 1, Global = true });
        await client.ExpectAsync(MethodId.BasicQosOk);
        await client.SendAsync(1, new BasicConsume { Queue = "q"u8 });
        await client.ExpectConnectionCloseAsync(
            ReplyCode.NotImplemented, "NOT_IMPLEMENTED - queue 'q' in vhost '/' does not support global qos");
    }

    [Fact]
    public async Task Recover_gives_everything_back()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.DeclareQueueAsync("q");
        await PublishAsync(client, 2);
        await client.ConsumeAsync("q");
        await client.ExpectDeliveryAsync();
        await client.ExpectDeliveryAsync();
        await client.SendAsync(1, new BasicCancel { ConsumerTag = "c"u8 });
        await client.ExpectAsync(MethodId.BasicCancelOk);
        await client.SendAsync(1, new BasicRecover { Requeue = true });
        await client.ExpectAsync(MethodId.BasicRecoverOk);
        Assert.Equal(2u, await client.CountAsync("q"));
        await client.SendAsync(1, new BasicRecover { Requeue = false });
        await client.ExpectConnectionCloseAsync(ReplyCode.NotImplemented, "NOT_IMPLEMENTED - requeue=false");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_unknown_delivery_tag_is_a_channel_error(bool multiple)
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.SendAsync(1, new BasicAck { DeliveryTag = 0, Multiple = true });
        await client.SendAsync(1, new BasicAck { DeliveryTag = 5, Multiple = multiple });
        await client.ExpectChannelCloseAsync(
            ReplyCode.PreconditionFailed, "PRECONDITION_FAILED - unknown delivery tag 5");
    }

    [Fact]
    public async Task A_lost_connection_gives_back_what_it_held()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.DeclareQueueAsync("q");
        await PublishAsync(client, 2);
        await client.ConsumeAsync("q");
        await client.ExpectDeliveryAsync();
        await client.ExpectDeliveryAsync();
        client.HangUp();
        await client.Served;
        var other = await host.OpenChannelAsync();
        await other.ConsumeAsync("q");
        Assert.Equal((1UL, true, "1"), await other.ExpectDeliveryAsync());
        Assert.Equal((2UL, true, "2"), await other.ExpectDeliveryAsync());
    }

    [Fact]
    public async Task What_one_connection_has_settled_is_nothing_to_a_channel_of_another_that_ends()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        var other = await host.OpenChannelAsync();
        await client.DeclareQueueAsync("q");
        await client.PublishAsync("", "q", "x");
        await client.SendAsync(1, new BasicGet { Queue = "q"u8 });
        await client.ExpectContentAsync(MethodId.BasicGetOk);
        await client.SendAsync(1, new BasicNack { DeliveryTag = 1, Requeue = true });
        await client.SendAsync(1, new BasicGet { Queue = "q"u8 });
        await client.ExpectContentAsync(MethodId.BasicGetOk);
        await other.SendAsync(1, new ChannelClose { ReplyCode = 200 });
        await other.ExpectAsync(MethodId.ChannelCloseOk);
        Assert.Equal(0u, await client.CountAsync("q"));
    }

    [Fact]
    public async Task A_consumer_is_told_when_its_queue_goes()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.DeclareQueueAsync("q");
        await client.ConsumeAsync("q", "mine");
        var other = await host.OpenChannelAsync();
        await other.SendAsync(1, new QueueDelete { Queue = "q"u8 });
        await other.ExpectAsync(MethodId.QueueDeleteOk);
        var payload = await client.ExpectAsync(MethodId.BasicCancel, 1);
        Assert.True(BasicCancel.TryRead(payload, out var cancel));
        Assert.Equal("mine"u8, cancel.ConsumerTag);
        Assert.True(cancel.NoWait);
    }

    [Fact]
    public async Task A_consumer_tag_is_used_once_on_a_channel()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.DeclareQueueAsync("q");
        await client.ConsumeAsync("q", "mine");
        await client.SendAsync(1, new BasicConsume { Queue = "q"u8, ConsumerTag = "mine"u8 });
        await client.ExpectConnectionCloseAsync(
            ReplyCode.NotAllowed, "NOT_ALLOWED - attempt to reuse consumer tag 'mine'");
    }

    [Fact]
    public async Task Without_a_tag_the_broker_makes_one()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.DeclareQueueAsync("q");
        await client.SendAsync(1, new BasicConsume { Queue = "q"u8 });
        var payload = await client.ExpectAsync(MethodId.BasicConsumeOk);
        Assert.True(BasicConsumeOk.TryRead(payload, out var ok));
        Assert.StartsWith("amq.ctag-", Encoding.UTF8.GetString(ok.ConsumerTag), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_exclusive_consumer_stays_alone()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.DeclareQueueAsync("q");
        await client.SendAsync(1, new BasicConsume { Queue = "q"u8, ConsumerTag = "a"u8, Exclusive = true });
        await client.ExpectAsync(MethodId.BasicConsumeOk);
        await client.SendAsync(1, new BasicConsume { Queue = "q"u8, ConsumerTag = "b"u8 });
        await client.ExpectChannelCloseAsync(
            ReplyCode.AccessRefused, "ACCESS_REFUSED - queue 'q' in vhost '/' in exclusive use");
    }

    [Fact]
    public async Task A_consumer_priority_has_to_be_a_number()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.DeclareQueueAsync("q");
        await client.SendAsync(
            1, new BasicConsume { Queue = "q"u8, Arguments = FieldTableCodec.Encode([new("x-priority", "high")]) });
        await client.ExpectChannelCloseAsync(
            ReplyCode.PreconditionFailed,
            "PRECONDITION_FAILED - invalid arg 'x-priority' for queue 'q' in vhost '/': " +
            "\"expected integer, got longstr\"");
    }

    [Fact]
    public async Task Get_takes_one_message_and_says_how_many_are_left()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.DeclareQueueAsync("q");
        await client.SendAsync(1, new BasicGet { Queue = "q"u8 });
        await client.ExpectAsync(MethodId.BasicGetEmpty);
        await PublishAsync(client, 3);
        await client.SendAsync(1, new BasicGet { Queue = "q"u8 });
        var received = await client.ExpectContentAsync(MethodId.BasicGetOk);
        Assert.True(BasicGetOk.TryRead(received.Method, out var ok));
        Assert.Equal((1UL, 2u, "1"), (ok.DeliveryTag, ok.MessageCount, received.Text));
        await client.SendAsync(1, new BasicReject { DeliveryTag = 1, Requeue = true });
        await client.SendAsync(1, new BasicGet { Queue = "q"u8, NoAck = true });
        received = await client.ExpectContentAsync(MethodId.BasicGetOk);
        Assert.True(BasicGetOk.TryRead(received.Method, out ok));
        Assert.Equal((2UL, true, "1"), (ok.DeliveryTag, ok.Redelivered, received.Text));
    }

    [Fact]
    public async Task Prefetch_by_size_is_not_implemented()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.SendAsync(1, new BasicQos { PrefetchSize = 10 });
        await client.ExpectConnectionCloseAsync(ReplyCode.NotImplemented, "NOT_IMPLEMENTED - prefetch_size!=0 (10)");
    }

    private static async Task PublishAsync(TestClient client, int count)
    {
        for (var i = 1; i <= count; i++)
            await client.PublishAsync("", "q", $"{i}");
    }
}
