using System.Text;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Content;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Tests.Session;

public sealed class DirectReplyTests
{
    private const string PseudoQueue = "amq.rabbitmq.reply-to";

    [Fact]
    public async Task A_reply_goes_straight_to_the_requester()
    {
        await using var host = new BrokerHost();
        var requester = await host.OpenChannelAsync();
        var responder = await host.OpenChannelAsync();
        await responder.DeclareQueueAsync("requests");
        await responder.ConsumeAsync("requests", noAck: true);
        await requester.ConsumeAsync(PseudoQueue, "replies", noAck: true);
        await requester.PublishAsync(
            "", "requests", "2+2", new BasicProperties { ReplyTo = PseudoQueue, CorrelationId = "1" });

        var request = await responder.ExpectContentAsync(MethodId.BasicDeliver);
        var replyTo = request.Decoded.ReplyTo!;
        Assert.StartsWith($"{PseudoQueue}.", replyTo, StringComparison.Ordinal);
        await responder.SendAsync(1, new QueueDeclare { Queue = Encoding.UTF8.GetBytes(replyTo), Passive = true });
        await responder.ExpectAsync(MethodId.QueueDeclareOk);
        await responder.SelectConfirmsAsync();
        await responder.PublishAsync("", replyTo, "4", new BasicProperties { CorrelationId = "1" }, mandatory: true);
        await responder.ExpectAsync(MethodId.BasicAck);

        var reply = await requester.ExpectContentAsync(MethodId.BasicDeliver);
        Assert.Equal(("4", "1"), (reply.Text, reply.Decoded.CorrelationId));
        Assert.True(BasicDeliver.TryRead(reply.Method, out var deliver));
        Assert.Equal("replies"u8, deliver.ConsumerTag);
    }

    [Fact]
    public async Task A_requester_that_is_gone_is_unroutable_and_not_found()
    {
        await using var host = new BrokerHost();
        var requester = await host.OpenChannelAsync();
        var responder = await host.OpenChannelAsync();
        await responder.DeclareQueueAsync("requests");
        await responder.ConsumeAsync("requests", noAck: true);
        await requester.ConsumeAsync(PseudoQueue, noAck: true);
        await requester.PublishAsync("", "requests", "?", new BasicProperties { ReplyTo = PseudoQueue });
        var replyTo = (await responder.ExpectContentAsync(MethodId.BasicDeliver)).Decoded.ReplyTo!;
        await requester.SendAsync(1, new BasicCancel { ConsumerTag = "c"u8 });
        await requester.ExpectAsync(MethodId.BasicCancelOk);
        await responder.PublishAsync("", replyTo, "late", mandatory: true);
        Assert.Equal("late", (await responder.ExpectContentAsync(MethodId.BasicReturn)).Text);
        await responder.SendAsync(1, new QueueDeclare { Queue = Encoding.UTF8.GetBytes(replyTo), Passive = true });
        await responder.ExpectChannelCloseAsync(ReplyCode.NotFound, $"NOT_FOUND - no queue '{replyTo}' in vhost '/'");
        Assert.Equal(0, host.Broker.Replies.Count);
    }

    [Fact]
    public async Task A_request_needs_a_reply_consumer()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.PublishAsync("", "requests", "?", new BasicProperties { ReplyTo = PseudoQueue });
        await client.ExpectChannelCloseAsync(
            ReplyCode.PreconditionFailed, "PRECONDITION_FAILED - fast reply consumer does not exist");
    }

    [Fact]
    public async Task Replies_are_not_acknowledged()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.SendAsync(1, new BasicConsume { Queue = "amq.rabbitmq.reply-to"u8 });
        await client.ExpectChannelCloseAsync(
            ReplyCode.PreconditionFailed, "PRECONDITION_FAILED - reply consumer cannot acknowledge");
    }

    [Fact]
    public async Task One_reply_consumer_is_enough_for_a_channel()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.ConsumeAsync(PseudoQueue, "a", noAck: true);
        await client.SendAsync(
            1, new BasicConsume { Queue = "amq.rabbitmq.reply-to"u8, ConsumerTag = "b"u8, NoAck = true });
        await client.ExpectChannelCloseAsync(
            ReplyCode.PreconditionFailed, "PRECONDITION_FAILED - reply consumer already set");
    }

    [Fact]
    public async Task A_reply_name_cannot_be_bound()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenChannelAsync();
        await client.SendAsync(1, new QueueBind { Queue = "amq.rabbitmq.reply-to.x"u8, Exchange = "amq.direct"u8 });
        await client.ExpectChannelCloseAsync(
            ReplyCode.AccessRefused, "ACCESS_REFUSED - cannot bind or unbind to a volatile (direct reply-to) queue");
    }
}
