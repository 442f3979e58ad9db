using Posthaste.Interop.Tests.Infrastructure;
using RabbitMQ.Client;

namespace Posthaste.Interop.Tests.RabbitMqClient;

public sealed class PriorityQueueTests(BrokerFixture broker) : BrokerTest(broker)
{
    [BrokerFact]
    public async Task Higher_priorities_come_first_and_equals_in_order()
    {
        string queue = await QueueAsync("queue", ("x-max-priority", 10));
        (string Body, byte Priority)[] messages = [("a", 1), ("b", 9), ("c", 5), ("d", 9), ("e", 0), ("f", 5)];
        foreach ((string body, byte priority) in messages)
            await PublishAsync("", queue, body, properties => properties.Priority = priority);
        await FillAsync(queue, "none");
        Assert.Equal(["b", "d", "c", "f", "a", "e", "none"], await DrainAsync(queue));
    }

    [BrokerFact]
    public async Task Priorities_above_the_maximum_count_as_the_maximum()
    {
        string queue = await QueueAsync("queue", ("x-max-priority", 3));
        foreach (byte priority in (byte[])[3, 255, 2, 4])
            await PublishAsync("", queue, $"{priority}", properties => properties.Priority = priority);
        Assert.Equal(["3", "255", "4", "2"], await DrainAsync(queue));
    }

    [BrokerFact]
    public async Task A_classic_queue_without_the_argument_ignores_priorities()
    {
        string queue = await QueueAsync();
        await PublishAsync("", queue, "first", properties => properties.Priority = 1);
        await PublishAsync("", queue, "second", properties => properties.Priority = 9);
        BasicGetResult message = await GetAsync(queue);
        Assert.Equal(("first", 1), (Body(message), message.BasicProperties.Priority));
    }

    [BrokerFact]
    public async Task Requeued_messages_keep_their_priority_and_their_place()
    {
        string queue = await QueueAsync("queue", ("x-max-priority", 10));
        await PublishAsync("", queue, "high 1", properties => properties.Priority = 5);
        await PublishAsync("", queue, "high 2", properties => properties.Priority = 5);
        await FillAsync(queue, "low");
        BasicGetResult high = await GetAsync(queue, autoAck: false);
        await Channel.BasicRejectAsync(high.DeliveryTag, requeue: true);
        Assert.Equal(["high 1", "high 2", "low"], await DrainAsync(queue));
    }

    [BrokerFact]
    public async Task The_maximum_length_drops_the_head_whatever_its_priority()
    {
        string queue = await QueueAsync("queue", ("x-max-priority", 10), ("x-max-length", 2));
        await PublishAsync("", queue, "high", properties => properties.Priority = 9);
        await FillAsync(queue, "low 1", "low 2");
        await WaitForCountAsync(queue, 2);
        Assert.Equal(["low 1", "low 2"], await DrainAsync(queue));
    }

    [BrokerFact]
    public async Task Messages_expire_within_their_priority()
    {
        string queue = await QueueAsync("queue", ("x-max-priority", 10));
        await PublishAsync("", queue, "high", properties => (properties.Priority, properties.Expiration) = (9, "200"));
        await FillAsync(queue, "low");
        await WaitForCountAsync(queue, 1);
        Assert.Equal(["low"], await DrainAsync(queue));
    }

    [BrokerFact]
    public async Task All_256_levels_work()
    {
        string queue = await QueueAsync("queue", ("x-max-priority", 255));
        await using IChannel channel = await ConfirmingChannelAsync();
        for (int priority = 0; priority <= 255; priority++)
        {
            var properties = new BasicProperties { Priority = (byte)priority };
            await channel.BasicPublishAsync("", queue, false, properties, new[] { (byte)priority });
        }
        for (int priority = 255; priority >= 0; priority--)
            Assert.Equal(priority, (await GetAsync(queue)).Body.Span[0]);
    }
}
