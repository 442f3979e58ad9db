using System.Text;
using Posthaste.Primitives.Tables;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Content;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Tests.Session;

public sealed class PublishTests
{
    [Fact]
    public async Task What_is_published_is_delivered_byte_for_byte()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.DeclareQueueAsync("q");
        await client.ConsumeAsync("q", noAck: true);
        var properties = new BasicProperties
        {
            ContentType = "text/plain",
            Headers = [new("a", 1), new("b", "two"), new("c", FieldValue.Array(1L, true))],
            CorrelationId = "7",
            Timestamp = 1_700_000_000,
            Type = "greeting",
            AppId = "tests",
        };
        await client.PublishAsync("", "q", "hello", properties);
        var received = await client.ExpectContentAsync(MethodId.BasicDeliver);
        Assert.Equal(properties.Encode(), received.Properties);
        Assert.Equal("hello", received.Text);
        Assert.True(BasicDeliver.TryRead(received.Method, out var deliver));
        Assert.Equal(1UL, deliver.DeliveryTag);
        Assert.False(deliver.Redelivered);
        Assert.Equal("c"u8, deliver.ConsumerTag);
        Assert.Equal("q"u8, deliver.RoutingKey);
        Assert.True(deliver.Exchange.IsEmpty);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(64)]
    public async Task However_a_publish_is_cut_into_reads_and_blocks_it_arrives(int pieceBytes)
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync(blockBytes: 64);
        await client.DeclareQueueAsync("q");
        await client.ConsumeAsync("q", noAck: true);
        var bytes = TestClient.PublishFrames(
            1, "", "q", Encoding.UTF8.GetBytes(new string('x', 300)), new BasicProperties { Type = "t" });
        byte[] three = [.. bytes, .. bytes, .. bytes];
        for (var at = 0; at < three.Length; at += pieceBytes)
            await client.SendAsync(three[at..int.Min(three.Length, at + pieceBytes)]);
        for (var i = 0; i < 3; i++)
        {
            var received = await client.ExpectContentAsync(MethodId.BasicDeliver);
            Assert.Equal(new string('x', 300), received.Text);
            Assert.Equal("t", received.Decoded.Type);
        }
    }

    [Fact]
    public async Task A_large_body_goes_in_and_out_in_frames()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync(outputBytesMax: 8 << 20);
        await client.DeclareQueueAsync("q");
        await client.ConsumeAsync("q", noAck: true);
        var body = new byte[1_000_003];
        for (var i = 0; i < body.Length; i++)
            body[i] = (byte)(i * 31);
        await client.SendAsync(TestClient.PublishFrames(1, "", "q", body));
        Assert.Equal(body, (await client.ExpectContentAsync(MethodId.BasicDeliver)).Body);
    }

    [Fact]
    public async Task An_empty_body_in_separate_reads_is_a_message()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.DeclareQueueAsync("q");
        await client.ConsumeAsync("q", noAck: true);
        var frames = TestClient.PublishFrames(1, "", "q", []);
        await client.SendAsync(frames[..20]);
        await client.SendAsync(frames[20..]);
        Assert.Equal("", (await client.ExpectDeliveryAsync()).Text);
    }

    [Fact]
    public async Task A_message_too_large_is_refused_at_its_header_and_its_body_ignored()
    {
        await using var host = new BrokerHost(options => options.MessageBytesMax = 1000);
        var client = await host.OpenChannelAsync();
        await client.SendAsync(TestClient.PublishFrames(1, "", "q", new byte[5000], frameBytesMax: 4096));
        await client.ExpectChannelCloseAsync(
            ReplyCode.PreconditionFailed,
            "PRECONDITION_FAILED - message size 5000 is larger than configured max size 1000");
        await client.SendAsync(1, default(ChannelCloseOk));
        await client.OpenChannelAsync(1);
    }

    [Fact]
    public async Task More_body_than_announced_is_a_frame_error()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        var frames = TestClient.PublishFrames(1, "", "q", new byte[10]);
        await client.SendAsync(frames[..^18]);
        await client.SendAsync([3, 0, 1, 0, 0, 0, 11, .. new byte[11], Frame.End]);
        await client.ExpectConnectionCloseAsync(
            ReplyCode.FrameError, "FRAME_ERROR - content body frame exceeds remaining content size");
    }

    [Fact]
    public async Task An_unroutable_mandatory_message_comes_back_before_its_confirm()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.SelectConfirmsAsync();
        await client.PublishAsync(
            "amq.direct", "nobody", "lost", new BasicProperties { MessageId = "m" }, mandatory: true);
        var returned = await client.ExpectContentAsync(MethodId.BasicReturn);
        Assert.Equal("lost", returned.Text);
        Assert.Equal("m", returned.Decoded.MessageId);
        Assert.True(BasicReturn.TryRead(returned.Method, out var method));
        Assert.Equal(312, method.ReplyCode);
        Assert.Equal("NO_ROUTE"u8, method.ReplyText);
        var payload = await client.ExpectAsync(MethodId.BasicAck);
        Assert.True(BasicAck.TryRead(payload, out var ack));
        Assert.Equal(1UL, ack.DeliveryTag);
    }

    [Fact]
    public async Task Confirms_of_one_read_are_one_multiple_ack()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync(blockBytes: 65_536);
        await client.DeclareQueueAsync("q");
        await client.SelectConfirmsAsync();
        var frame = TestClient.PublishFrames(1, "", "q", [1, 2, 3]);
        await client.SendAsync([.. frame, .. frame, .. frame, .. frame]);
        var payload = await client.ExpectAsync(MethodId.BasicAck);
        Assert.True(BasicAck.TryRead(payload, out var ack));
        Assert.Equal((4UL, true), (ack.DeliveryTag, ack.Multiple));
    }

    [Fact]
    public async Task A_full_queue_that_rejects_publishes_answers_with_a_nack()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.DeclareQueueAsync("q", [new("x-max-length", 1), new("x-overflow", "reject-publish")]);
        await client.SelectConfirmsAsync();
        await client.PublishAsync("", "q", "first");
        await client.ExpectAsync(MethodId.BasicAck);
        await client.PublishAsync("", "q", "second");
        var payload = await client.ExpectAsync(MethodId.BasicNack);
        Assert.True(BasicNack.TryRead(payload, out var nack));
        Assert.Equal(2UL, nack.DeliveryTag);
    }

    [Fact]
    public async Task Immediate_is_not_implemented()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.SendAsync(1, new BasicPublish { RoutingKey = "q"u8, Immediate = true });
        await client.SendAsync(TestClient.PublishFrames(1, "", "q", [])[^22..]);
        await client.ExpectConnectionCloseAsync(ReplyCode.NotImplemented, "NOT_IMPLEMENTED - immediate=true");
    }

    [Fact]
    public async Task An_unknown_exchange_is_not_found()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.PublishAsync("nowhere", "q", "x");
        await client.ExpectChannelCloseAsync(ReplyCode.NotFound, "NOT_FOUND - no exchange 'nowhere' in vhost '/'");
    }

    [Fact]
    public async Task An_internal_exchange_refuses_publishes()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.SendAsync(1, new ExchangeDeclare { Exchange = "inner"u8, Type = "fanout"u8, Internal = true });
        await client.ExpectAsync(MethodId.ExchangeDeclareOk);
        await client.PublishAsync("inner", "", "x");
        await client.ExpectChannelCloseAsync(
            ReplyCode.AccessRefused, "ACCESS_REFUSED - cannot publish to internal exchange 'inner' in vhost '/'");
    }

    [Theory]
    [InlineData("abc", "no_integer")]
    [InlineData("", "no_integer")]
    [InlineData("10 s", "{leftover_string,\" s\"}")]
    [InlineData("-1", "{value_negative,-1}")]
    [InlineData("4294967296", "{value_too_big,4294967296}")]
    public async Task An_expiration_that_is_no_duration_is_refused(string expiration, string fault)
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.PublishAsync("", "q", "x", new BasicProperties { Expiration = expiration });
        await client.ExpectChannelCloseAsync(
            ReplyCode.PreconditionFailed, $"PRECONDITION_FAILED - invalid expiration '{expiration}': {fault}");
    }

    [Fact]
    public async Task The_user_id_has_to_be_the_users_own()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.DeclareQueueAsync("q");
        await client.PublishAsync("", "q", "mine", new BasicProperties { UserId = "guest" });
        Assert.Equal(1u, await client.CountAsync("q"));
        await client.PublishAsync("", "q", "forged", new BasicProperties { UserId = "admin" });
        await client.ExpectChannelCloseAsync(
            ReplyCode.PreconditionFailed,
            "PRECONDITION_FAILED - user_id property set to 'admin' but authenticated user was 'guest'");
    }

    [Fact]
    public async Task An_impersonator_may_publish_as_anybody()
    {
        await using var host = new BrokerHost();
        Assert.Null(host.Broker.Users.Update("guest", static user => user with { Tags = ["impersonator"] }));
        var client = await host.OpenChannelAsync();
        await client.DeclareQueueAsync("q");
        await client.PublishAsync("", "q", "forged", new BasicProperties { UserId = "admin" });
        Assert.Equal(1u, await client.CountAsync("q"));
    }

    [Fact]
    public async Task Copies_go_to_cc_and_bcc_and_bcc_is_not_seen()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        foreach (var queue in new[] { "to", "copy", "blind" })
        {
            await client.DeclareQueueAsync(queue);
            await client.ConsumeAsync(queue, tag: queue, noAck: true);
        }

        await client.PublishAsync("", "to", "x", new BasicProperties
        {
            Headers = [new("CC", FieldValue.Array("copy")), new("BCC", FieldValue.Array("blind")), new("other", 1)],
        });
        for (var i = 0; i < 3; i++)
        {
            var received = await client.ExpectContentAsync(MethodId.BasicDeliver);
            Assert.Equal(["CC", "other"], received.Decoded.Headers!.Select(field => field.Key));
        }
    }

    [Fact]
    public async Task A_cc_header_that_is_no_array_is_refused()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.PublishAsync("", "q", "x", new BasicProperties { Headers = [new("CC", "one")] });
        await client.ExpectChannelCloseAsync(
            ReplyCode.PreconditionFailed,
            "PRECONDITION_FAILED - invalid message: {unacceptable_type_in_header,\"CC\",longstr}");
    }

    [Fact]
    public async Task Damaged_headers_are_refused_and_reach_nobody()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        var frames = TestClient.PublishFrames(1, "", "q", [], new BasicProperties { Headers = [new("k", 1)] });
        var tag = Array.LastIndexOf(frames, (byte)'I');
        frames[tag] = (byte)'?';
        await client.SendAsync(frames);
        await client.ExpectConnectionCloseAsync(ReplyCode.FrameError, "FRAME_ERROR - cannot decode the content header");
    }

    [Fact]
    public async Task A_headers_exchange_sees_the_headers()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.DeclareQueueAsync("q");
        await client.SendAsync(1, new QueueBind
        {
            Queue = "q"u8,
            Exchange = "amq.headers"u8,
            Arguments = FieldTableCodec.Encode([new("colour", "red"), new("x-match", "all")]),
        });
        await client.ExpectAsync(MethodId.QueueBindOk);
        await client.PublishAsync("amq.headers", "", "no", new BasicProperties { Headers = [new("colour", "blue")] });
        await client.PublishAsync("amq.headers", "", "yes", new BasicProperties { Headers = [new("colour", "red")] });
        await client.PublishAsync("amq.headers", "", "none");
        await client.ConsumeAsync("q", noAck: true);
        Assert.Equal("yes", (await client.ExpectDeliveryAsync()).Text);
        await client.ExpectSilenceAsync();
    }
}
