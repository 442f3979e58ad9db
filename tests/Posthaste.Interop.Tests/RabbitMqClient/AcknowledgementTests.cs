using Posthaste.Interop.Tests.Infrastructure;
using RabbitMQ.Client;

namespace Posthaste.Interop.Tests.RabbitMqClient;

public sealed class AcknowledgementTests(BrokerFixture broker) : BrokerTest(broker)
{
    [BrokerFact]
    public async Task Unacknowledged_messages_return_in_order_and_marked_when_the_channel_closes()
    {
        string queue = await QueueAsync();
        await FillAsync(queue, "one", "two", "three");
        IChannel channel = await ChannelAsync();
        Inbox inbox = await Inbox.OpenAsync(channel, queue);
        Delivery[] deliveries = await inbox.NextAsync(3);
        await channel.BasicAckAsync(deliveries[1].Tag, multiple: false);
        await channel.CloseAsync();
        await WaitForCountAsync(queue, 2);
        await FillAsync(queue, "four");
        Assert.Equal([("one", true), ("three", true), ("four", false)], await DrainMarkedAsync(queue));
    }

    [BrokerFact]
    public async Task Unacknowledged_messages_return_when_the_connection_closes()
    {
        string queue = await QueueAsync();
        await FillAsync(queue, "one", "two");
        IConnection connection = await ConnectAsync();
        await using IChannel channel = await connection.CreateChannelAsync();
        await (await Inbox.OpenAsync(channel, queue)).NextAsync(2);
        await connection.CloseAsync();
        await WaitForCountAsync(queue, 2);
        Assert.Equal([("one", true), ("two", true)], await DrainMarkedAsync(queue));
    }

    [BrokerTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Requeued_messages_go_back_to_their_place(bool nack)
    {
        string queue = await QueueAsync();
        await FillAsync(queue, "one", "two", "three");
        BasicGetResult one = await GetAsync(queue, autoAck: false);
        BasicGetResult two = await GetAsync(queue, autoAck: false);
        foreach (BasicGetResult message in (BasicGetResult[])[two, one])
        {
            if (nack)
                await Channel.BasicNackAsync(message.DeliveryTag, multiple: false, requeue: true);
            else
                await Channel.BasicRejectAsync(message.DeliveryTag, requeue: true);
        }
        Assert.Equal([("one", true), ("two", true), ("three", false)], await DrainMarkedAsync(queue));
    }

    [BrokerFact]
    public async Task Rejected_without_requeue_is_gone()
    {
        string queue = await QueueAsync();
        await FillAsync(queue, "one", "two");
        BasicGetResult one = await GetAsync(queue, autoAck: false);
        await Channel.BasicRejectAsync(one.DeliveryTag, requeue: false);
        Assert.Equal(["two"], await DrainAsync(queue));
    }

    [BrokerFact]
    public async Task Multiple_settles_everything_up_to_the_tag()
    {
        string queue = await QueueAsync();
        await FillAsync(queue, "one", "two", "three", "four");
        var tags = new ulong[4];
        for (int i = 0; i < tags.Length; i++)
            tags[i] = (await GetAsync(queue, autoAck: false)).DeliveryTag;
        await Channel.BasicAckAsync(tags[1], multiple: true);
        await Channel.BasicNackAsync(tags[2], multiple: true, requeue: true);
        Assert.Equal([("three", true)], await DrainMarkedAsync(queue));
        await Channel.BasicNackAsync(0, multiple: true, requeue: true);
        Assert.Equal([("four", true)], await DrainMarkedAsync(queue));
    }

    [BrokerFact]
    public async Task Tags_are_the_channels_own_and_count_across_queues()
    {
        string first = await QueueAsync("first");
        string second = await QueueAsync("second");
        await FillAsync(first, "a");
        await FillAsync(second, "b");
        Assert.Equal(1ul, (await GetAsync(first, autoAck: false)).DeliveryTag);
        Assert.Equal(2ul, (await GetAsync(second, autoAck: false)).DeliveryTag);
        await Channel.BasicNackAsync(2, multiple: true, requeue: true);
        Assert.Equal(["a"], await DrainAsync(first));
        Assert.Equal(["b"], await DrainAsync(second));
    }

    [BrokerFact]
    public async Task An_unknown_tag_closes_the_channel_with_406()
    {
        await ClosesChannelAsync(Channel, 406, "PRECONDITION_FAILED - unknown delivery tag 7",
            async () => await Channel.BasicAckAsync(7, multiple: false));
    }

    [BrokerFact]
    public async Task Settling_twice_closes_the_channel_with_406_and_settles_once()
    {
        string queue = await QueueAsync();
        await FillAsync(queue, "one");
        await using IChannel channel = await ChannelAsync();
        BasicGetResult one = (await channel.BasicGetAsync(queue, false))!;
        await channel.BasicAckAsync(one.DeliveryTag, multiple: false);
        await ClosesChannelAsync(channel, 406, $"PRECONDITION_FAILED - unknown delivery tag {one.DeliveryTag}",
            async () => await channel.BasicNackAsync(one.DeliveryTag, multiple: false, requeue: true));
        Assert.Empty(await DrainAsync(queue));
    }

    [BrokerFact]
    public async Task Settling_what_was_delivered_without_acknowledgement_closes_the_channel_with_406()
    {
        string queue = await QueueAsync();
        await FillAsync(queue, "one");
        BasicGetResult one = await GetAsync(queue, autoAck: true);
        await ClosesChannelAsync(Channel, 406, $"PRECONDITION_FAILED - unknown delivery tag {one.DeliveryTag}",
            async () => await Channel.BasicAckAsync(one.DeliveryTag, multiple: false));
    }

    [BrokerFact]
    public async Task Settling_all_of_none_is_no_error()
    {
        await Channel.BasicAckAsync(0, multiple: true);
        await Channel.ExchangeDeclarePassiveAsync("amq.direct");
        Assert.True(Channel.IsOpen);
    }

    [BrokerFact]
    public async Task A_requeued_message_goes_to_the_next_consumer_at_once()
    {
        string queue = await QueueAsync();
        await FillAsync(queue, "one");
        BasicGetResult one = await GetAsync(queue, autoAck: false);
        await using IChannel other = await ChannelAsync();
        Inbox inbox = await Inbox.OpenAsync(other, queue);
        await Channel.BasicNackAsync(one.DeliveryTag, multiple: false, requeue: true);
        Delivery again = await inbox.NextAsync();
        Assert.Equal(("one", true), (again.Body, again.Redelivered));
    }

    private async Task<(string Body, bool Redelivered)[]> DrainMarkedAsync(string queue)
    {
        List<(string, bool)> messages = [];
        while (await Channel.BasicGetAsync(queue, autoAck: true) is { } message)
            messages.Add((Body(message), message.Redelivered));
        return [.. messages];
    }
}
