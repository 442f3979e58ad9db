using Posthaste.Interop.Tests.Infrastructure;
using Posthaste.Interop.Tests.RabbitMqClient;
using RabbitMQ.Client;

namespace Posthaste.Interop.Tests.AnyToAny;

/// <summary>What becomes of messages that MQTT and STOMP published and that die in a queue.</summary>
public sealed class DeadLetterTests(BrokerFixture broker) : BrokerTest(broker)
{
    private readonly string _key = $"dying.{Guid.NewGuid():N}";

    [BrokerTheory]
    [InlineData("mqtt")]
    [InlineData("stomp")]
    public async Task An_expired_message_keeps_its_properties_and_tells_of_its_death(string protocol)
    {
        string dead = await QueueAsync("dead");
        string queue = await QueueAsync(
            "dying", ("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", dead), ("x-message-ttl", 1));
        await Channel.QueueBindAsync(queue, "amq.topic", _key);
        await using ScriptPeer publisher = protocol == "mqtt"
            ? await ScriptPeer.MqttAsync(Broker)
            : await ScriptPeer.StompAsync(Broker);
        await publisher.PublishAsync(new AnyMessage
        {
            Key = _key,
            Body = "x"u8.ToArray(),
            Persistent = true,
            ContentType = "text/plain",
            ExpirationMs = 600_000,
            Headers = [["tenant", "blue"]],
        });
        BasicGetResult message = await GetAsync(dead);
        Assert.Equal(("x", "text/plain"), (Body(message), message.BasicProperties.ContentType));
        Assert.Null(message.BasicProperties.Expiration);
        Assert.Equal("blue", Death.Text(message.BasicProperties, "tenant"));
        Death death = Assert.Single(Death.Of(message.BasicProperties));
        Assert.Equal((queue, "expired", "amq.topic"), (death.Queue, death.Reason, death.Exchange));
        Assert.Equal([_key], death.RoutingKeys);
        Assert.Equal("600000", death.OriginalExpiration);
    }

    [BrokerFact]
    public async Task Repeated_user_properties_are_an_array_for_AMQP_and_repeated_for_MQTT()
    {
        await using var amqp = await AmqpPeer.StartAsync(Broker);
        await using ScriptPeer mqtt = await ScriptPeer.MqttAsync(Broker);
        await using ScriptPeer publisher = await ScriptPeer.MqttAsync(Broker);
        await amqp.SubscribeAsync(_key);
        await mqtt.SubscribeAsync(_key);
        string[][] headers = [["a", "1"], ["b", "2"], ["a", "3"]];
        await publisher.PublishAsync(new AnyMessage { Key = _key, Headers = headers });
        Assert.Equal(headers, (await mqtt.ReceiveAsync()).Headers);
        Assert.Equal([["a", "1"], ["a", "3"], ["b", "2"]], (await amqp.ReceiveAsync()).Headers);
    }
}
