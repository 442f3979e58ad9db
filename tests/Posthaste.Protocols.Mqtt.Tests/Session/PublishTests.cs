using Posthaste.Protocols.Mqtt.Wire;
using Posthaste.Protocols.Mqtt.Wire.Properties;

namespace Posthaste.Protocols.Mqtt.Tests.Session;

/// <summary>Messages from one client to another.</summary>
public sealed class PublishTests
{
    [Theory]
    [InlineData(MqttVersion.V31)]
    [InlineData(MqttVersion.V311)]
    [InlineData(MqttVersion.V5)]
    internal async Task A_message_reaches_a_subscriber_of_the_same_version_with_each_QoS(MqttVersion version)
    {
        await using var host = new BrokerHost();
        var subscriber = await host.OpenAsync("sub", version);
        await subscriber.SubscribeAsync("a/+/c", QoS.ExactlyOnce);
        var publisher = await host.OpenAsync("pub", version);
        foreach (var qos in Enum.GetValues<QoS>())
        {
            Assert.Equal(ReasonCode.Success, await publisher.PublishAsync("a/b.x/c", $"with {qos}", qos));
            var message = await subscriber.ReceiveAsync();
            Assert.Equal(("a/b.x/c", $"with {qos}", qos), (message.Topic, message.Text, message.QoS));
        }
    }

    [Fact]
    public async Task A_delivery_has_the_lower_QoS_of_publish_and_subscription_3_8_4_8()
    {
        await using var host = new BrokerHost();
        foreach (var granted in Enum.GetValues<QoS>())
        {
            var subscriber = await host.OpenAsync();
            await subscriber.SubscribeAsync($"t/{granted}", granted);
            var publisher = await host.OpenAsync();
            foreach (var qos in Enum.GetValues<QoS>())
            {
                await publisher.PublishAsync($"t/{granted}", "x", qos);
                var message = await subscriber.ReceiveAsync();
                Assert.Equal((QoS)Math.Min((int)granted, (int)qos), message.QoS);
            }
        }
    }

    [Fact]
    public async Task Without_a_subscriber_QoS_1_and_2_are_answered_with_0x10()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        Assert.Equal(ReasonCode.NoMatchingSubscribers, await client.PublishAsync("nobody", "x", QoS.AtLeastOnce));
        Assert.Equal(ReasonCode.NoMatchingSubscribers, await client.PublishAsync("nobody", "x", QoS.ExactlyOnce));
    }

    [Fact]
    public async Task Properties_pass_unaltered_and_user_properties_in_order_3_3_2_17()
    {
        await using var host = new BrokerHost();
        var subscriber = await host.OpenAsync();
        await subscriber.SubscribeAsync("#", QoS.AtLeastOnce, identifier: 7);
        var publisher = await host.OpenAsync();
        TestProperty[] properties =
        [
            TestProperty.Of(PropertyId.PayloadFormatIndicator, 1),
            TestProperty.Of(PropertyId.ContentType, "text/plain"),
            TestProperty.User("b", "1"),
            TestProperty.User("a", "2"),
            TestProperty.User("b", "3"),
            TestProperty.Of(PropertyId.ResponseTopic, "answers/here"),
            TestProperty.Of(PropertyId.CorrelationData, "\u0001id"),
            TestProperty.Of(PropertyId.MessageExpiryInterval, 100),
        ];
        await publisher.PublishAsync("x", "body", QoS.AtLeastOnce, retain: false, properties);
        var message = await subscriber.ReceiveAsync();
        var users = message.Properties.Where(property => property.Id == PropertyId.UserProperty);
        Assert.Equal(["1", "2", "3"], users.Select(property => property.Text));
        Assert.Equal("text/plain", message.TextOf(PropertyId.ContentType));
        Assert.Equal("answers/here", message.TextOf(PropertyId.ResponseTopic));
        Assert.Equal("\u0001id", message.TextOf(PropertyId.CorrelationData));
        Assert.Equal(1u, message.Number(PropertyId.PayloadFormatIndicator));
        Assert.Equal(100u, message.Number(PropertyId.MessageExpiryInterval));
        Assert.Equal([7u], message.Identifiers);
    }

    [Fact]
    public async Task Packets_that_cross_blocks_of_the_transport_are_put_together()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync(blockBytes: 64);
        await client.SubscribeAsync("big");
        var payload = new string('x', 100_000);
        await client.PublishAsync("big", payload);
        Assert.Equal(payload, (await client.ReceiveAsync()).Text);
    }
}
