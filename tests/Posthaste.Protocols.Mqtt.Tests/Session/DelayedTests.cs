using Posthaste.Protocols.Mqtt.Wire;

namespace Posthaste.Protocols.Mqtt.Tests.Session;

/// <summary>Publishes to <c>$delayed/SECONDS/TOPIC</c>.</summary>
public sealed class DelayedTests
{
    private readonly ManualTime _time = new();

    [Theory]
    [InlineData(MqttVersion.V311, QoS.AtMostOnce)]
    [InlineData(MqttVersion.V5, QoS.AtLeastOnce)]
    [InlineData(MqttVersion.V5, QoS.ExactlyOnce)]
    internal async Task They_come_under_their_own_topic_when_they_are_due(MqttVersion version, QoS qos)
    {
        await using var host = new BrokerHost(options => options.Time = _time);
        var subscriber = await host.OpenAsync("sub", version);
        await subscriber.SubscribeAsync("a/#", QoS.ExactlyOnce);
        var publisher = await host.OpenAsync("pub", version);
        Assert.Equal(ReasonCode.Success, await publisher.PublishAsync("$delayed/10/a/b.c", "later", qos));
        await publisher.PublishAsync("$delayed/0/a/b", "now", qos);
        Assert.Equal("now", (await subscriber.ReceiveAsync()).Text);
        await subscriber.ExpectSilenceAsync();

        _time.Advance(TimeSpan.FromSeconds(10));
        var message = await subscriber.ReceiveAsync();
        Assert.Equal(("a/b.c", "later", qos), (message.Topic, message.Text, message.QoS));
    }

    [Fact]
    public async Task They_are_retained_when_they_are_due()
    {
        await using var host = new BrokerHost(options => options.Time = _time);
        var publisher = await host.OpenAsync("pub");
        await publisher.PublishAsync("$delayed/10/state", "on", QoS.AtLeastOnce, retain: true);
        Assert.Equal(0, host.Host.Retained.Count);
        _time.Advance(TimeSpan.FromSeconds(10));
        await Eventually.TrueAsync(() => host.Host.Retained.Count == 1);
        var subscriber = await host.OpenAsync("sub");
        await subscriber.SubscribeAsync("state", QoS.AtLeastOnce);
        var message = await subscriber.ReceiveAsync();
        Assert.Equal(("state", "on", true), (message.Topic, message.Text, message.Retain));
    }

    [Theory]
    [InlineData("$delayed/x/a")]
    [InlineData("$delayed/-1/a")]
    [InlineData("$delayed/4294968/a")]
    [InlineData("$delayed/1/")]
    [InlineData("$delayed/1")]
    [InlineData("$delayed/1/$SYS/a")]
    [InlineData("$delayed/1/$delayed/1/a")]
    public async Task Names_that_are_not_of_this_kind_are_refused(string topic)
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        Assert.Equal(ReasonCode.TopicNameInvalid, await client.PublishAsync(topic, "x", QoS.AtLeastOnce));
    }

    [Fact]
    public async Task The_longest_delay_is_that_of_EMQX()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        Assert.Equal(ReasonCode.Success, await client.PublishAsync("$delayed/4294967/a", "x", QoS.AtLeastOnce));
    }
}
