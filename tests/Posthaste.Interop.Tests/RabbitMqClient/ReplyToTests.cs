using System.Text;
using Posthaste.Interop.Tests.Infrastructure;
using RabbitMQ.Client;

namespace Posthaste.Interop.Tests.RabbitMqClient;

public sealed class ReplyToTests(BrokerFixture broker) : BrokerTest(broker)
{
    private const string PseudoQueue = "amq.rabbitmq.reply-to";

    [BrokerFact]
    public async Task A_reply_reaches_the_requester_without_a_queue()
    {
        string requests = await QueueAsync("requests");
        Inbox replies = await Inbox.OpenAsync(Channel, PseudoQueue, autoAck: true);
        await RequestAsync(requests, "question");

        IConnection server = await ConnectAsync();
        await using IChannel channel = await server.CreateChannelAsync();
        BasicGetResult request = await GetRequestAsync(requests);
        string replyTo = request.BasicProperties.ReplyTo!;
        Assert.StartsWith(PseudoQueue + ".", replyTo);
        await channel.BasicPublishAsync("", replyTo, true,
            new BasicProperties { CorrelationId = request.BasicProperties.CorrelationId }, "answer"u8.ToArray());
        Delivery reply = await replies.NextAsync();
        Assert.Equal(("answer", "c1", ""), (reply.Body, reply.Properties.CorrelationId, reply.Exchange));
        Assert.Equal(replyTo, reply.RoutingKey);
    }

    [BrokerFact]
    public async Task The_responder_can_ask_whether_the_requester_is_still_there()
    {
        string requests = await QueueAsync("requests");
        IConnection requester = await ConnectAsync();
        await using IChannel requesting = await requester.CreateChannelAsync();
        await Inbox.OpenAsync(requesting, PseudoQueue, autoAck: true);
        await requesting.BasicPublishAsync(
            "", requests, false, new BasicProperties { ReplyTo = PseudoQueue }, new byte[1]);
        string replyTo = (await GetRequestAsync(requests)).BasicProperties.ReplyTo!;

        QueueDeclareOk present = await Channel.QueueDeclarePassiveAsync(replyTo);
        Assert.Equal((0u, 1u), (present.MessageCount, present.ConsumerCount));
        await requester.CloseAsync();
        await RefusedAsync(404, $"NOT_FOUND - no queue '{replyTo}' in vhost '/'",
            () => Channel.QueueDeclarePassiveAsync(replyTo));
    }

    [BrokerFact]
    public async Task A_mandatory_reply_to_a_gone_requester_comes_back()
    {
        string requests = await QueueAsync("requests");
        IChannel requesting = await ChannelAsync();
        await Inbox.OpenAsync(requesting, PseudoQueue, autoAck: true);
        await requesting.BasicPublishAsync(
            "", requests, false, new BasicProperties { ReplyTo = PseudoQueue }, new byte[1]);
        string replyTo = (await GetRequestAsync(requests)).BasicProperties.ReplyTo!;
        await requesting.CloseAsync();

        await using IChannel responder = await ConfirmingChannelAsync();
        var returned = await Assert.ThrowsAsync<RabbitMQ.Client.Exceptions.PublishException>(
            async () => await responder.BasicPublishAsync("", replyTo, true, new byte[1]));
        Assert.True(returned.IsReturn);
    }

    [BrokerFact]
    public async Task Replies_wait_for_no_acknowledgement()
    {
        await RefusedAsync(406, "PRECONDITION_FAILED - reply consumer cannot acknowledge",
            () => Inbox.OpenAsync(Channel, PseudoQueue, autoAck: false));
    }

    [BrokerFact]
    public async Task A_channel_has_one_reply_consumer()
    {
        await Inbox.OpenAsync(Channel, PseudoQueue, autoAck: true);
        await RefusedAsync(406, "PRECONDITION_FAILED - reply consumer already set",
            () => Inbox.OpenAsync(Channel, PseudoQueue, autoAck: true));
    }

    [BrokerFact]
    public async Task A_request_needs_the_reply_consumer_first()
    {
        string requests = await QueueAsync("requests");
        await ClosesChannelAsync(Channel, 406, "PRECONDITION_FAILED - fast reply consumer does not exist",
            async () => await RequestAsync(requests, "too early"));
    }

    [BrokerFact]
    public async Task A_cancelled_reply_consumer_can_be_set_again()
    {
        Inbox first = await Inbox.OpenAsync(Channel, PseudoQueue, autoAck: true);
        await Channel.BasicCancelAsync(first.Tag);
        await Inbox.OpenAsync(Channel, PseudoQueue, autoAck: true);
        Assert.True(Channel.IsOpen);
    }

    private async Task RequestAsync(string queue, string body) => await Channel.BasicPublishAsync(
        "", queue, false, new BasicProperties { ReplyTo = PseudoQueue, CorrelationId = "c1" },
        Encoding.UTF8.GetBytes(body));

    private Task<BasicGetResult> GetRequestAsync(string queue) => GetAsync(queue);
}
