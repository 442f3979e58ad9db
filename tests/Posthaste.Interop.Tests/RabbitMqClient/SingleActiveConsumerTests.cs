using Posthaste.Interop.Tests.Infrastructure;
using RabbitMQ.Client;

namespace Posthaste.Interop.Tests.RabbitMqClient;

public sealed class SingleActiveConsumerTests(BrokerFixture broker) : BrokerTest(broker)
{
    [BrokerTheory]
    [InlineData("classic")]
    [InlineData("quorum")]
    public async Task The_first_consumer_gets_everything_until_it_goes(string type)
    {
        string queue = await QueueAsync("queue", ("x-single-active-consumer", true), ("x-queue-type", type));
        Inbox active = await Inbox.OpenAsync(Channel, queue, autoAck: true);
        Inbox waiting = await Inbox.OpenAsync(Channel, queue, autoAck: true);
        await FillAsync(queue, "one", "two", "three");
        await active.NextAsync(3);
        await Channel.BasicCancelAsync(active.Tag);
        await FillAsync(queue, "four");
        Assert.Equal("four", (await waiting.NextAsync()).Body);
        Assert.Equal((3, 1), (active.SeenCount, waiting.SeenCount));
    }

    [BrokerFact]
    public async Task A_lost_connection_hands_over_with_what_was_unacknowledged()
    {
        string queue = await QueueAsync("queue", ("x-single-active-consumer", true));
        IConnection lost = await ConnectAsync();
        await using IChannel channel = await lost.CreateChannelAsync();
        Inbox active = await Inbox.OpenAsync(channel, queue);
        Inbox waiting = await Inbox.OpenAsync(Channel, queue);
        await FillAsync(queue, "one", "two");
        await active.NextAsync(2);
        await lost.CloseAsync();
        Delivery[] again = await waiting.NextAsync(2);
        Assert.Equal([("one", true), ("two", true)], again.Select(message => (message.Body, message.Redelivered)));
    }

    [BrokerFact]
    public async Task An_exclusive_consumer_is_refused_with_403()
    {
        string queue = await QueueAsync("queue", ("x-single-active-consumer", true));
        await RefusedAsync(403, $"ACCESS_REFUSED - queue '{queue}' in vhost '/' in exclusive use",
            () => Inbox.OpenAsync(Channel, queue, exclusive: true));
    }
}
