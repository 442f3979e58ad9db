using Posthaste.Protocols.Mqtt.Wire;
using Posthaste.Protocols.Mqtt.Wire.Packets;
using Posthaste.Protocols.Mqtt.Wire.Properties;

namespace Posthaste.Protocols.Mqtt.Tests.Session;

/// <summary>Retained messages: section 3.3.1.3, and 3.8.3.1 for what a subscription asks of them.</summary>
public sealed class RetainedTests
{
    [Theory]
    [InlineData(MqttVersion.V311)]
    [InlineData(MqttVersion.V5)]
    internal async Task A_new_subscription_gets_what_is_retained_with_the_lower_QoS_3_3_1_6(MqttVersion version)
    {
        await using var host = new BrokerHost();
        var publisher = await host.OpenAsync("pub", version);
        await publisher.PublishAsync("r/0", "zero", QoS.AtMostOnce, retain: true);
        await publisher.PublishAsync("r/1", "one", QoS.AtLeastOnce, retain: true);
        await publisher.PublishAsync("r/2", "two", QoS.ExactlyOnce, retain: true);
        var subscriber = await host.OpenAsync("sub", version);
        await subscriber.SubscribeAsync("r/+", QoS.AtLeastOnce);
        var got = new List<(string, string, QoS, bool)>();
        for (var i = 0; i < 3; i++)
        {
            var message = await subscriber.ReceiveAsync();
            got.Add((message.Topic, message.Text, message.QoS, message.Retain));
        }

        Assert.Equal(
            [
                ("r/0", "zero", QoS.AtMostOnce, true),
                ("r/1", "one", QoS.AtLeastOnce, true),
                ("r/2", "two", QoS.AtLeastOnce, true),
            ],
            got.Order());
    }

    [Fact]
    public async Task The_last_one_counts_and_an_empty_one_clears_3_3_1_5_6_7()
    {
        await using var host = new BrokerHost();
        var publisher = await host.OpenAsync();
        await publisher.PublishAsync("t", "old", QoS.AtLeastOnce, retain: true);
        await publisher.PublishAsync("t", "new", QoS.AtLeastOnce, retain: true);
        await publisher.PublishAsync("t", "not retained", QoS.AtLeastOnce);
        var first = await host.OpenAsync();
        await first.SubscribeAsync("t");
        Assert.Equal("new", (await first.ReceiveAsync()).Text);
        await publisher.PublishAsync("t", "", QoS.AtLeastOnce, retain: true);
        Assert.Equal("", (await first.ReceiveAsync()).Text);
        var second = await host.OpenAsync();
        await second.SubscribeAsync("t");
        await second.ExpectSilenceAfterFenceAsync(publisher);
    }

    [Fact]
    public async Task Retain_handling_decides_who_gets_them_3_3_1_9_10_11()
    {
        await using var host = new BrokerHost();
        var publisher = await host.OpenAsync();
        await publisher.PublishAsync("t", "x", QoS.AtLeastOnce, retain: true);
        var client = await host.OpenAsync();
        await client.SubscribeAsync("t", retained: RetainHandling.DoNotSend);
        await client.SubscribeAsync("t", retained: RetainHandling.SendIfNew);
        await client.ExpectSilenceAfterFenceAsync(publisher);
        await client.SubscribeAsync("t", retained: RetainHandling.Send);
        Assert.True((await client.ReceiveAsync()).Retain);
        await client.UnsubscribeAsync("t");
        await client.SubscribeAsync("t", retained: RetainHandling.SendIfNew);
        Assert.True((await client.ReceiveAsync()).Retain);
    }

    [Fact]
    public async Task The_RETAIN_flag_is_kept_only_for_those_who_ask_for_it_3_3_1_12_13()
    {
        await using var host = new BrokerHost();
        var publisher = await host.OpenAsync();
        var plain = await host.OpenAsync();
        await plain.SubscribeAsync("t");
        var asPublished = await host.OpenAsync();
        await asPublished.SubscribeAsync("t", retainAsPublished: true);
        await publisher.PublishAsync("t", "x", retain: true);
        Assert.False((await plain.ReceiveAsync()).Retain);
        Assert.True((await asPublished.ReceiveAsync()).Retain);
    }

    [Fact]
    public async Task Properties_and_the_subscription_identifier_come_with_them_and_what_is_left_of_the_expiry()
    {
        var time = new ManualTime();
        await using var host = new BrokerHost(options => options.Time = time);
        var publisher = await host.OpenAsync();
        await publisher.PublishAsync(
            "t", "x", QoS.AtLeastOnce, retain: true, TestProperty.User("k", "v"),
            TestProperty.Of(PropertyId.MessageExpiryInterval, 100));
        time.Advance(TimeSpan.FromSeconds(40));
        var client = await host.OpenAsync();
        await client.SubscribeAsync("#", QoS.AtLeastOnce, identifier: 9);
        var message = await client.ReceiveAsync();
        Assert.Equal("v", message.TextOf(PropertyId.UserProperty));
        Assert.Equal(60u, message.Number(PropertyId.MessageExpiryInterval));
        Assert.Equal([9u], message.Identifiers);
        time.Advance(TimeSpan.FromSeconds(61));
        var late = await host.OpenAsync();
        await late.SubscribeAsync("t");
        await late.ExpectSilenceAfterFenceAsync(publisher);
    }

    [Fact]
    public async Task A_shared_subscription_gets_none_4_8_2()
    {
        await using var host = new BrokerHost();
        var publisher = await host.OpenAsync();
        await publisher.PublishAsync("t", "x", QoS.AtLeastOnce, retain: true);
        var client = await host.OpenAsync();
        await client.SubscribeAsync("$share/g/t");
        await client.ExpectSilenceAfterFenceAsync(publisher);
    }

    [Theory]
    [InlineData(QoS.AtMostOnce)]
    [InlineData(QoS.AtLeastOnce)]
    internal async Task Thousands_reach_a_client_that_reads_slowly_without_one_being_lost(QoS qos)
    {
        const int Count = 3000;
        await using var host = new BrokerHost();
        var publisher = await host.OpenAsync();
        for (var i = 0; i < Count; i++)
            await publisher.SendPublishAsync($"many/{i}", new string('x', 200), qos, retain: true);
        for (var i = 0; qos != QoS.AtMostOnce && i < Count; i++)
            await publisher.ExpectAsync(PacketType.PubAck);
        await publisher.ExpectSilenceAsync();
        var client = await host.OpenAsync(outputBytesMax: 4096);
        await client.SubscribeAsync("many/#", qos);
        var topics = new HashSet<string>();
        for (var i = 0; i < Count; i++)
            Assert.True(topics.Add((await client.ReceiveAsync()).Topic));
        await client.ExpectSilenceAsync();
    }

    [Fact]
    public async Task The_brokers_own_numbers_are_there_for_those_who_ask()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        await client.SubscribeAsync("$SYS/broker/version");
        var message = await client.ReceiveAsync();
        Assert.StartsWith("Posthaste ", message.Text, StringComparison.Ordinal);
        Assert.True(message.Retain);
        Assert.Equal(
            ReasonCode.NotAuthorized, await client.PublishAsync("$SYS/broker/version", "x", QoS.AtLeastOnce));
    }
}
