using Posthaste.Protocols.Mqtt.Wire;
using Posthaste.Protocols.Mqtt.Wire.Properties;

namespace Posthaste.Protocols.Mqtt.Tests.Session;

/// <summary>SUBSCRIBE and UNSUBSCRIBE, and which messages match.</summary>
public sealed class SubscribeTests
{
    [Theory]
    [InlineData("sport/tennis/#", "sport/tennis", true)]
    [InlineData("sport/tennis/#", "sport/tennis/player1/ranking", true)]
    [InlineData("sport/tennis/+", "sport/tennis/player1/ranking", false)]
    [InlineData("sport/+", "sport", false)]
    [InlineData("sport/+", "sport/", true)]
    [InlineData("+/+", "/finance", true)]
    [InlineData("/+", "/finance", true)]
    [InlineData("+", "/finance", false)]
    [InlineData("#", "$SYS/x", false)]
    [InlineData("+/x", "$aws/x", false)]
    [InlineData("$aws/#", "$aws/x", true)]
    [InlineData("a/*", "a/b", false)]
    [InlineData("a/*", "a/*", true)]
    [InlineData("a.b/c", "a.b/c", true)]
    [InlineData("a/b/c", "a.b/c", false)]
    [InlineData("ACCOUNTS", "Accounts", false)]
    public async Task A_filter_matches_as_section_4_7_says(string filter, string topic, bool matches)
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        await client.SubscribeAsync(filter);
        await client.PublishAsync(topic, "x");
        if (matches)
            Assert.Equal(topic, (await client.ReceiveAsync()).Topic);
        await client.ExpectSilenceAsync();
    }

    [Theory]
    [InlineData("a/#/b")]
    [InlineData("a+")]
    [InlineData("a/b#")]
    [InlineData("$share/g")]
    [InlineData("$share/g+/t")]
    [InlineData("$share//t")]
    public async Task A_filter_that_is_none_is_refused_with_0x8F(string filter)
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        Assert.Equal([ReasonCode.TopicFilterInvalid], (await client.SubscribeForAckAsync(filter)).Codes);
        Assert.Equal([ReasonCode.TopicFilterInvalid], await client.UnsubscribeAsync(filter));
        var old = await host.OpenAsync(version: MqttVersion.V311);
        Assert.Equal([ReasonCode.UnspecifiedError], (await old.SubscribeForAckAsync(filter)).Codes);
    }

    [Fact]
    public async Task Overlapping_subscriptions_deliver_once_with_the_highest_QoS_and_all_identifiers_3_3_4_2_4()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        await client.SubscribeAsync("a/#", QoS.AtMostOnce, identifier: 1);
        await client.SubscribeAsync("a/+", QoS.ExactlyOnce, identifier: 2);
        await client.SubscribeAsync("a/b", QoS.AtLeastOnce, identifier: 300_000);
        await client.PublishAsync("other", "x");
        await client.SendPublishAsync("a/b", "x", QoS.AtMostOnce);
        var message = await client.ReceiveAsync();
        Assert.Equal(QoS.AtMostOnce, message.QoS);
        Assert.Equal([1u, 2u, 300_000u], message.Identifiers.Order());
        var publisher = await host.OpenAsync();
        await publisher.PublishAsync("a/b", "y", QoS.ExactlyOnce);
        message = await client.ReceiveAsync();
        Assert.Equal(QoS.ExactlyOnce, message.QoS);
        await client.ExpectSilenceAsync();
        await publisher.PublishAsync("a/b/c", "z", QoS.ExactlyOnce);
        message = await client.ReceiveAsync();
        Assert.Equal((QoS.AtMostOnce, 1u), (message.QoS, message.Identifiers.Single()));
        await client.ExpectSilenceAsync();
    }

    [Fact]
    public async Task A_subscription_with_the_same_filter_replaces_the_other_3_8_4_3()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        var publisher = await host.OpenAsync();
        foreach (var qos in new[] { QoS.AtMostOnce, QoS.ExactlyOnce, QoS.AtMostOnce, QoS.AtLeastOnce })
        {
            await client.SubscribeAsync("t", qos, identifier: (uint)qos + 10);
            await publisher.PublishAsync("t", "x", QoS.ExactlyOnce);
            var message = await client.ReceiveAsync();
            Assert.Equal((qos, (uint)qos + 10), (message.QoS, message.Identifiers.Single()));
            await client.ExpectSilenceAsync();
        }

        Assert.Equal([ReasonCode.Success], await client.UnsubscribeAsync("t"));
        Assert.Equal([ReasonCode.NoSubscriptionExisted], await client.UnsubscribeAsync("t"));
        await publisher.PublishAsync("t", "x", QoS.ExactlyOnce);
        await client.ExpectSilenceAsync();
    }

    [Fact]
    public async Task No_local_keeps_a_clients_own_messages_from_it_3_8_3_3()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        await client.SubscribeAsync("t", QoS.AtLeastOnce, noLocal: true);
        await client.PublishAsync("t", "own", QoS.AtLeastOnce);
        var other = await host.OpenAsync();
        await other.PublishAsync("t", "other's", QoS.AtLeastOnce);
        Assert.Equal("other's", (await client.ReceiveAsync()).Text);
        await client.SubscribeAsync("#", QoS.AtLeastOnce, identifier: 5);
        await client.PublishAsync("t", "own", QoS.AtMostOnce);
        var own = await client.ReceiveAsync();
        Assert.Equal([5u], own.Identifiers);
    }

    [Fact]
    public async Task Each_filter_of_a_packet_has_its_own_answer_3_9_3_1()
    {
        await using var host = new BrokerHost(limits: new MqttLimits { SubscriptionsMax = 2 });
        var client = await host.OpenAsync();
        await client.SubscribeAsync("a");
        await client.SubscribeAsync("b");
        Assert.Equal([ReasonCode.QuotaExceeded], (await client.SubscribeForAckAsync("c")).Codes);
        await client.SubscribeAsync("a", QoS.AtLeastOnce);
    }

    [Fact]
    public async Task A_filter_of_many_levels_is_refused_and_a_long_one_works()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync(blockBytes: 65_536);
        var deep = string.Join('/', Enumerable.Repeat("a", 300));
        Assert.Equal([ReasonCode.QuotaExceeded], (await client.SubscribeForAckAsync(deep)).Codes);
        var topic = new string('x', 10_000) + "/y";
        await client.SubscribeAsync(topic, QoS.AtLeastOnce);
        await client.PublishAsync(topic, "found", QoS.AtLeastOnce);
        Assert.Equal(topic, (await client.ReceiveAsync()).Topic);
    }

    [Fact]
    public async Task The_longest_topic_name_reaches_a_wildcard()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync(blockBytes: 65_536, outputBytesMax: 1 << 20);
        await client.SubscribeAsync("#", QoS.AtLeastOnce);
        var topic = new string('x', 65_535);
        await client.PublishAsync(topic, "found", QoS.AtLeastOnce);
        Assert.Equal(topic, (await client.ReceiveAsync()).Topic);
    }

    [Fact]
    public async Task Members_of_a_group_share_the_messages_and_take_over_what_a_lost_one_held_4_8_2()
    {
        await using var host = new BrokerHost();
        var first = await host.OpenAsync();
        var ack = await first.SubscribeForAckAsync("$share/g/t/#", QoS.ExactlyOnce);
        Assert.Equal([ReasonCode.GrantedQoS1], ack.Codes);
        var second = await host.OpenAsync();
        await second.SubscribeAsync("$share/g/t/#", QoS.AtLeastOnce, identifier: 4);
        var publisher = await host.OpenAsync();
        for (var i = 0; i < 4; i++)
            await publisher.PublishAsync("t/x", $"{i}", QoS.ExactlyOnce);
        var held = await first.ExpectAsync(PacketType.Publish);
        var alsoHeld = await first.ExpectAsync(PacketType.Publish);
        var mine = await second.ReceiveAsync();
        Assert.Equal([4u], mine.Identifiers);
        var alsoMine = await second.ReceiveAsync();
        await first.HangUpAsync();
        string[] again = [(await second.ReceiveAsync()).Text, (await second.ReceiveAsync()).Text];
        Assert.Equal([held.Text, alsoHeld.Text], again);
        string[] all = [mine.Text, alsoMine.Text, .. again];
        Assert.Equal(["0", "1", "2", "3"], all.Order());
        await second.UnsubscribeAsync("$share/g/t/#");
        Assert.Equal(ReasonCode.NoMatchingSubscribers, await publisher.PublishAsync("t/x", "x", QoS.AtLeastOnce));
    }

    [Fact]
    public async Task No_local_on_a_shared_subscription_is_a_protocol_error_3_8_3_4()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        await client.SendSubscribeAsync("$share/g/t", noLocal: true);
        await client.ExpectEndAsync(ReasonCode.ProtocolError);
    }

    [Fact]
    public async Task Topics_the_broker_sets_aliases_for_are_sent_once_3_3_2_3_4()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync(options: new ConnectOptions
        {
            Properties = [TestProperty.Of(PropertyId.TopicAliasMaximum, 3)],
        });
        await client.SubscribeAsync("#");
        string[] topics = ["a", "b", "c", "d", "a", "b", "c", "d", "c", "d"];
        var got = new List<(string, uint?)>();
        foreach (var topic in topics)
        {
            await client.PublishAsync(topic, "x");
            var message = await client.ReceiveAsync();
            got.Add((message.Topic, message.Number(PropertyId.TopicAlias)));
        }

        // Two at first sight, the third for a topic that comes again, none for the next.
        Assert.Equal(
            [
                ("a", 1u), ("b", 2u), ("c", null), ("d", null), ("", 1u), ("", 2u), ("c", 3u), ("d", null), ("", 3u),
                ("d", null),
            ],
            got);
    }

    [Fact]
    public async Task A_client_that_takes_no_aliases_gets_none_3_1_2_26()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        await client.SubscribeAsync("#");
        for (var i = 0; i < 3; i++)
        {
            await client.PublishAsync("a", "x");
            Assert.Null((await client.ReceiveAsync()).Number(PropertyId.TopicAlias));
        }
    }
}
