using Posthaste.Interop.Tests.Infrastructure;
using RabbitMQ.Client;

namespace Posthaste.Interop.Tests.RabbitMqClient;

public sealed class DeadLetterTests(BrokerFixture broker) : BrokerTest(broker)
{
    [BrokerTheory]
    [InlineData("classic")]
    [InlineData("quorum")]
    public async Task A_rejected_message_keeps_its_keys_and_tells_its_story(string type)
    {
        string exchange = await ExchangeAsync("fanout", "dlx");
        string dead = await QueueAsync("dead");
        await Channel.QueueBindAsync(dead, exchange, "");
        string queue = await QueueAsync("queue", ("x-dead-letter-exchange", exchange), ("x-queue-type", type));
        await Channel.QueueBindAsync(queue, "amq.direct", queue + ".key");
        await PublishAsync("amq.direct", queue + ".key", "rejected", properties => properties.MessageId = "kept");
        await RejectAsync(queue);

        BasicGetResult message = await GetAsync(dead);
        Assert.Equal(("rejected", "kept"), (Body(message), message.BasicProperties.MessageId));
        Assert.Equal((exchange, queue + ".key", false), (message.Exchange, message.RoutingKey, message.Redelivered));
        Death death = Death.Of(message.BasicProperties).Single();
        Assert.Equal((queue, "rejected", 1L, "amq.direct"), (death.Queue, death.Reason, death.Count, death.Exchange));
        Assert.Equal([queue + ".key"], death.RoutingKeys);
        Assert.Null(death.OriginalExpiration);
        Assert.Equal("rejected", Death.Text(message.BasicProperties, "x-first-death-reason"));
        Assert.Equal(queue, Death.Text(message.BasicProperties, "x-first-death-queue"));
        Assert.Equal("amq.direct", Death.Text(message.BasicProperties, "x-first-death-exchange"));
    }

    [BrokerFact]
    public async Task The_last_death_is_told_beside_the_first()
    {
        Broker.SkipOnRabbitMqBefore("3.13", "x-last-death-* came with message containers");
        string last = await QueueAsync("last");
        string second = await DeadLettersToAsync("second", last);
        string first = await DeadLettersToAsync("first", second);
        await FillAsync(first, "twice");
        await RejectAsync(first);
        await RejectAsync(second);
        IReadOnlyBasicProperties properties = (await GetAsync(last)).BasicProperties;
        Assert.Equal(first, Death.Text(properties, "x-first-death-queue"));
        Assert.Equal(second, Death.Text(properties, "x-last-death-queue"));
        Assert.Equal("rejected", Death.Text(properties, "x-last-death-reason"));
        Assert.Equal("", Death.Text(properties, "x-last-death-exchange"));
    }

    [BrokerTheory]
    [InlineData("classic")]
    [InlineData("quorum")]
    public async Task An_expired_message_loses_its_expiration(string type)
    {
        string dead = await QueueAsync("dead");
        string queue = await DeadLettersToAsync("queue", dead, ("x-queue-type", type));
        await PublishAsync("", queue, "expired", properties => properties.Expiration = "100");
        BasicGetResult message = await GetAsync(dead);
        Death death = Death.Of(message.BasicProperties).Single();
        Assert.Equal(("expired", "100"), (death.Reason, death.OriginalExpiration));
        Assert.Null(message.BasicProperties.Expiration);
    }

    [BrokerFact]
    public async Task A_queues_ttl_leaves_no_original_expiration()
    {
        string dead = await QueueAsync("dead");
        string queue = await DeadLettersToAsync("queue", dead, ("x-message-ttl", 100));
        await FillAsync(queue, "expired");
        Death death = Death.Of((await GetAsync(dead)).BasicProperties).Single();
        Assert.Equal(("expired", null), (death.Reason, death.OriginalExpiration));
    }

    [BrokerFact]
    public async Task Deaths_are_counted_by_queue_and_reason_the_latest_first()
    {
        string work = Track(Name("work"));
        string park = Track(Name("park"));
        await Channel.QueueDeclareAsync(work, true, false, false,
            Table(("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", park)));
        await Channel.QueueDeclareAsync(park, true, false, false,
            Table(("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", work), ("x-message-ttl", 50)));
        await FillAsync(work, "retried");
        for (int i = 0; i < 3; i++)
            await RejectAsync(work);
        Death[] deaths = Death.Of((await GetAsync(work)).BasicProperties);
        Assert.Equal(
            [(park, "expired", 3L), (work, "rejected", 3L)],
            deaths.Select(death => (death.Queue, death.Reason, death.Count)));
    }

    [BrokerFact]
    public async Task A_cycle_without_a_rejection_ends()
    {
        string queue = Track(Name("cycle"));
        await Channel.QueueDeclareAsync(queue, true, false, false, Table(
            ("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", queue), ("x-message-ttl", 50)));
        await FillAsync(queue, "round and round");
        await WaitForCountAsync(queue, 0);
    }

    [BrokerFact]
    public async Task A_cycle_with_a_rejection_goes_on()
    {
        string queue = Track(Name("cycle"));
        await Channel.QueueDeclareAsync(queue, true, false, false,
            Table(("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", queue)));
        await FillAsync(queue, "again");
        await RejectAsync(queue);
        await RejectAsync(queue);
        Assert.Equal(2, Death.Of((await GetAsync(queue)).BasicProperties).Single().Count);
    }

    [BrokerFact]
    public async Task Copies_are_dead_lettered_with_all_their_keys()
    {
        string exchange = await ExchangeAsync("direct", "dlx");
        string dead = await QueueAsync("dead");
        await Channel.QueueBindAsync(dead, exchange, "copy");
        string queue = await QueueAsync("queue", ("x-dead-letter-exchange", exchange));
        await PublishAsync("", queue, "copied", properties => properties.Headers = Table(
            ("CC", new List<object?> { "copy" }), ("BCC", new List<object?> { "blind" })));
        await RejectAsync(queue);
        BasicGetResult message = await GetAsync(dead);
        Assert.Equal([queue, "copy"], Death.Of(message.BasicProperties).Single().RoutingKeys);
        Assert.Contains("CC", message.BasicProperties.Headers!);
        Assert.DoesNotContain("BCC", message.BasicProperties.Headers!);
    }

    [BrokerFact]
    public async Task A_replaced_key_drops_the_copies()
    {
        string dead = await QueueAsync("dead");
        string copied = await QueueAsync("copied");
        string queue = await DeadLettersToAsync("queue", dead);
        await PublishAsync("", queue, "copied",
            properties => properties.Headers = Table(("CC", new List<object?> { copied })));
        Assert.Equal(["copied"], await DrainAsync(copied));
        await RejectAsync(queue);
        BasicGetResult message = await GetAsync(dead);
        Assert.Equal(dead, message.RoutingKey);
        Assert.DoesNotContain("CC", message.BasicProperties.Headers!);
        Assert.Equal(0u, await Channel.MessageCountAsync(copied));
    }

    [BrokerFact]
    public async Task A_missing_dead_letter_exchange_drops_the_message()
    {
        string queue = await QueueAsync("queue", ("x-dead-letter-exchange", Name("missing")));
        await FillAsync(queue, "nowhere", "next");
        await RejectAsync(queue);
        Assert.Equal(["next"], await DrainAsync(queue));
    }

    [BrokerFact]
    public async Task Purged_and_deleted_messages_are_not_dead_lettered()
    {
        string dead = await QueueAsync("dead");
        string queue = await DeadLettersToAsync("queue", dead);
        await FillAsync(queue, "purged");
        await Channel.QueuePurgeAsync(queue);
        await FillAsync(queue, "deleted");
        await Channel.QueueDeleteAsync(queue);
        Assert.Empty(await DrainAsync(dead));
    }

    [BrokerFact]
    public async Task Requeued_messages_are_not_dead_lettered()
    {
        string dead = await QueueAsync("dead");
        string queue = await DeadLettersToAsync("queue", dead);
        await FillAsync(queue, "back");
        BasicGetResult message = await GetAsync(queue, autoAck: false);
        await Channel.BasicRejectAsync(message.DeliveryTag, requeue: true);
        Assert.Equal(["back"], await DrainAsync(queue));
        Assert.Empty(await DrainAsync(dead));
    }

    [BrokerFact]
    public async Task A_story_that_a_client_made_up_is_not_continued()
    {
        Broker.SkipOnRabbitMqBefore("4.0", "x-death published by clients was taken into account");
        string dead = await QueueAsync("dead");
        string queue = await DeadLettersToAsync("queue", dead);
        Dictionary<string, object?> invented = Table(
            ("queue", queue), ("reason", "rejected"), ("count", 41L), ("exchange", ""),
            ("routing-keys", new List<object?> { queue }), ("time", new AmqpTimestamp(0)));
        await PublishAsync("", queue, "message",
            properties => properties.Headers = Table(("x-death", new List<object?> { invented })));
        await RejectAsync(queue);
        Assert.Equal(1, Death.Of((await GetAsync(dead)).BasicProperties).Single().Count);
    }

    /// <summary>A queue whose dead letters go to <paramref name="target"/> through the default exchange.</summary>
    private Task<string> DeadLettersToAsync(
        string hint, string target, params (string Key, object? Value)[] arguments) =>
        QueueAsync(hint, [("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", target), .. arguments]);

    private async Task RejectAsync(string queue)
    {
        BasicGetResult message = await GetAsync(queue, autoAck: false);
        await Channel.BasicRejectAsync(message.DeliveryTag, requeue: false);
    }
}
