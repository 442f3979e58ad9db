using Posthaste.Interop.Tests.Infrastructure;

namespace Posthaste.Interop.Tests.RabbitMqClient;

/// <summary>The exchange type `x-delayed-message`, as clients of RabbitMQ's plugin use it.</summary>
public sealed class DelayedExchangeTests(BrokerFixture broker) : BrokerTest(broker)
{
    [BrokerFact]
    public async Task Messages_come_in_the_order_of_their_delays_with_the_header_negated()
    {
        Broker.SkipOnRabbitMq("the type comes with a plugin");
        string exchange = await ExchangeAsync("x-delayed-message", "delayed", ("x-delayed-type", "direct"));
        string queue = await QueueAsync();
        await Channel.QueueBindAsync(queue, exchange, "key");
        // Far enough apart for a machine that stands still for seconds in between.
        await PublishAsync(exchange, "key", "last", properties => properties.Headers = Delay(9_000));
        await PublishAsync(exchange, "key", "second", properties => properties.Headers = Delay(4_500));
        await PublishAsync(exchange, "key", "first", properties => properties.Headers = Delay(0));
        await WaitForCountAsync(queue, 3);
        var bodies = new List<string>();
        var delays = new List<object?>();
        while (await Channel.BasicGetAsync(queue, autoAck: true) is { } message)
        {
            bodies.Add(System.Text.Encoding.UTF8.GetString(message.Body.Span));
            delays.Add(message.BasicProperties.Headers!["x-delay"]);
        }

        Assert.Equal(["first", "second", "last"], bodies);
        Assert.Equal([0, -4_500, -9_000], delays);
    }

    private static Dictionary<string, object?> Delay(int delayMs) => new() { ["x-delay"] = delayMs };
}
