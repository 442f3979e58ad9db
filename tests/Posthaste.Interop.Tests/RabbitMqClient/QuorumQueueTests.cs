using Posthaste.Interop.Tests.Infrastructure;
using RabbitMQ.Client;

namespace Posthaste.Interop.Tests.RabbitMqClient;

/// <summary>What quorum queues promise beyond classic ones.</summary>
public sealed class QuorumQueueTests(BrokerFixture broker) : BrokerTest(broker)
{
    [BrokerFact]
    public async Task A_message_beyond_the_delivery_limit_is_dead_lettered()
    {
        string dead = await QueueAsync("dead");
        string queue = await QuorumAsync(("x-delivery-limit", 2),
            ("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", dead));
        await FillAsync(queue, "poison");
        for (int delivery = 0; delivery < 3; delivery++)
        {
            BasicGetResult message = await GetAsync(queue, autoAck: false);
            Assert.Equal(delivery > 0, message.Redelivered);
            await Channel.BasicRejectAsync(message.DeliveryTag, requeue: true);
        }
        Death death = Death.Of((await GetAsync(dead)).BasicProperties).Single();
        Assert.Equal((queue, "delivery_limit", 1L), (death.Queue, death.Reason, death.Count));
        Assert.Empty(await DrainAsync(queue));
    }

    [BrokerFact]
    public async Task A_message_beyond_the_delivery_limit_is_dropped_without_a_dead_letter_exchange()
    {
        string queue = await QuorumAsync(("x-delivery-limit", 1));
        await FillAsync(queue, "poison", "good");
        for (int delivery = 0; delivery < 2; delivery++)
        {
            BasicGetResult message = await GetAsync(queue, autoAck: false);
            Assert.Equal("poison", Body(message));
            await Channel.BasicRejectAsync(message.DeliveryTag, requeue: true);
        }
        Assert.Equal("good", Body(await GetAsync(queue)));
    }

    [BrokerFact]
    public async Task The_delivery_limit_is_20_where_nothing_is_said()
    {
        Broker.SkipOnRabbitMqBefore("4.0", "there was no delivery limit by default");
        string queue = await QuorumAsync();
        await FillAsync(queue, "poison");
        for (int delivery = 0; delivery < 21; delivery++)
        {
            BasicGetResult message = await GetAsync(queue, autoAck: false);
            await Channel.BasicRejectAsync(message.DeliveryTag, requeue: true);
        }
        await Channel.ExchangeDeclarePassiveAsync("amq.direct");
        Assert.Empty(await DrainAsync(queue));
    }

    [BrokerFact]
    public async Task A_negative_delivery_limit_is_none()
    {
        Broker.SkipOnRabbitMqBefore("4.0", "a negative delivery limit was refused");
        string queue = await QuorumAsync(("x-delivery-limit", -1));
        await FillAsync(queue, "patient");
        for (int delivery = 0; delivery < 30; delivery++)
        {
            BasicGetResult message = await GetAsync(queue, autoAck: false);
            await Channel.BasicRejectAsync(message.DeliveryTag, requeue: true);
        }
        Assert.Equal("patient", Body(await GetAsync(queue)));
    }

    [BrokerFact]
    public async Task Failed_deliveries_are_counted_in_a_header()
    {
        string queue = await QuorumAsync(("x-delivery-limit", 10));
        await FillAsync(queue, "counted");
        for (int delivery = 0; delivery < 3; delivery++)
        {
            BasicGetResult message = await GetAsync(queue, autoAck: false);
            Assert.Equal(delivery, Count(message, "x-delivery-count"));
            await Channel.BasicRejectAsync(message.DeliveryTag, requeue: true);
        }
    }

    [BrokerFact]
    public async Task Nack_with_requeue_counts_as_acquired_and_not_as_failed()
    {
        Broker.SkipOnRabbitMqBefore("4.3", "every return counted as a failed delivery");
        string queue = await QuorumAsync(("x-delivery-limit", 1));
        await FillAsync(queue, "handed back");
        for (int delivery = 0; delivery < 5; delivery++)
        {
            BasicGetResult message = await GetAsync(queue, autoAck: false);
            Assert.Equal((delivery, 0), (Count(message, "x-acquired-count"), Count(message, "x-delivery-count")));
            await Channel.BasicNackAsync(message.DeliveryTag, multiple: false, requeue: true);
        }
        Assert.Equal("handed back", Body(await GetAsync(queue)));
    }

    [BrokerFact]
    public async Task A_lost_connection_counts_as_a_failed_delivery()
    {
        string queue = await QuorumAsync(("x-delivery-limit", 10));
        await FillAsync(queue, "dropped once");
        IConnection connection = await ConnectAsync();
        await using IChannel channel = await connection.CreateChannelAsync();
        await (await Inbox.OpenAsync(channel, queue)).NextAsync();
        await connection.CloseAsync();
        BasicGetResult again = await GetAsync(queue);
        Assert.Equal((true, 1L), (again.Redelivered, Count(again, "x-delivery-count")));
    }

    [BrokerFact]
    public async Task At_least_once_dead_lettering_delivers_and_tells_the_reason()
    {
        string exchange = await ExchangeAsync("direct", "dlx");
        string dead = await QueueAsync("dead");
        string queue = await QuorumAsync(
            ("x-dead-letter-exchange", exchange), ("x-dead-letter-routing-key", "dead"),
            ("x-dead-letter-strategy", "at-least-once"), ("x-overflow", "reject-publish"));
        await Channel.QueueBindAsync(dead, exchange, "dead");
        await FillAsync(queue, "kept");
        BasicGetResult message = await GetAsync(queue, autoAck: false);
        await Channel.BasicRejectAsync(message.DeliveryTag, requeue: false);
        BasicGetResult letter = await GetAsync(dead);
        Assert.Equal(("kept", "rejected"), (Body(letter), Death.Of(letter.BasicProperties).Single().Reason));
    }

    [BrokerFact]
    public async Task Higher_priorities_come_first_without_any_argument()
    {
        Broker.SkipOnRabbitMqBefore("4.3", "quorum queues had no strict priorities");
        string queue = await QuorumAsync();
        foreach (byte priority in (byte[])[1, 31, 4, 0, 200, 31])
            await PublishAsync("", queue, $"{priority}", properties => properties.Priority = priority);
        Assert.Equal(["31", "200", "31", "4", "1", "0"], await DrainAsync(queue));
    }

    [BrokerFact]
    public async Task Every_message_is_persistent_and_stays_in_order()
    {
        string queue = await QuorumAsync();
        await using IChannel channel = await ConfirmingChannelAsync();
        for (byte i = 0; i < 20; i++)
        {
            var properties = new BasicProperties { DeliveryMode = (DeliveryModes)(i % 2 + 1) };
            await channel.BasicPublishAsync("", queue, false, properties, new[] { i });
        }
        for (byte i = 0; i < 20; i++)
            Assert.Equal(i, (await GetAsync(queue)).Body.Span[0]);
    }

    private Task<string> QuorumAsync(params (string Key, object? Value)[] arguments) =>
        QueueAsync("quorum", [("x-queue-type", "quorum"), .. arguments]);

    private static long Count(BasicGetResult message, string header) =>
        message.BasicProperties.Headers?.TryGetValue(header, out object? count) is true ? Convert.ToInt64(count) : 0;
}
