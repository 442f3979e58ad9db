using Posthaste.Interop.Tests.Infrastructure;
using RabbitMQ.Client;

namespace Posthaste.Interop.Tests.RabbitMqClient;

public sealed class QueueDeclarationTests(BrokerFixture broker) : BrokerTest(broker)
{
    [BrokerFact]
    public async Task Declare_reports_the_ready_messages_and_the_consumers()
    {
        string queue = await QueueAsync();
        await FillAsync(queue, "one", "two", "three");
        QueueDeclareOk idle = await Channel.QueueDeclareAsync(queue, true, false, false);
        Assert.Equal((queue, 3u, 0u), (idle.QueueName, idle.MessageCount, idle.ConsumerCount));

        await Channel.BasicQosAsync(0, 1, false);
        Inbox inbox = await Inbox.OpenAsync(Channel, queue);
        await inbox.NextAsync();
        await using IChannel other = await ChannelAsync();
        QueueDeclareOk busy = await other.QueueDeclarePassiveAsync(queue);
        Assert.Equal((2u, 1u), (busy.MessageCount, busy.ConsumerCount));
    }

    [BrokerFact]
    public async Task A_server_named_queue_gets_a_fresh_name_and_is_the_channels_last_queue()
    {
        QueueDeclareOk first = await Channel.QueueDeclareAsync("", false, true, true);
        QueueDeclareOk second = await Channel.QueueDeclareAsync("", false, true, true);
        Assert.StartsWith("amq.gen-", first.QueueName);
        Assert.StartsWith("amq.gen-", second.QueueName);
        Assert.NotEqual(first.QueueName, second.QueueName);

        await Channel.QueueBindAsync("", "amq.direct", second.QueueName);
        await PublishAsync("amq.direct", second.QueueName, "to the last declared");
        BasicGetResult? message = await Channel.BasicGetAsync("", autoAck: true);
        Assert.Equal("to the last declared", Body(message!));
    }

    [BrokerFact]
    public async Task The_empty_name_without_a_declared_queue_is_404()
    {
        await RefusedAsync(404, "NOT_FOUND - no previously declared queue", () => Channel.BasicGetAsync("", true));
    }

    [BrokerFact]
    public async Task Passive_declare_of_a_missing_queue_is_404()
    {
        string name = Name("missing");
        await RefusedAsync(404, $"NOT_FOUND - no queue '{name}' in vhost '/'",
            () => Channel.QueueDeclarePassiveAsync(name));
    }

    [BrokerTheory]
    [InlineData(false, false, "durable", "received 'false' but current is 'true'")]
    [InlineData(true, true, "auto_delete", "received 'true' but current is 'false'")]
    public async Task A_different_declaration_is_406(bool durable, bool autoDelete, string argument, string difference)
    {
        string name = await QueueAsync();
        await RefusedAsync(406,
            $"PRECONDITION_FAILED - inequivalent arg '{argument}' for queue '{name}' in vhost '/': {difference}",
            () => Channel.QueueDeclareAsync(name, durable, false, autoDelete));
    }

    [BrokerFact]
    public async Task A_missing_argument_is_406()
    {
        string name = await QueueAsync("queue", ("x-message-ttl", 60_000));
        await RefusedAsync(406,
            $"PRECONDITION_FAILED - inequivalent arg 'x-message-ttl' for queue '{name}' in vhost '/': "
            + "received none but current is the value '60000' of type 'signedint'",
            () => Channel.QueueDeclareAsync(name, true, false, false));
    }

    [BrokerFact]
    public async Task A_different_argument_is_406()
    {
        string name = await QueueAsync("queue", ("x-dead-letter-exchange", "amq.direct"));
        await RefusedAsync(406,
            $"PRECONDITION_FAILED - inequivalent arg 'x-dead-letter-exchange' for queue '{name}' in vhost '/': "
            + "received 'amq.fanout' but current is 'amq.direct'",
            () => Channel.QueueDeclareAsync(name, true, false, false, Table(("x-dead-letter-exchange", "amq.fanout"))));
    }

    [BrokerFact]
    public async Task The_width_of_an_integer_argument_does_not_matter()
    {
        string name = await QueueAsync("queue", ("x-message-ttl", 60_000), ("x-max-length", 5L));
        await Channel.QueueDeclareAsync(name, true, false, false,
            Table(("x-message-ttl", 60_000L), ("x-max-length", (short)5)));
    }

    [BrokerFact]
    public async Task Naming_the_classic_type_is_the_same_as_naming_none()
    {
        string name = await QueueAsync();
        await Channel.QueueDeclareAsync(name, true, false, false, Table(("x-queue-type", "classic")));
    }

    [BrokerFact]
    public async Task Arguments_that_nobody_knows_are_kept_and_not_compared()
    {
        string name = await QueueAsync("queue", ("x-made-up", "anything"));
        await Channel.QueueDeclareAsync(name, true, false, false);
    }

    [BrokerFact]
    public async Task Names_with_the_reserved_prefix_are_403()
    {
        await RefusedAsync(403, "ACCESS_REFUSED - queue name 'amq.mine' contains reserved prefix 'amq.*'",
            () => Channel.QueueDeclareAsync("amq.mine", false, false, false));
    }

    [BrokerFact]
    public async Task An_exclusive_queue_is_locked_for_other_connections()
    {
        string name = Track(Name("exclusive"));
        await Channel.QueueDeclareAsync(name, false, true, false);
        await using IChannel sameConnection = await ChannelAsync();
        await sameConnection.QueueDeclarePassiveAsync(name);

        string locked = $"RESOURCE_LOCKED - cannot obtain exclusive access to locked queue '{name}' in vhost '/'. "
            + "It could be originally declared on another connection or the exclusive property value does not match "
            + "that of the original declaration.";
        IConnection other = await ConnectAsync();
        Func<IChannel, Task>[] methods =
        [
            channel => channel.QueueDeclareAsync(name, false, true, false),
            channel => channel.QueueDeclarePassiveAsync(name),
            channel => channel.QueueDeleteAsync(name),
            channel => channel.QueuePurgeAsync(name),
            channel => channel.QueueBindAsync(name, "amq.direct", "key"),
            channel => channel.BasicGetAsync(name, true),
            channel => Inbox.OpenAsync(channel, name),
        ];
        foreach (Func<IChannel, Task> method in methods)
        {
            await using IChannel channel = await other.CreateChannelAsync();
            await RefusedAsync(405, locked, () => method(channel));
        }
        await other.CloseAsync();
        await Channel.QueueDeleteAsync(name);
    }

    [BrokerFact]
    public async Task An_exclusive_queue_goes_with_its_connection()
    {
        string name = Name("exclusive");
        IConnection owner = await ConnectAsync();
        await using IChannel channel = await owner.CreateChannelAsync();
        await channel.QueueDeclareAsync(name, false, true, false);
        await owner.CloseAsync();
        await using IChannel probe = await ChannelAsync();
        await RefusedAsync(404, $"NOT_FOUND - no queue '{name}' in vhost '/'",
            () => probe.QueueDeclarePassiveAsync(name));
    }

    [BrokerFact]
    public async Task An_auto_delete_queue_goes_with_its_last_consumer_and_not_before_its_first()
    {
        string name = Track(Name("auto"));
        await Channel.QueueDeclareAsync(name, false, false, true);
        await Channel.QueueDeclarePassiveAsync(name);
        Inbox first = await Inbox.OpenAsync(Channel, name);
        Inbox second = await Inbox.OpenAsync(Channel, name);
        await Channel.BasicCancelAsync(first.Tag);
        await Channel.QueueDeclarePassiveAsync(name);
        await Channel.BasicCancelAsync(second.Tag);
        await Wait.UntilAsync("the queue to be gone", async () => !await ExistsAsync(name));
    }

    [BrokerFact]
    public async Task Delete_reports_the_messages_it_removed()
    {
        string queue = await QueueAsync();
        await FillAsync(queue, "one", "two");
        Assert.Equal(2u, await Channel.QueueDeleteAsync(queue));
        Assert.Equal(0u, await Channel.QueueDeleteAsync(queue));
    }

    [BrokerFact]
    public async Task If_empty_and_if_unused_protect_a_queue()
    {
        string queue = await QueueAsync();
        await FillAsync(queue, "one");
        await using IChannel first = await ChannelAsync();
        await RefusedAsync(406, $"PRECONDITION_FAILED - queue '{queue}' in vhost '/' not empty",
            () => first.QueueDeleteAsync(queue, ifUnused: false, ifEmpty: true));

        await Inbox.OpenAsync(Channel, queue, autoAck: true);
        await using IChannel second = await ChannelAsync();
        await RefusedAsync(406, $"PRECONDITION_FAILED - queue '{queue}' in vhost '/' in use",
            () => second.QueueDeleteAsync(queue, ifUnused: true, ifEmpty: false));
    }

    [BrokerFact]
    public async Task Purge_removes_what_is_ready_and_leaves_what_is_unacknowledged()
    {
        string queue = await QueueAsync();
        await FillAsync(queue, "one", "two", "three");
        BasicGetResult held = await GetAsync(queue, autoAck: false);
        Assert.Equal(2u, await Channel.QueuePurgeAsync(queue));
        await Channel.BasicNackAsync(held.DeliveryTag, false, requeue: true);
        Assert.Equal(["one"], await DrainAsync(queue));
    }

    [BrokerFact]
    public async Task Purging_a_missing_queue_is_404()
    {
        string name = Name("missing");
        await RefusedAsync(404, $"NOT_FOUND - no queue '{name}' in vhost '/'", () => Channel.QueuePurgeAsync(name));
    }

    [BrokerFact]
    public async Task Queues_of_255_bytes_and_of_any_utf8_work()
    {
        string unicode = Track(Name("jonqui\u00e8re-\u90f5\u4fbf-\U0001F4EE"));
        await Channel.QueueDeclareAsync(unicode, true, false, false);
        await FillAsync(unicode, "\u90f5\u4fbf");
        Assert.Equal(["\u90f5\u4fbf"], await DrainAsync(unicode));

        string longest = Track(Name("long").PadRight(255, 'x'));
        QueueDeclareOk declared = await Channel.QueueDeclareAsync(longest, true, false, false);
        Assert.Equal(longest, declared.QueueName);
    }

    [BrokerFact]
    public async Task A_transient_queue_shared_between_connections_still_works()
    {
        string queue = Track(Name("transient"));
        await Channel.QueueDeclareAsync(queue, false, false, false);
        await FillAsync(queue, "kept in memory");
        Assert.Equal(["kept in memory"], await DrainAsync(queue));
    }

    [BrokerFact]
    public async Task X_expires_deletes_an_unused_queue()
    {
        string queue = await QueueAsync("queue", ("x-expires", 300));
        await Wait.UntilAsync("the queue to expire", async () => !await ExistsAsync(queue, touch: false));
    }

    [BrokerFact]
    public async Task X_expires_spares_a_queue_with_a_consumer()
    {
        // Long enough that a busy machine gets the consumer there before the queue expires.
        string used = await QueueAsync("used", ("x-expires", 5_000));
        Inbox inbox = await Inbox.OpenAsync(Channel, used);
        string unused = await QueueAsync("unused", ("x-expires", 5_500));
        await Wait.UntilAsync("the unused queue to expire", async () => !await ExistsAsync(unused, touch: false));
        await FillAsync(used, "still here");
        Assert.Equal("still here", (await inbox.NextAsync()).Body);
    }

    /// <summary>
    /// Whether the queue exists. A passive declare counts as no use for `x-expires`; a bind would be refused just as
    /// well, but leaves something behind.
    /// </summary>
    private async Task<bool> ExistsAsync(string queue, bool touch = true)
    {
        await using IChannel probe = await ChannelAsync();
        try
        {
            if (touch)
                await probe.QueueDeclarePassiveAsync(queue);
            else
                await probe.QueuePurgeAsync(queue);
            return true;
        }
        catch (RabbitMQ.Client.Exceptions.OperationInterruptedException refused)
            when (refused.ShutdownReason?.ReplyCode == 404)
        {
            return false;
        }
    }
}
