using Posthaste.Core.Queues;
using Posthaste.Primitives.Tables;

namespace Posthaste.Protocols.Stomp.Tests.Session;

public sealed class SubscribeTests
{
    [Theory]
    [InlineData("SUBSCRIBE\nid:0\n\n\0", "Missing destination", "SUBSCRIBE must include a 'destination' header")]
    [InlineData("SUBSCRIBE\nid:0\ndestination:/temp-queue/a\n\n\0", "Invalid destination",
        "'/temp-queue/a' is not a valid destination for 'SUBSCRIBE'")]
    [InlineData("SUBSCRIBE\nid:0\ndestination:/amq/queue/none\n\n\0", "not_found", "no queue 'none' in vhost '/'")]
    [InlineData("SUBSCRIBE\nid:0\ndestination:/exchange/none/k\n\n\0", "not_found",
        "no exchange 'none' in vhost '/'")]
    [InlineData("SUBSCRIBE\nid:0\ndestination:/queue/a\nack:later\n\n\0", "Invalid header",
        "ack has to be auto, client or client-individual, not \"later\"")]
    [InlineData("SUBSCRIBE\nid:0\ndestination:/queue/a\nprefetch-count:-1\n\n\0", "Invalid header",
        "prefetch-count has to be a number from 0 to 65535, not \"-1\"")]
    [InlineData("SUBSCRIBE\nid:0\ndestination:/queue/a\ndurable:perhaps\n\n\0", "Invalid header",
        "durable has to be true or false, not \"perhaps\"")]
    [InlineData("SUBSCRIBE\nid:0\ndestination:/queue/a\nselector:x > 1\n\n\0", "Not supported",
        "subscriptions with a 'selector' are not supported")]
    [InlineData("SUBSCRIBE\nid:0\ndestination:/queue/a\nx-stream-offset:first\n\n\0", "Not supported",
        "'x-stream-offset': there are no streams to read from")]
    [InlineData("SUBSCRIBE\nid:/temp-queue/a\ndestination:/queue/a\n\n\0", "Invalid id",
        "SUBSCRIBE 'id' may not start with /temp-queue/")]
    [InlineData("SUBSCRIBE\ndestination:/topic/a\ndurable:true\n\n\0", "Missing Header",
        "Header 'id' is required for durable subscriptions")]
    [InlineData("SUBSCRIBE\nid:0\ndestination:/queue/a\nx-max-length:-1\n\n\0", "precondition_failed", null)]
    [InlineData("UNSUBSCRIBE\nid:0\n\n\0", "No subscription found",
        "UNSUBSCRIBE must refer to an existing subscription.\nSubscription to id=0 not found.")]
    [InlineData("UNSUBSCRIBE\n\n\0", "Missing destination or id",
        "UNSUBSCRIBE must include a 'destination' or 'id' header")]
    public async Task What_cannot_be_subscribed_to_ends_the_connection(string frame, string message, string? detail)
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        await client.SendAsync(frame);
        await client.ExpectErrorAsync(message, detail);
    }

    [Fact]
    public async Task An_id_is_used_once()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        await client.SubscribeAsync("/queue/a", "7");
        await client.SendAsync("SUBSCRIBE\nid:7\ndestination:/queue/b\nreceipt:r\n\n\0");
        var error = await client.ExpectErrorAsync(
            "Duplicated subscription identifier", "A subscription identified by 'id=7' already exists.");
        Assert.Equal("r", error["receipt-id"]);
    }

    [Fact]
    public async Task Subscriptions_are_limited()
    {
        var limits = new StompLimits { SubscriptionsMax = 2 };
        await using var host = new BrokerHost(options: new StompOptions { Limits = limits });
        var client = await host.OpenAsync();
        await client.SubscribeAsync("/queue/a", "1");
        await client.SubscribeAsync("/queue/a", "2");
        await client.SendAsync("SUBSCRIBE\nid:3\ndestination:/queue/a\n\n\0");
        await client.ExpectErrorAsync("Too many subscriptions", "a connection has at most 2");
    }

    [Fact]
    public async Task Without_ids_a_subscription_goes_by_its_destination()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync("1.0");
        await client.SendAsync("SUBSCRIBE\ndestination: /queue/a\nreceipt:1\n\n\0");
        await client.ExpectReceiptAsync("1");
        await client.PublishAsync("/queue/a", "x");
        Assert.Null((await client.ExpectMessageAsync("x")).Find("subscription"));
        await client.SendAsync("UNSUBSCRIBE\ndestination:/queue/a\nreceipt:2\n\n\0");
        await client.ExpectReceiptAsync("2");
        await client.PublishAsync("/queue/a", "y");
        await client.FenceAsync();
        Assert.Equal(1, host.Count("a"));
    }

    [Fact]
    public async Task Queues_are_declared_with_the_arguments_of_the_subscription()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        await client.SubscribeAsync(
            "/queue/a", "1",
            "x-message-ttl:1000\nx-max-length:10\nx-max-length-bytes:5000\nx-expires:100000\nx-max-priority:5\n" +
            "x-dead-letter-exchange:amq.direct\nx-dead-letter-routing-key:dead\nx-overflow:reject-publish\n");
        var settings = host.Broker.Queues.Single().Definition.Settings;
        Assert.Equal(1000, settings.MessageTtlMs);
        Assert.Equal(10, settings.LengthMax);
        Assert.Equal(5000, settings.BytesMax);
        Assert.Equal(OverflowPolicy.RejectPublish, settings.Overflow);
        await client.SubscribeAsync("/queue/quorum", "2", "x-queue-type:quorum\n");
        Assert.Equal(
            QueueType.Quorum,
            host.Broker.Queues.Single(queue => queue.Name == "quorum").Definition.Settings.Type);
    }

    [Theory]
    [InlineData("/queue/a", "", true, false, false)]
    [InlineData("/queue/a", "auto-delete:true\n", true, false, true)]
    [InlineData("/queue/a", "durable:false\n", false, true, true)]
    [InlineData("/queue/a", "durable:false\nexclusive:false\nauto-delete:false\n", false, false, false)]
    [InlineData("/topic/a", "", false, true, true)]
    [InlineData("/topic/a", "durable:true\n", true, false, true)]
    [InlineData("/topic/a", "persistent:true\nauto-delete:false\n", true, false, false)]
    [InlineData("/exchange/amq.direct/a", "", false, true, true)]
    [InlineData("/exchange/amq.direct/a", "durable:true\nauto-delete:false\n", true, false, false)]
    public async Task Queues_are_as_durable_and_shared_as_the_destination_has_them(
        string destination, string headers, bool durable, bool exclusive, bool autoDelete)
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        await client.SubscribeAsync(destination, headers: headers);
        var queue = host.Broker.Queues.Single().Definition;
        Assert.Equal((durable, exclusive, autoDelete), (queue.Durable, queue.Exclusive, queue.AutoDelete));
    }

    [Fact]
    public async Task A_queue_of_others_is_taken_as_it_is_unless_the_frame_says_more()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        host.Host.DeclareQueue(
            "a", passive: false, durable: false, exclusive: false, autoDelete: false, FieldTable.Empty,
            host.Broker.Connections.Single());
        await client.SubscribeAsync("/queue/a", "1");
        await client.PublishAsync("/queue/a", "x");
        await client.ExpectMessageAsync("x");
        await client.SendAsync("SUBSCRIBE\nid:2\ndestination:/queue/a\ndurable:true\n\n\0");
        await client.ExpectErrorAsync("precondition_failed");
    }

    [Fact]
    public async Task A_durable_subscription_misses_nothing_between_two_connections()
    {
        await using var host = new BrokerHost();
        const string Durable = "durable:true\nauto-delete:false\n";
        var first = await host.OpenAsync();
        await first.SubscribeAsync("/topic/news", "mine", Durable);
        await first.SendAsync("DISCONNECT\nreceipt:bye\n\n\0");
        await first.ExpectReceiptAsync("bye");
        var second = await host.OpenAsync();
        await second.PublishAsync("/topic/news", "while away");
        await second.SubscribeAsync("/topic/news", "mine", Durable);
        await second.ExpectMessageAsync("while away");
        await second.SendAsync($"UNSUBSCRIBE\nid:mine\n{Durable}receipt:gone\n\n\0");
        await second.ExpectReceiptAsync("gone");
        Assert.Empty(host.Broker.Queues);
    }

    [Fact]
    public async Task A_queue_has_the_name_that_the_client_gives_it()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        await client.SubscribeAsync("/topic/alarms", headers: "x-queue-name:my-alarms\n");
        Assert.Equal("my-alarms", host.Broker.Queues.Single().Name);
    }

    [Fact]
    public async Task Higher_priority_is_served_first()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        await client.SubscribeAsync("/queue/a", "low", "ack:client\nprefetch-count:1\n");
        await client.SubscribeAsync("/queue/a", "high", "ack:client\nprefetch-count:1\nx-priority:10\n");
        await client.PublishAsync("/queue/a", "1");
        Assert.Equal("high", (await client.ExpectMessageAsync("1"))["subscription"]);
        await client.PublishAsync("/queue/a", "2");
        Assert.Equal("low", (await client.ExpectMessageAsync("2"))["subscription"]);
    }

    [Fact]
    public async Task A_deleted_queue_ends_the_connection_by_name_of_the_subscription()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        await client.SubscribeAsync("/queue/a", "7");
        var opened = host.Broker.Connections.Single();
        host.Host.DeleteQueue("a", ifUnused: false, ifEmpty: false, opened, out _);
        var error = await client.ExpectErrorAsync("Server cancelled subscription", "queue 'a' was deleted");
        Assert.Equal("7", error["subscription"]);
    }

    [Fact]
    public async Task Messages_of_any_number_reach_a_reader_that_is_slow()
    {
        await using var host = new BrokerHost();
        var reader = await host.OpenAsync();
        await reader.SubscribeAsync("/queue/a");
        var writer = await host.OpenAsync();
        var body = new string('x', 1000);
        for (var i = 0; i < 2000; i++)
            await writer.PublishAsync("/queue/a", body);
        await writer.FenceAsync();
        for (var i = 0; i < 2000; i++)
            await reader.ExpectMessageAsync(body);
    }
}
