using System.IO.Pipelines;
using Posthaste.Broker.Protocols;
using Posthaste.Broker.Security;
using Posthaste.Primitives.Tables;
using Posthaste.Protocols.Mqtt.Wire;
using Posthaste.Protocols.Mqtt.Wire.Properties;

namespace Posthaste.Protocols.Mqtt.Tests.Session;

/// <summary>Limits in both directions, and what a publish is told when it cannot be taken.</summary>
public sealed class FlowTests
{
    [Fact]
    public async Task A_client_is_sent_no_more_than_it_receives_at_a_time_3_3_4_9()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync("c", options: new ConnectOptions
        {
            Properties = [TestProperty.Of(PropertyId.ReceiveMaximum, 2)],
        });
        await client.SubscribeAsync("t", QoS.ExactlyOnce);
        await client.SubscribeAsync("zero");
        var publisher = await host.OpenAsync();
        for (var i = 0; i < 4; i++)
            await publisher.PublishAsync("t", $"{i}", QoS.ExactlyOnce);
        await publisher.PublishAsync("zero", "passes");
        var first = await client.ExpectAsync(PacketType.Publish);
        var second = await client.ExpectAsync(PacketType.Publish);
        Assert.Equal(("0", "1"), (first.Text, second.Text));
        Assert.Equal("passes", (await client.ExpectAsync(PacketType.Publish)).Text);
        await client.ExpectSilenceAsync();
        await client.AnswerAsync(PacketType.PubRec, second.PacketId);
        await client.ExpectAsync(PacketType.PubRel, second.PacketId);
        await client.ExpectSilenceAsync();
        await client.AnswerAsync(PacketType.PubComp, second.PacketId);
        Assert.Equal("2", (await client.ReceiveAsync()).Text);
        Assert.Equal("3", (await client.ReceiveAsync()).Text);
        await client.ExpectSilenceAsync();
    }

    [Fact]
    public async Task The_oldest_delivery_that_a_client_has_not_answered_is_known()
    {
        var time = new ManualTime();
        await using var host = new BrokerHost(options => options.ConnectionTime = time);
        var client = await host.OpenAsync("slow");
        await client.SubscribeAsync("t", QoS.AtLeastOnce);
        var publisher = await host.OpenAsync();
        await publisher.PublishAsync("t", "old", QoS.AtLeastOnce);
        var old = await client.ExpectAsync(PacketType.Publish);
        time.Advance(TimeSpan.FromSeconds(40));
        await publisher.PublishAsync("t", "young", QoS.AtLeastOnce);
        await client.ExpectAsync(PacketType.Publish);
        time.Advance(TimeSpan.FromSeconds(10));

        var queue = host.Broker.Queues.Single(static queue => queue.UnackedCount > 0);
        var oldest = host.Broker.LookAtPins().Of(queue).OldestUnacked!;
        Assert.InRange(oldest.AgeMs, 49_000, 50_000);
        Assert.Equal(("slow", null), (oldest.ConsumerTag, oldest.Channel));

        await client.AnswerAsync(PacketType.PubAck, old.PacketId);
        await Eventually.TrueAsync(() => queue.UnackedCount == 1);
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.InRange(host.Broker.LookAtPins().Of(queue).OldestUnacked!.AgeMs, 14_000, 15_000);
    }

    [Fact]
    public async Task More_publishes_under_way_than_allowed_end_the_connection_with_0x93_3_3_4_7()
    {
        await using var host = new BrokerHost(limits: new MqttLimits { ReceiveMax = 2 });
        var client = host.Connect();
        Assert.Equal(2u, (await client.OpenAsync("c")).Number(PropertyId.ReceiveMaximum));
        for (ushort id = 1; id <= 2; id++)
        {
            await client.SendPublishAsync("t", "x", QoS.ExactlyOnce, packetId: id);
            await client.ExpectAsync(PacketType.PubRec, id);
        }

        await client.SendPublishAsync("t", "x", QoS.ExactlyOnce, packetId: 2, duplicate: true);
        await client.ExpectAsync(PacketType.PubRec, 2);
        await client.SendPublishAsync("t", "x", QoS.ExactlyOnce, packetId: 3);
        await client.ExpectEndAsync(ReasonCode.ReceiveMaximumExceeded);
    }

    [Theory]
    [InlineData(QoS.AtMostOnce)]
    [InlineData(QoS.ExactlyOnce)]
    internal async Task What_is_too_large_for_a_client_is_dropped_as_if_sent_3_1_2_25(QoS qos)
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync("c", options: ConnectOptions.Kept() with
        {
            Properties =
            [
                TestProperty.Of(PropertyId.MaximumPacketSize, 60),
                TestProperty.Of(PropertyId.SessionExpiryInterval, 60),
            ],
        });
        await client.SubscribeAsync("t", qos);
        var publisher = await host.OpenAsync();
        await publisher.PublishAsync("t", new string('x', 60), qos);
        await publisher.PublishAsync("t", "small", qos);
        Assert.Equal("small", (await client.ReceiveAsync()).Text);
        await client.HangUpAsync();
        var again = await host.OpenAsync("c", options: ConnectOptions.Kept());
        await again.ExpectSilenceAsync();
    }

    [Fact]
    public async Task A_packet_that_is_too_large_for_the_broker_ends_the_connection_with_0x95()
    {
        await using var host = new BrokerHost(
            options => options.MessageBytesMax = 1000, new MqttLimits { PacketOverheadBytesMax = 500 });
        var client = host.Connect();
        Assert.Equal(1500u, (await client.OpenAsync("c")).Number(PropertyId.MaximumPacketSize));
        await client.PublishAsync("t", new string('x', 1000));
        await client.ExpectSilenceAsync();
        await client.SendPublishAsync("t", new string('x', 1001));
        await client.ExpectEndAsync(ReasonCode.PacketTooLarge);
        var other = await host.OpenAsync("d");
        await other.SendAsync([0x30, 0xFF, 0xFF, 0x7F]);
        await other.ExpectEndAsync(ReasonCode.PacketTooLarge);
    }

    [Fact]
    public async Task A_reason_is_left_out_where_it_would_be_too_large_3_14_2_3()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync("c", options: new ConnectOptions
        {
            Properties = [TestProperty.Of(PropertyId.MaximumPacketSize, 20)],
        });
        await client.SendConnectAsync("c");
        var end = await client.ExpectAsync(PacketType.Disconnect);
        Assert.Equal(ReasonCode.ProtocolError, end.Code);
        Assert.Empty(end.Properties);
    }

    [Fact]
    public async Task A_topic_alias_stands_for_its_topic_3_3_2_12()
    {
        await using var host = new BrokerHost(limits: new MqttLimits { TopicAliasMax = 3 });
        var subscriber = await host.OpenAsync();
        await subscriber.SubscribeAsync("#");
        var client = host.Connect();
        Assert.Equal(3u, (await client.OpenAsync("c")).Number(PropertyId.TopicAliasMaximum));
        var alias = TestProperty.Of(PropertyId.TopicAlias, 3);
        await client.PublishAsync("first", "1", properties: alias);
        await client.PublishAsync("", "2", properties: alias);
        await client.PublishAsync("second", "3", properties: alias);
        await client.PublishAsync("", "4", properties: [alias, TestProperty.User("k", "v")]);
        foreach (var expected in new[] { "first", "first", "second", "second" })
        {
            var message = await subscriber.ReceiveAsync();
            Assert.Equal(expected, message.Topic);
            Assert.Null(message.Number(PropertyId.TopicAlias));
        }
    }

    [Theory]
    [InlineData(2, ReasonCode.ProtocolError)]
    [InlineData(4, ReasonCode.TopicAliasInvalid)]
    [InlineData(0, ReasonCode.TopicAliasInvalid)]
    internal async Task An_alias_that_means_nothing_ends_the_connection_3_3_2_8_9(uint alias, ReasonCode code)
    {
        await using var host = new BrokerHost(limits: new MqttLimits { TopicAliasMax = 3 });
        var client = await host.OpenAsync("c");
        await client.SendPublishAsync("", "x", properties: TestProperty.Of(PropertyId.TopicAlias, alias));
        await client.ExpectEndAsync(code);
    }

    [Fact]
    public async Task A_payload_that_is_not_the_text_it_claims_to_be_is_refused_with_0x99()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync("c");
        await client.SendAsync(client.PublishBytes(
            "t", [0xFF], QoS.AtLeastOnce, packetId: 1,
            properties: TestProperty.Of(PropertyId.PayloadFormatIndicator, 1)));
        Assert.Equal(ReasonCode.PayloadFormatInvalid, (await client.ExpectAsync(PacketType.PubAck, 1)).Code);
    }

    [Fact]
    public async Task A_queue_that_refuses_tells_MQTT_5_with_0x97_and_closes_3_x_3_3_5_2()
    {
        await using var host = new BrokerHost();
        var pipe = new Pipe();
        using var owner = host.Broker.OpenConnection(
            new ProtocolConnection(new Duplex(pipe.Reader, pipe.Writer), null, null, _ => { }), "test",
            new BrokerUser("guest"), host.Host);
        FieldTable arguments = [new("x-max-length", 0L), new("x-overflow", "reject-publish")];
        host.Host.DeclareQueue("full", false, false, false, false, arguments, owner);
        host.Host.BindQueue("full", "amq.topic", "t", FieldTable.Empty, owner);
        foreach (var expiryS in new uint[] { 0, 60 })
        {
            var client = await host.OpenAsync("c", options: ConnectOptions.Kept(expiryS));
            Assert.Equal(ReasonCode.QuotaExceeded, await client.PublishAsync("t", "x", QoS.AtLeastOnce));
            for (var i = 0; i < 2; i++)
            {
                // The same identifier again is not taken for a repetition: the first was refused.
                await client.SendPublishAsync("t", "x", QoS.ExactlyOnce, packetId: 99);
                Assert.Equal(ReasonCode.QuotaExceeded, (await client.ExpectAsync(PacketType.PubRec, 99)).Code);
            }

            await client.CloseAsync();
        }

        var old = await host.OpenAsync("d", MqttVersion.V311);
        await old.SendPublishAsync("t", "x", QoS.AtLeastOnce, packetId: 1);
        await old.ExpectEndAsync(ReasonCode.QuotaExceeded);
    }

    [Fact]
    public async Task While_memory_is_short_publishes_are_refused_with_0x97()
    {
        var time = new ManualTime();
        await using var host = new BrokerHost(options =>
        {
            options.ConnectionTime = time;
            options.TransientBytesMax = 1;
        });
        var away = await host.OpenAsync("away", options: ConnectOptions.Kept());
        await away.SubscribeAsync("t", QoS.AtLeastOnce);
        await away.CloseAsync();
        var client = await host.OpenAsync("c");
        await client.PublishAsync("t", "x", QoS.AtLeastOnce);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(ReasonCode.QuotaExceeded, await client.PublishAsync("t", "x", QoS.AtLeastOnce));
        Assert.Equal(ReasonCode.QuotaExceeded, await client.PublishAsync("t", "x", QoS.ExactlyOnce));
        await client.ExpectSilenceAsync();
    }

    [Fact]
    public async Task A_subscriber_that_reads_too_slowly_loses_the_oldest_of_QoS_0()
    {
        await using var host = new BrokerHost(limits: new MqttLimits { SlowSubscriberMessagesMax = 10 });
        var slow = await host.OpenAsync("slow", outputBytesMax: 4096);
        await slow.SubscribeAsync("t");
        var publisher = await host.OpenAsync();
        const int Count = 2000;
        for (var i = 0; i < Count; i++)
            await publisher.SendPublishAsync("t", $"{i:D4}{new string('x', 200)}");
        await publisher.ExpectSilenceAsync();
        var got = new List<int>();
        while (got.Count == 0 || got[^1] != Count - 1)
            got.Add(int.Parse((await slow.ReceiveAsync()).Text[..4]));
        Assert.InRange(got.Count, 10, Count - 1);
        Assert.Equal(got.Order(), got);
    }

    [Fact]
    public async Task A_reply_topic_reaches_a_queue_of_the_default_exchange()
    {
        await using var host = new BrokerHost();
        var pipe = new Pipe();
        using var owner = host.Broker.OpenConnection(
            new ProtocolConnection(new Duplex(pipe.Reader, pipe.Writer), null, null, _ => { }), "test",
            new BrokerUser("guest"), host.Host);
        var queue = host.Host.DeclareQueue("answers", false, false, false, false, FieldTable.Empty, owner).Queue!;
        var client = await host.OpenAsync("c");
        Assert.Equal(ReasonCode.Success, await client.PublishAsync("$reply/answers", "x", QoS.AtLeastOnce));
        Assert.Equal(1, queue.MessageCount);
        Assert.Equal(
            ReasonCode.NoMatchingSubscribers, await client.PublishAsync("$reply/nobody", "x", QoS.AtLeastOnce));
    }

    [Fact]
    public async Task Answers_come_in_the_order_of_the_publishes_4_6_0_2()
    {
        await using var host = new BrokerHost();
        var subscriber = await host.OpenAsync("s", options: ConnectOptions.Kept());
        await subscriber.SubscribeAsync("somebody", QoS.AtLeastOnce);
        var client = await host.OpenAsync("c");
        for (ushort id = 1; id <= 500; id++)
            await client.SendPublishAsync(id % 3 == 0 ? "somebody" : "nobody", "x", QoS.AtLeastOnce, packetId: id);
        for (ushort id = 1; id <= 500; id++)
            await client.ExpectAsync(PacketType.PubAck, id);
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
