using System.Text;

namespace Posthaste.Protocols.Stomp.Tests.Session;

public sealed class SendTests
{
    [Fact]
    public async Task A_message_arrives_with_its_headers()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        await client.SubscribeAsync("/queue/a");
        await client.PublishAsync(
            "/queue/a", "hello", "content-type:text/plain\npersistent:true\npriority:3\nx:a\\cb\nreceipt:r\n");
        await client.ExpectReceiptAsync("r");
        var message = await client.ExpectMessageAsync("hello");
        Assert.Equal("0", message["subscription"]);
        Assert.Equal("/queue/a", message["destination"]);
        Assert.Equal("false", message["redelivered"]);
        Assert.Equal("true", message["persistent"]);
        Assert.Equal("5", message["content-length"]);
        Assert.Equal("text/plain", message["content-type"]);
        Assert.Equal("3", message["priority"]);
        Assert.Equal("a\\cb", message["x"]);
        Assert.Null(message.Find("receipt"));
        Assert.Null(message.Find("ack"));
        Assert.NotNull(message.Find("message-id"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(4096)]
    public async Task Frames_cross_the_blocks_of_the_receive_buffer(int blockBytes)
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync(blockBytes: blockBytes);
        await client.SubscribeAsync("/queue/a");
        foreach (var bytes in (int[])[0, 1, 10, 3000])
        {
            var body = new string('b', bytes);
            await client.PublishAsync("/queue/a", body, $"content-length:{bytes}\n");
            await client.ExpectMessageAsync(body);
            await client.PublishAsync("/queue/a", body);
            await client.ExpectMessageAsync(body);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Large_bodies_are_collected(bool isAnnounced)
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync(outputBytesMax: 8 << 20);
        await client.SubscribeAsync("/queue/a");
        foreach (var bytes in (int[])[65_000, 66_560, 200_000, 3_000_000])
        {
            var body = new string((char)('a' + (bytes % 26)), bytes);
            await client.PublishAsync("/queue/a", body, isAnnounced ? $"content-length:{bytes}\nx:y\n" : "x:y\n");
            await client.PublishAsync("/queue/a", "behind");
            Assert.Equal("y", (await client.ExpectMessageAsync(body))["x"]);
            await client.ExpectMessageAsync("behind");
        }
    }

    [Fact]
    public async Task A_body_with_nuls_has_the_length_that_was_announced()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        await client.SubscribeAsync("/queue/a");
        await client.PublishAsync("/queue/a", "a\0b\0", "content-length:4\n");
        await client.ExpectMessageAsync("a\0b\0");
    }

    [Fact]
    public async Task A_body_that_is_announced_too_large_is_refused_before_it_comes()
    {
        var limits = new StompLimits { BodyBytesMax = 1000 };
        await using var host = new BrokerHost(options: new StompOptions { Limits = limits });
        var client = await host.OpenAsync();
        await client.SendAsync("SEND\ndestination:/queue/a\nreceipt:big\ncontent-length:1001\n\n");
        var error = await client.ExpectErrorAsync("Frame too large", "the body exceeds 1000 bytes");
        Assert.Equal("big", error["receipt-id"]);
    }

    [Fact]
    public async Task A_body_that_grows_too_large_is_refused()
    {
        await using var host = new BrokerHost(options => options.MessageBytesMax = 100_000);
        var client = await host.OpenAsync();
        await client.SendAsync("SEND\ndestination:/queue/a\n\n" + new string('x', 100_001));
        await client.ExpectErrorAsync("Frame too large", "the body exceeds 100000 bytes");
    }

    [Theory]
    [InlineData("SEND\n\nx\0", "Missing destination", "SEND must include a 'destination' header")]
    [InlineData("SEND\ndestination:/nowhere/a\n\nx\0", "Unknown destination", null)]
    [InlineData("SEND\ndestination:/temp-queue/a\n\nx\0", "Invalid destination",
        "'/temp-queue/a' is not a valid destination for 'SEND'")]
    [InlineData("SEND\ndestination:/queue/a\nmessage-id:1\n\nx\0", "Invalid header",
        "'message-id' is not allowed on 'SEND'.")]
    [InlineData("SEND\ndestination:/exchange/none/k\n\nx\0", "not_found", "no exchange 'none' in vhost '/'")]
    [InlineData("SEND\ndestination:/queue/a\nexpiration:soon\n\nx\0", "Invalid header",
        "expiration has to be a number of milliseconds up to 4294967295, not \"soon\"")]
    [InlineData("SEND\ndestination:/queue/a\npriority:300\n\nx\0", "Invalid header",
        "priority has to be a number from 0 to 255, not \"300\"")]
    [InlineData("SEND\ndestination:/queue/a\npersistent:maybe\n\nx\0", "Invalid header",
        "persistent has to be true or false, not \"maybe\"")]
    [InlineData("SEND\ndestination:/queue/a\nuser-id:root\n\nx\0", "precondition_failed",
        "user_id property set to 'root' but authenticated user was 'guest'")]
    [InlineData("SEND\ndestination:/queue/a\ntransaction:t\n\nx\0", "Bad transaction",
        "Invalid transaction identifier: t")]
    [InlineData("SEND\ndestination:/queue/a\nx-max-length:many\n\nx\0", "Invalid header",
        "x-max-length has to be a number, not \"many\"")]
    public async Task Messages_that_cannot_be_taken_end_the_connection(string frame, string message, string? detail)
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        await client.SendAsync(frame);
        await client.ExpectErrorAsync(message, detail);
    }

    [Fact]
    public async Task What_came_before_an_error_counts_and_is_receipted_first()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        await client.SendAsync(
            "SEND\ndestination:/queue/a\nreceipt:1\n\nx\0SEND\ndestination:/queue/a\n\ny\0SEND\nreceipt:2\n\nz\0");
        await client.ExpectReceiptAsync("1");
        Assert.Equal("2", (await client.ExpectErrorAsync("Missing destination"))["receipt-id"]);
        Assert.Equal(2, host.Count("a"));
    }

    [Fact]
    public async Task Queues_are_declared_by_the_first_send_with_its_arguments()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        await client.PublishAsync("/queue/a", "1", "x-max-length:2\nx-message-ttl:60000\n");
        await client.PublishAsync("/queue/a", "2");
        await client.PublishAsync("/queue/a", "3");
        await client.FenceAsync();
        var queue = host.Broker.Queues.Single();
        Assert.True(queue.Definition.Durable);
        Assert.Equal(2, queue.MessageCount);
    }

    [Fact]
    public async Task A_queue_that_was_deleted_is_declared_again()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        await client.PublishAsync("/queue/a", "1");
        await client.FenceAsync();
        var opened = host.Broker.Connections.Single();
        host.Host.DeleteQueue("a", ifUnused: false, ifEmpty: false, opened, out _);
        await client.PublishAsync("/queue/a", "2");
        await client.FenceAsync();
        Assert.Equal(1, host.Count("a"));
    }

    [Fact]
    public async Task An_existing_queue_is_used_as_it_is()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        await client.PublishAsync("/amq/queue/none", "dropped", "receipt:1\n");
        await client.ExpectReceiptAsync("1");
        Assert.Empty(host.Broker.Queues);
        await client.SubscribeAsync("/queue/a");
        await client.PublishAsync("/amq/queue/a", "taken");
        Assert.Equal("/queue/a", (await client.ExpectMessageAsync("taken"))["destination"]);
    }

    [Fact]
    public async Task Topics_reach_every_subscription_that_matches()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        await client.SubscribeAsync("/topic/a.*", "1");
        await client.SubscribeAsync("/topic/#", "2");
        await client.PublishAsync("/topic/a.b", "x");
        var messages = new[] { await client.ExpectMessageAsync("x"), await client.ExpectMessageAsync("x") };
        Assert.Equal(["1", "2"], messages.Select(message => message["subscription"]).Order());
        Assert.All(messages, message => Assert.Equal("/topic/a.b", message["destination"]));
    }

    [Fact]
    public async Task Exchanges_are_reached_by_name_and_key()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        await client.SubscribeAsync("/exchange/amq.direct/k%2F1");
        await client.PublishAsync("/exchange/amq.direct/k%2F1", "x");
        Assert.Equal("/exchange/amq.direct/k%2F1", (await client.ExpectMessageAsync("x"))["destination"]);
    }

    [Fact]
    public async Task A_message_expires()
    {
        var time = new ManualTime();
        await using var host = new BrokerHost(options => options.Time = time);
        var client = await host.OpenAsync();
        await client.PublishAsync("/queue/a", "short", "expiration:1000\n");
        await client.PublishAsync("/queue/a", "long");
        await client.FenceAsync();
        time.Advance(TimeSpan.FromSeconds(2));
        await client.SubscribeAsync("/queue/a");
        await client.ExpectMessageAsync("long");
    }

    [Fact]
    public async Task A_refused_message_is_an_error_that_names_the_receipt()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        const string Headers = "x-max-length:1\nx-overflow:reject-publish\n";
        await client.PublishAsync("/queue/a", "1", $"{Headers}receipt:1\n");
        await client.ExpectReceiptAsync("1");
        await client.PublishAsync("/queue/a", "2", $"{Headers}receipt:2\n");
        Assert.Equal("2", (await client.ExpectErrorAsync("Message refused"))["receipt-id"]);
    }

    [Fact]
    public async Task Receipts_of_persistent_messages_come_when_they_are_on_disk()
    {
        var directory = Directory.CreateTempSubdirectory("posthaste-");
        try
        {
            await using (var host = new BrokerHost(options => options.DataDirectory = directory.FullName))
            {
                var client = await host.OpenAsync();
                await client.PublishAsync("/queue/a", "kept", "persistent:true\nreceipt:1\n");
                await client.PublishAsync("/queue/a", "lost", "receipt:2\n");
                await client.ExpectReceiptAsync("1");
                await client.ExpectReceiptAsync("2");
            }

            await using var again = new BrokerHost(options => options.DataDirectory = directory.FullName);
            var reader = await again.OpenAsync();
            await reader.SubscribeAsync("/queue/a");
            var message = await reader.ExpectMessageAsync("kept");
            Assert.Equal("true", message["persistent"]);
            await reader.FenceAsync();
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Receipts_keep_the_order_and_the_text_of_their_ids()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        var frames = new StringBuilder();
        for (var i = 0; i < 1000; i++)
            frames.Append($"SEND\ndestination:/queue/a\nreceipt:r\\c{i}\n\nx\0");
        await client.SendAsync(frames.ToString());
        for (var i = 0; i < 1000; i++)
            await client.ExpectReceiptAsync($"r\\c{i}");
    }

    [Fact]
    public async Task Headers_only_the_broker_may_set_are_not_taken_from_the_publisher()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        await client.SubscribeAsync("/queue/a");
        await client.PublishAsync("/queue/a", "x", "subscription:evil\nack:evil\nredelivered:evil\n");
        var message = await client.ExpectMessageAsync("x");
        Assert.DoesNotContain(message.Headers, header => header.Value == "evil");
    }

    [Theory]
    [InlineData("1.0", "1.2", "a\\cb", "a\\\\cb")]
    [InlineData("1.0", "1.0", " a\\cb", "a\\cb")]
    [InlineData("1.2", "1.0", "a\\cb\\n", "a:b\\n")]
    [InlineData("1.1", "1.2", "a\\cb\\\\", "a\\cb\\\\")]
    public async Task Headers_are_escaped_for_the_version_of_their_reader(
        string sender, string reader, string sent, string received)
    {
        await using var host = new BrokerHost();
        var to = await host.OpenAsync(reader);
        await to.SubscribeAsync("/queue/a");
        var from = await host.OpenAsync(sender);
        await from.PublishAsync("/queue/a", "x", $"h:{sent}\n");
        Assert.Equal(received, (await to.ExpectMessageAsync("x"))["h"]);
    }

    [Fact]
    public async Task A_reply_comes_to_the_temporary_queue_of_the_requester()
    {
        await using var host = new BrokerHost();
        var responder = await host.OpenAsync();
        await responder.SubscribeAsync("/queue/rpc");
        var requester = await host.OpenAsync("1.1");
        await requester.PublishAsync("/queue/rpc", "?", "reply-to:/temp-queue/foo\n");
        var replyTo = (await responder.ExpectMessageAsync("?"))["reply-to"];
        Assert.StartsWith("/reply-queue/stomp.gen-", replyTo, StringComparison.Ordinal);
        await responder.PublishAsync(replyTo, "!");
        Assert.Equal("/temp-queue/foo", (await requester.ExpectMessageAsync("!"))["subscription"]);

        await requester.PublishAsync("/queue/rpc", "again", "reply-to:/temp-queue/foo\n");
        Assert.Equal(replyTo, (await responder.ExpectMessageAsync("again"))["reply-to"]);
        await requester.SendAsync("UNSUBSCRIBE\nid:/temp-queue/foo\n\n\0");
        await requester.ExpectErrorAsync("Invalid id", "UNSUBSCRIBE 'id' may not start with /temp-queue/");
    }
}
