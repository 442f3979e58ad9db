using Posthaste.Protocols.Mqtt.Wire;
using Posthaste.Protocols.Mqtt.Wire.Properties;

namespace Posthaste.Protocols.Mqtt.Tests.Session;

/// <summary>Sessions that outlive their connections: sections 3.1.2.4, 3.1.2.11.2 and 4.1.</summary>
public sealed class SessionTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("posthaste-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData(MqttVersion.V311)]
    [InlineData(MqttVersion.V5)]
    internal async Task Messages_of_QoS_1_and_2_wait_for_a_session_that_is_away(MqttVersion version)
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync("c", version, ConnectOptions.Kept());
        await client.SubscribeAsync("t/#", QoS.ExactlyOnce);
        await client.CloseAsync();
        var publisher = await host.OpenAsync();
        await publisher.PublishAsync("t/0", "zero");
        await publisher.PublishAsync("t/1", "one", QoS.AtLeastOnce);
        await publisher.PublishAsync("t/2", "two", QoS.ExactlyOnce);
        var again = host.Connect(version);
        Assert.True((await again.OpenAsync("c", ConnectOptions.Kept())).SessionPresent);
        Assert.Equal("zero", (await again.ReceiveAsync()).Text);
        Assert.Equal("one", (await again.ReceiveAsync()).Text);
        Assert.Equal("two", (await again.ReceiveAsync()).Text);
        await again.ExpectSilenceAsync();
    }

    [Fact]
    public async Task What_was_not_acknowledged_comes_again_in_order_with_DUP_and_the_same_identifier_4_4_0_1()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync("c", options: ConnectOptions.Kept());
        await client.SubscribeAsync("t", QoS.AtLeastOnce);
        var publisher = await host.OpenAsync();
        for (var i = 0; i < 3; i++)
            await publisher.PublishAsync("t", $"{i}", QoS.AtLeastOnce);
        var first = await client.ExpectAsync(PacketType.Publish);
        Assert.False(first.Duplicate);
        await client.ExpectAsync(PacketType.Publish);
        var third = await client.ExpectAsync(PacketType.Publish);
        await client.AnswerAsync(PacketType.PubAck, third.PacketId);
        await client.ExpectSilenceAsync();
        await client.HangUpAsync();
        var again = await host.OpenAsync("c", options: ConnectOptions.Kept());
        var repeated = await again.ExpectAsync(PacketType.Publish);
        Assert.Equal((first.PacketId, "0", true), (repeated.PacketId, repeated.Text, repeated.Duplicate));
        Assert.Equal("1", (await again.ReceiveAsync()).Text);
        await again.ExpectSilenceAsync();
    }

    [Fact]
    public async Task What_has_expired_is_not_sent_and_what_is_left_of_the_time_is_said_3_3_2_5_and_6()
    {
        var time = new ManualTime();
        await using var host = new BrokerHost(options => options.Time = time);
        var client = await host.OpenAsync("c", options: ConnectOptions.Kept());
        await client.SubscribeAsync("t", QoS.AtLeastOnce);
        await client.CloseAsync();
        var publisher = await host.OpenAsync();
        foreach (var expiryS in new uint[] { 5, 100 })
        {
            await publisher.PublishAsync(
                "t", $"{expiryS}", QoS.AtLeastOnce,
                properties: TestProperty.Of(PropertyId.MessageExpiryInterval, expiryS));
        }

        time.Advance(TimeSpan.FromSeconds(10));
        var again = await host.OpenAsync("c", options: ConnectOptions.Kept());
        var message = await again.ReceiveAsync();
        Assert.Equal(("100", 90u), (message.Text, message.Number(PropertyId.MessageExpiryInterval)));
        await again.ExpectSilenceAsync();
    }

    [Fact]
    public async Task Clean_start_forgets_everything_3_1_2_4()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync("c", options: ConnectOptions.Kept());
        await client.SubscribeAsync("t", QoS.AtLeastOnce);
        await client.CloseAsync();
        var publisher = await host.OpenAsync();
        await publisher.PublishAsync("t", "x", QoS.AtLeastOnce);
        var clean = host.Connect();
        Assert.False((await clean.OpenAsync("c", ConnectOptions.Kept(cleanStart: true))).SessionPresent);
        await clean.ExpectSilenceAsync();
        Assert.Equal(ReasonCode.NoMatchingSubscribers, await publisher.PublishAsync("t", "x", QoS.AtLeastOnce));
    }

    [Fact]
    public async Task A_session_without_expiry_ends_with_its_connection_3_1_2_11()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync("c", options: new ConnectOptions { CleanStart = false });
        await client.SubscribeAsync("t", QoS.AtLeastOnce);
        await client.HangUpAsync();
        var again = host.Connect();
        Assert.False((await again.OpenAsync("c", ConnectOptions.Kept())).SessionPresent);
        Assert.DoesNotContain(host.Broker.Queues, queue => queue.Name.Contains("mqtt", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_session_ends_when_its_time_is_over()
    {
        var time = new ManualTime();
        await using var host = new BrokerHost(options => (options.Time, options.ConnectionTime) = (time, time));
        var client = await host.OpenAsync("c", options: ConnectOptions.Kept(expiryS: 60));
        await client.SubscribeAsync("t", QoS.AtLeastOnce);
        await client.CloseAsync();
        time.Advance(TimeSpan.FromSeconds(59));
        var again = host.Connect();
        Assert.True((await again.OpenAsync("c", ConnectOptions.Kept(expiryS: 60))).SessionPresent);
        await again.CloseAsync();
        time.Advance(TimeSpan.FromSeconds(61));
        await Eventually.TrueAsync(() => !host.Broker.Queues.Any());
        var late = host.Connect();
        Assert.False((await late.OpenAsync("c", ConnectOptions.Kept())).SessionPresent);
        Assert.Equal(1, host.Handler.Registry.Count);
    }

    [Fact]
    public async Task The_expiry_is_capped_and_the_client_told_3_2_2_3_2()
    {
        await using var host = new BrokerHost(limits: new MqttLimits { SessionExpirySecondsMax = 100 });
        var client = host.Connect();
        var ack = await client.OpenAsync("c", ConnectOptions.Kept(expiryS: uint.MaxValue));
        Assert.Equal(100u, ack.Number(PropertyId.SessionExpiryInterval));
        var other = host.Connect();
        Assert.Null((await other.OpenAsync("d", ConnectOptions.Kept(50))).Number(PropertyId.SessionExpiryInterval));
    }

    [Fact]
    public async Task DISCONNECT_may_change_the_expiry_but_not_from_zero_3_14_2_2_2()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync("c", options: ConnectOptions.Kept());
        await client.SubscribeAsync("t", QoS.AtLeastOnce);
        await client.CloseAsync(properties: TestProperty.Of(PropertyId.SessionExpiryInterval, 0));
        var again = host.Connect();
        Assert.False((await again.OpenAsync("c")).SessionPresent);
        await again.DisconnectAsync(properties: TestProperty.Of(PropertyId.SessionExpiryInterval, 10));
        await again.ExpectEndAsync(ReasonCode.ProtocolError);
    }

    [Fact]
    public async Task Another_connection_takes_the_session_over_3_1_4_3()
    {
        await using var host = new BrokerHost();
        var first = await host.OpenAsync("c", options: ConnectOptions.Kept());
        await first.SubscribeAsync("t", QoS.AtLeastOnce);
        var second = host.Connect();
        Assert.True((await second.OpenAsync("c", ConnectOptions.Kept())).SessionPresent);
        await first.ExpectEndAsync(ReasonCode.SessionTakenOver);
        await second.PublishAsync("t", "x", QoS.AtLeastOnce);
        Assert.Equal("x", (await second.ReceiveAsync()).Text);
    }

    [Fact]
    public async Task Of_many_that_want_a_session_one_gets_it()
    {
        await using var host = new BrokerHost();
        var clients = Enumerable.Range(0, 10).Select(_ => host.Connect()).ToArray();
        foreach (var client in clients)
            await client.SendConnectAsync("c", ConnectOptions.Kept());
        await Eventually.TrueAsync(() => clients.Count(client => !client.Served.IsCompleted) == 1);
        var last = clients.Single(client => !client.Served.IsCompleted);
        await last.ExpectAsync(PacketType.ConnAck);
        await last.ExpectSilenceAsync();
    }

    [Fact]
    public async Task A_session_survives_a_restart_with_subscriptions_and_messages()
    {
        await using (var host = Durable())
        {
            var client = await host.OpenAsync("c", options: ConnectOptions.Kept());
            await client.SubscribeAsync("t/1", QoS.AtLeastOnce, identifier: 3);
            await client.SubscribeAsync("t/0");
            await client.CloseAsync();
            var publisher = await host.OpenAsync();
            await publisher.PublishAsync("t/1", "before", QoS.AtLeastOnce);
        }

        await using (var host = Durable())
        {
            var client = host.Connect();
            Assert.True((await client.OpenAsync("c", ConnectOptions.Kept())).SessionPresent);
            var message = await client.ReceiveAsync();
            Assert.Equal(("before", 3u), (message.Text, message.Identifiers.Single()));
            await client.PublishAsync("t/0", "after");
            Assert.Equal("after", (await client.ReceiveAsync()).Text);
            await client.UnsubscribeAsync("t/1");
            await client.CloseAsync();
        }

        await using (var host = Durable())
        {
            var client = host.Connect();
            Assert.True((await client.OpenAsync("c", ConnectOptions.Kept())).SessionPresent);
            Assert.Equal(ReasonCode.NoMatchingSubscribers, await client.PublishAsync("t/1", "x", QoS.AtLeastOnce));
        }
    }

    [Fact]
    public async Task A_group_survives_a_restart_as_long_as_a_member_is_kept()
    {
        await using (var host = Durable())
        {
            var kept = await host.OpenAsync("kept", options: ConnectOptions.Kept());
            await kept.SubscribeAsync("$share/g/t", QoS.AtLeastOnce);
            await kept.CloseAsync();
            var passing = await host.OpenAsync("passing");
            await passing.SubscribeAsync("$share/h/t", QoS.AtLeastOnce);
            await passing.UnsubscribeAsync("$share/h/t");
            await passing.PublishAsync("t", "x", QoS.AtLeastOnce);
        }

        await using (var host = Durable())
        {
            Assert.Contains(host.Broker.Queues, queue => queue.Name == "mqtt-shared-g/t");
            var kept = await host.OpenAsync("kept", options: ConnectOptions.Kept());
            Assert.Equal("x", (await kept.ReceiveAsync()).Text);
            await kept.CloseAsync(properties: TestProperty.Of(PropertyId.SessionExpiryInterval, 0));
            Assert.Empty(host.Broker.Queues);
        }
    }

    [Fact]
    public async Task There_is_a_limit_to_the_sessions_that_are_kept()
    {
        await using var host = new BrokerHost(limits: new MqttLimits { SessionsMax = 1 });
        var first = await host.OpenAsync("a", options: ConnectOptions.Kept());
        var second = host.Connect();
        await second.SendConnectAsync("b", ConnectOptions.Kept());
        Assert.Equal(ReasonCode.QuotaExceeded, (await second.ExpectAsync(PacketType.ConnAck)).Code);
        await first.CloseAsync(properties: TestProperty.Of(PropertyId.SessionExpiryInterval, 0));
        await host.OpenAsync("b", options: ConnectOptions.Kept());
    }

    private BrokerHost Durable() => new(options => options.DataDirectory = _directory.FullName);
}
