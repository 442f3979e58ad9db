using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Tests.Session;

public sealed class ChannelTests
{
    [Fact]
    public async Task A_method_on_a_channel_that_is_not_open_ends_the_connection()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        await client.SendAsync(3, default(TxSelect));
        await client.ExpectConnectionCloseAsync(ReplyCode.ChannelError, "CHANNEL_ERROR - expected 'channel.open'");
    }

    [Fact]
    public async Task A_channel_cannot_be_opened_twice()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.SendAsync(1, default(ChannelOpen));
        await client.ExpectConnectionCloseAsync(ReplyCode.ChannelError, "CHANNEL_ERROR - second 'channel.open' seen");
    }

    [Fact]
    public async Task A_channel_beyond_the_negotiated_number_is_not_allowed()
    {
        await using var host = new BrokerHost(limits: new Amqp091Limits { ChannelMax = 4 });
        var client = await host.OpenChannelAsync();
        await client.SendAsync(5, default(ChannelOpen));
        await client.ExpectConnectionCloseAsync(
            ReplyCode.NotAllowed,
            "NOT_ALLOWED - number of channels opened (1) has reached the negotiated channel_max (4)");
    }

    [Fact]
    public async Task An_unknown_method_is_not_implemented()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.SendAsync([1, 0, 1, 0, 0, 0, 4, 0, 99, 0, 99, Frame.End]);
        await client.ExpectConnectionCloseAsync(ReplyCode.NotImplemented, "NOT_IMPLEMENTED - unknown method 99.99");
    }

    [Fact]
    public async Task Content_without_its_method_is_unexpected()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.SendAsync([3, 0, 1, 0, 0, 0, 1, 65, Frame.End]);
        await client.ExpectConnectionCloseAsync(
            ReplyCode.UnexpectedFrame, "UNEXPECTED_FRAME - expected method frame, got non method frame instead");
    }

    [Fact]
    public async Task A_method_in_the_middle_of_a_content_is_unexpected()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.SendAsync(1, new BasicPublish { RoutingKey = "q"u8 });
        await client.SendAsync(1, default(TxSelect));
        await client.ExpectConnectionCloseAsync(
            ReplyCode.UnexpectedFrame,
            "UNEXPECTED_FRAME - expected content header for class 60, got non content header frame instead");
    }

    [Fact]
    public async Task After_a_channel_error_everything_is_ignored_until_close_ok_and_the_number_is_free_again()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.OpenChannelAsync(2);
        await client.SendAsync(1, new QueueDeclare { Queue = "missing"u8, Passive = true });
        await client.ExpectChannelCloseAsync(ReplyCode.NotFound, "NOT_FOUND - no queue 'missing' in vhost '/'");
        await client.PublishAsync("", "missing", "ignored");
        await client.SendAsync(1, default(TxSelect));
        await client.ExpectSilenceAsync(2);
        await client.SendAsync(1, default(ChannelCloseOk));
        await client.OpenChannelAsync(1);
    }

    [Fact]
    public async Task Both_sides_may_close_at_once()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.SendAsync(1, new QueueDeclare { Queue = "missing"u8, Passive = true });
        await client.SendAsync(1, new ChannelClose { ReplyCode = 200, ReplyText = "bye"u8 });
        await client.ExpectChannelCloseAsync(ReplyCode.NotFound, "NOT_FOUND - no queue 'missing' in vhost '/'");
        await client.ExpectAsync(MethodId.ChannelCloseOk, 1);
        await client.SendAsync(1, default(ChannelCloseOk));
        await client.OpenChannelAsync(1);
    }

    [Fact]
    public async Task Old_clients_get_their_access_ticket()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.SendAsync(1, new AccessRequest { Realm = "/data"u8, Active = true });
        var payload = await client.ExpectAsync(MethodId.AccessRequestOk, 1);
        Assert.True(AccessRequestOk.TryRead(payload, out var ok));
        Assert.Equal(1, ok.Ticket);
    }

    [Fact]
    public async Task No_queue_declared_yet_means_no_shortcut()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.SendAsync(1, default(QueuePurge));
        await client.ExpectChannelCloseAsync(ReplyCode.NotFound, "NOT_FOUND - no previously declared queue");
    }

    [Fact]
    public async Task The_queue_declared_last_stands_for_an_empty_name()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.SendAsync(1, default(QueueDeclare));
        var payload = await client.ExpectAsync(MethodId.QueueDeclareOk);
        Assert.True(QueueDeclareOk.TryRead(payload, out var ok));
        Assert.StartsWith("amq.gen-", System.Text.Encoding.UTF8.GetString(ok.Queue), StringComparison.Ordinal);
        await client.SendAsync(1, new QueueBind { Exchange = "amq.direct"u8 });
        await client.ExpectAsync(MethodId.QueueBindOk);
        await client.SendAsync(1, default(QueuePurge));
        await client.ExpectAsync(MethodId.QueuePurgeOk);
        await client.SendAsync(1, default(QueueDelete));
        await client.ExpectAsync(MethodId.QueueDeleteOk);
    }

    [Fact]
    public async Task An_exclusive_queue_is_locked_for_others_and_goes_with_its_connection()
    {
        await using var host = new BrokerHost();
        var owner = await host.OpenChannelAsync();
        var other = await host.OpenChannelAsync();
        await owner.DeclareQueueAsync("mine", exclusive: true);
        await other.SendAsync(1, new BasicConsume { Queue = "mine"u8 });
        await other.ExpectChannelCloseAsync(
            ReplyCode.ResourceLocked,
            "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'mine' in vhost '/'. It could be " +
            "originally declared on another connection or the exclusive property value does not match that of the " +
            "original declaration.");
        owner.HangUp();
        await owner.Served;
        await other.SendAsync(1, default(ChannelCloseOk));
        await other.OpenChannelAsync(1);
        await other.SendAsync(1, new QueueDeclare { Queue = "mine"u8, Passive = true });
        await other.ExpectChannelCloseAsync(ReplyCode.NotFound, "NOT_FOUND - no queue 'mine' in vhost '/'");
    }

    [Fact]
    public async Task Thousands_of_commands_whose_answers_nobody_reads_stop_being_taken()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        var frame = new byte[MethodFrame.GetBytes(new BasicQos())];
        MethodFrame.Write(frame, 1, new BasicQos());
        var many = new byte[frame.Length * 100_000];
        for (var at = 0; at < many.Length; at += frame.Length)
            frame.CopyTo(many, at);
        var sending = client.SendAsync(many);
        for (var i = 0; i < 100_000; i++)
            await client.ExpectAsync(MethodId.BasicQosOk, 1);
        await sending;
    }
}
