using Posthaste.Interop.Tests.Infrastructure;

namespace Posthaste.Interop.Tests.RabbitMqClient;

public sealed class ExpiryTests(BrokerFixture broker) : BrokerTest(broker)
{
    [BrokerTheory]
    [InlineData("classic")]
    [InlineData("quorum")]
    public async Task A_queues_ttl_removes_its_messages(string type)
    {
        string queue = await QueueAsync("queue", ("x-message-ttl", 200), ("x-queue-type", type));
        await FillAsync(queue, "one", "two");
        await WaitForCountAsync(queue, 0);
        Assert.Empty(await DrainAsync(queue));
    }

    [BrokerTheory]
    [InlineData("classic")]
    [InlineData("quorum")]
    public async Task A_messages_expiration_removes_it(string type)
    {
        string queue = await QueueAsync("queue", ("x-queue-type", type));
        await PublishAsync("", queue, "short", properties => properties.Expiration = "200");
        await PublishAsync("", queue, "long", properties => properties.Expiration = "600000");
        await WaitForCountAsync(queue, 1);
        Assert.Equal(["long"], await DrainAsync(queue));
    }

    [BrokerTheory]
    [InlineData(200, "600000")]
    [InlineData(600_000, "200")]
    public async Task The_smaller_of_both_counts(int ttlMs, string expiration)
    {
        string queue = await QueueAsync("queue", ("x-message-ttl", ttlMs));
        await PublishAsync("", queue, "gone", properties => properties.Expiration = expiration);
        await WaitForCountAsync(queue, 0);
    }

    [BrokerFact]
    public async Task Expired_messages_leave_also_behind_an_unexpired_head()
    {
        Broker.SkipOnRabbitMq("an expired message stays until it reaches the head of the queue");
        string queue = await QueueAsync();
        await FillAsync(queue, "head");
        await PublishAsync("", queue, "behind", properties => properties.Expiration = "200");
        await FillAsync(queue, "tail");
        await WaitForCountAsync(queue, 2);
        Assert.Equal(["head", "tail"], await DrainAsync(queue));
    }

    [BrokerFact]
    public async Task Expired_messages_behind_an_unexpired_head_are_never_delivered()
    {
        string queue = await QueueAsync();
        string clock = await QueueAsync("clock", ("x-message-ttl", 400));
        await FillAsync(queue, "head");
        await PublishAsync("", queue, "behind", properties => properties.Expiration = "200");
        await FillAsync(queue, "tail");
        await FillAsync(clock, "tick");
        await WaitForCountAsync(clock, 0);
        Assert.Equal(["head", "tail"], await DrainAsync(queue));
    }

    [BrokerFact]
    public async Task A_ttl_of_zero_delivers_at_once_or_not_at_all()
    {
        string queue = await QueueAsync("queue", ("x-message-ttl", 0));
        await FillAsync(queue, "nobody there");
        Assert.Equal(0u, await Channel.MessageCountAsync(queue));
        Inbox inbox = await Inbox.OpenAsync(Channel, queue);
        await FillAsync(queue, "somebody there");
        Assert.Equal("somebody there", (await inbox.NextAsync()).Body);
    }

    [BrokerFact]
    public async Task A_message_that_a_consumer_holds_does_not_expire_and_a_returned_one_does()
    {
        // Long enough that a busy machine gets both before they expire.
        string queue = await QueueAsync("queue", ("x-message-ttl", 6_000));
        string clock = await QueueAsync("clock", ("x-message-ttl", 7_000));
        await FillAsync(queue, "held", "returned");
        await FillAsync(clock, "tick");
        var held = (await Channel.BasicGetAsync(queue, false))!;
        var returned = (await Channel.BasicGetAsync(queue, false))!;
        await WaitForCountAsync(clock, 0);
        await Channel.BasicNackAsync(returned.DeliveryTag, multiple: false, requeue: true);
        await WaitForCountAsync(queue, 0);
        await Channel.BasicAckAsync(held.DeliveryTag, multiple: false);
        await Channel.ExchangeDeclarePassiveAsync("amq.direct");
    }

    [BrokerFact]
    public async Task The_expiration_is_delivered_as_it_was_published()
    {
        string queue = await QueueAsync();
        await PublishAsync("", queue, "kept", properties => properties.Expiration = "600000");
        Assert.Equal("600000", (await GetAsync(queue)).BasicProperties.Expiration);
    }
}
