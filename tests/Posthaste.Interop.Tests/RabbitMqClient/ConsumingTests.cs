using Posthaste.Interop.Tests.Infrastructure;
using RabbitMQ.Client;

namespace Posthaste.Interop.Tests.RabbitMqClient;

public sealed class ConsumingTests(BrokerFixture broker) : BrokerTest(broker)
{
    [BrokerFact]
    public async Task A_consumer_gets_what_waited_and_what_comes_in_order()
    {
        string queue = await QueueAsync();
        await FillAsync(queue, "one", "two");
        Inbox inbox = await Inbox.OpenAsync(Channel, queue, autoAck: true, tag: "chosen");
        await FillAsync(queue, "three");
        Delivery[] deliveries = await inbox.NextAsync(3);
        Assert.Equal(["one", "two", "three"], deliveries.Select(delivery => delivery.Body));
        Assert.Equal([1ul, 2ul, 3ul], deliveries.Select(delivery => delivery.Tag));
        Assert.All(deliveries, delivery =>
            Assert.Equal(("chosen", false, "", queue),
                (delivery.ConsumerTag, delivery.Redelivered, delivery.Exchange, delivery.RoutingKey)));
    }

    [BrokerFact]
    public async Task The_broker_names_consumers_that_name_themselves_not()
    {
        string queue = await QueueAsync();
        Inbox inbox = await Inbox.OpenAsync(Channel, queue);
        Assert.StartsWith("amq.ctag-", inbox.Tag);
    }

    [BrokerFact]
    public async Task A_second_consumer_with_the_same_tag_closes_the_connection_with_530()
    {
        string queue = await QueueAsync();
        IConnection connection = await ConnectAsync();
        await using IChannel channel = await connection.CreateChannelAsync();
        await Inbox.OpenAsync(channel, queue, tag: "same");
        await RefusedAsync(530, "NOT_ALLOWED - attempt to reuse consumer tag 'same'",
            () => Inbox.OpenAsync(channel, queue, tag: "same"));
        Assert.False(connection.IsOpen);
    }

    [BrokerFact]
    public async Task The_same_tag_on_two_channels_is_fine()
    {
        string queue = await QueueAsync();
        await using IChannel other = await ChannelAsync();
        await Inbox.OpenAsync(Channel, queue, tag: "same");
        await Inbox.OpenAsync(other, queue, tag: "same");
        Assert.Equal(2u, await Channel.ConsumerCountAsync(queue));
    }

    [BrokerFact]
    public async Task Consuming_from_a_missing_queue_is_404()
    {
        string name = Name("missing");
        await RefusedAsync(404, $"NOT_FOUND - no queue '{name}' in vhost '/'", () => Inbox.OpenAsync(Channel, name));
    }

    [BrokerFact]
    public async Task Prefetch_limits_each_consumer()
    {
        string queue = await QueueAsync();
        await FillAsync(queue, [.. Enumerable.Range(0, 10).Select(i => $"{i}")]);
        await Channel.BasicQosAsync(0, 2, global: false);
        Inbox first = await Inbox.OpenAsync(Channel, queue);
        Inbox second = await Inbox.OpenAsync(Channel, queue);
        await using IChannel observer = await ChannelAsync();
        await WaitForCountAsync(observer, queue, 6);
        Delivery[] deliveries = await first.NextAsync(2);
        await second.NextAsync(2);
        await Channel.BasicAckAsync(deliveries[0].Tag, multiple: false);
        await first.NextAsync();
        await WaitForCountAsync(observer, queue, 5);
        Assert.Equal((3, 2), (first.SeenCount, second.SeenCount));
    }

    [BrokerFact]
    public async Task Prefetch_holds_for_consumers_that_come_after_it()
    {
        string queue = await QueueAsync();
        await FillAsync(queue, [.. Enumerable.Range(0, 10).Select(i => $"{i}")]);
        await Channel.BasicQosAsync(0, 1, global: false);
        await Inbox.OpenAsync(Channel, queue);
        await Channel.BasicQosAsync(0, 3, global: false);
        await Inbox.OpenAsync(Channel, queue);
        await using IChannel observer = await ChannelAsync();
        await WaitForCountAsync(observer, queue, 6);
    }

    [BrokerFact]
    public async Task Global_prefetch_is_shared_by_the_consumers_of_a_channel()
    {
        string queue = await QueueAsync();
        await FillAsync(queue, [.. Enumerable.Range(0, 10).Select(i => $"{i}")]);
        await Channel.BasicQosAsync(0, 3, global: true);
        Inbox first = await Inbox.OpenAsync(Channel, queue);
        Inbox second = await Inbox.OpenAsync(Channel, queue);
        await using IChannel observer = await ChannelAsync();
        await WaitForCountAsync(observer, queue, 7);
        await Wait.UntilAsync("three deliveries", () => Task.FromResult(first.SeenCount + second.SeenCount == 3));
        await Channel.BasicAckAsync(0, multiple: true);
        await WaitForCountAsync(observer, queue, 4);
    }

    [BrokerFact]
    public async Task Raising_the_global_prefetch_frees_waiting_messages()
    {
        string queue = await QueueAsync();
        await FillAsync(queue, "one", "two", "three");
        await Channel.BasicQosAsync(0, 1, global: true);
        Inbox inbox = await Inbox.OpenAsync(Channel, queue);
        Assert.Equal("one", (await inbox.NextAsync()).Body);
        await Channel.BasicQosAsync(0, 2, global: true);
        Assert.Equal("two", (await inbox.NextAsync()).Body);
        await Channel.BasicQosAsync(0, 0, global: true);
        Assert.Equal("three", (await inbox.NextAsync()).Body);
    }

    [BrokerFact]
    public async Task Prefetch_does_not_count_deliveries_without_acknowledgement()
    {
        string queue = await QueueAsync();
        await FillAsync(queue, "one", "two", "three");
        await Channel.BasicQosAsync(0, 1, global: false);
        Inbox inbox = await Inbox.OpenAsync(Channel, queue, autoAck: true);
        await inbox.NextAsync(3);
    }

    [BrokerFact]
    public async Task Quorum_queues_refuse_the_global_prefetch()
    {
        string queue = await QueueAsync("quorum", ("x-queue-type", "quorum"));
        IConnection connection = await ConnectAsync();
        await using IChannel channel = await connection.CreateChannelAsync();
        await channel.BasicQosAsync(0, 1, global: true);
        await RefusedAsync(540, $"NOT_IMPLEMENTED - queue '{queue}' in vhost '/' does not support global qos",
            () => Inbox.OpenAsync(channel, queue));
    }

    [BrokerFact]
    public async Task A_prefetch_size_closes_the_connection_with_540()
    {
        IConnection connection = await ConnectAsync();
        await using IChannel channel = await connection.CreateChannelAsync();
        await RefusedAsync(540, "NOT_IMPLEMENTED - prefetch_size!=0 (1000)",
            () => channel.BasicQosAsync(1_000, 1, global: false));
    }

    [BrokerFact]
    public async Task Messages_are_dealt_out_in_turn()
    {
        string queue = await QueueAsync();
        Inbox first = await Inbox.OpenAsync(Channel, queue);
        Inbox second = await Inbox.OpenAsync(Channel, queue);
        await FillAsync(queue, [.. Enumerable.Range(0, 10).Select(i => $"{i}")]);
        await first.NextAsync(5);
        await second.NextAsync(5);
    }

    [BrokerFact]
    public async Task A_higher_priority_gets_everything_while_it_has_room()
    {
        string queue = await QueueAsync();
        await Channel.BasicQosAsync(0, 2, global: false);
        Inbox low = await Inbox.OpenAsync(Channel, queue, arguments: Table(("x-priority", -1)));
        Inbox high = await Inbox.OpenAsync(Channel, queue, arguments: Table(("x-priority", 10)));
        Inbox none = await Inbox.OpenAsync(Channel, queue);
        await FillAsync(queue, "one", "two", "three", "four", "five");
        Assert.Equal(["one", "two"], (await high.NextAsync(2)).Select(delivery => delivery.Body));
        Assert.Equal(["three", "four"], (await none.NextAsync(2)).Select(delivery => delivery.Body));
        Assert.Equal("five", (await low.NextAsync()).Body);
    }

    [BrokerFact]
    public async Task A_priority_that_is_no_integer_is_406()
    {
        Broker.SkipOnRabbitMqBefore("4.0", "the error of a wrong type was written {unacceptable_type,longstr}");
        string queue = await QueueAsync();
        await RefusedAsync(406,
            $"PRECONDITION_FAILED - invalid arg 'x-priority' for queue '{queue}' in vhost '/': "
            + "\"expected integer, got longstr\"",
            () => Inbox.OpenAsync(Channel, queue, arguments: Table(("x-priority", "high"))));
    }

    [BrokerFact]
    public async Task An_exclusive_consumer_keeps_others_out()
    {
        string queue = await QueueAsync();
        string refusal = $"ACCESS_REFUSED - queue '{queue}' in vhost '/' in exclusive use";
        Inbox exclusive = await Inbox.OpenAsync(Channel, queue, exclusive: true);
        await using (IChannel other = await ChannelAsync())
            await RefusedAsync(403, refusal, () => Inbox.OpenAsync(other, queue));
        await Channel.BasicCancelAsync(exclusive.Tag);
        await Inbox.OpenAsync(Channel, queue);
        await using (IChannel other = await ChannelAsync())
            await RefusedAsync(403, refusal, () => Inbox.OpenAsync(other, queue, exclusive: true));
    }

    [BrokerFact]
    public async Task Deleting_the_queue_cancels_its_consumers()
    {
        string queue = await QueueAsync();
        Inbox inbox = await Inbox.OpenAsync(Channel, queue, tag: "told");
        await using IChannel other = await ChannelAsync();
        await other.QueueDeleteAsync(queue);
        Assert.Equal("told", await Wait.ForAsync("the cancellation", inbox.Cancelled));
        Assert.True(Channel.IsOpen);
    }

    [BrokerFact]
    public async Task Cancelling_ends_deliveries_and_keeps_what_is_unacknowledged()
    {
        string queue = await QueueAsync();
        await FillAsync(queue, "one");
        Inbox inbox = await Inbox.OpenAsync(Channel, queue);
        Delivery one = await inbox.NextAsync();
        await Channel.BasicCancelAsync(inbox.Tag);
        await Channel.BasicCancelAsync("never existed");
        await FillAsync(queue, "two");
        Assert.Equal(1u, await Channel.MessageCountAsync(queue));
        await Channel.BasicAckAsync(one.Tag, multiple: false);
        Assert.Equal(["two"], await DrainAsync(queue));
    }

    [BrokerFact]
    public async Task Get_counts_what_is_left_and_says_when_nothing_is()
    {
        string queue = await QueueAsync();
        Assert.Null(await Channel.BasicGetAsync(queue, true));
        await FillAsync(queue, "one", "two");
        BasicGetResult one = (await Channel.BasicGetAsync(queue, true))!;
        Assert.Equal(("one", 1u, false, "", queue),
            (Body(one), one.MessageCount, one.Redelivered, one.Exchange, one.RoutingKey));
        BasicGetResult two = (await Channel.BasicGetAsync(queue, true))!;
        Assert.Equal(("two", 0u), (Body(two), two.MessageCount));
        Assert.Null(await Channel.BasicGetAsync(queue, true));
    }

    private static Task WaitForCountAsync(IChannel observer, string queue, uint count) =>
        Wait.UntilAsync($"{count} messages in {queue}", async () => await observer.MessageCountAsync(queue) == count);
}
