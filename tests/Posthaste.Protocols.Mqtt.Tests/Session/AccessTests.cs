using Posthaste.Broker.Security.Access;
using Posthaste.Protocols.Mqtt.Wire;

namespace Posthaste.Protocols.Mqtt.Tests.Session;

/// <summary>What a user may not do is answered in the protocol's words, changes nothing, and is recorded.</summary>
public sealed class AccessTests
{
    private const string Refused = "refused for want of permission";

    [Theory]
    [InlineData(QoS.AtLeastOnce)]
    [InlineData(QoS.ExactlyOnce)]
    internal async Task A_publish_is_answered_with_0x87(QoS qos)
    {
        await using var host = Limited(out var audit, ".*", "^mqtt-", ".*");
        var witness = await host.OpenAsync("w");
        await witness.SubscribeAsync("#");
        var client = await host.OpenAsync("c");
        Assert.Equal(ReasonCode.NotAuthorized, await client.PublishAsync("a/b", Refused, qos));
        await witness.ExpectSilenceAsync();
        AssertRecorded(audit, "write access to exchange 'amq.topic' in vhost '/'");
    }

    [Theory]
    [InlineData(QoS.AtMostOnce)]
    [InlineData(QoS.AtLeastOnce)]
    [InlineData(QoS.ExactlyOnce)]
    internal async Task To_a_client_of_3_1_1_a_publish_is_answered_as_any_other_and_dropped(QoS qos)
    {
        await using var host = Limited(out var audit, ".*", "^mqtt-", ".*");
        var witness = await host.OpenAsync("w");
        await witness.SubscribeAsync("#");
        var client = await host.OpenAsync("c", MqttVersion.V311);
        await client.PublishAsync("a/b", Refused, qos);
        await client.ExpectSilenceAsync();
        await witness.ExpectSilenceAsync();
        AssertRecorded(audit, "write access to exchange 'amq.topic' in vhost '/'");
    }

    [Fact]
    public async Task A_publish_without_an_answer_is_dropped_and_recorded()
    {
        await using var host = Limited(out var audit, ".*", "^mqtt-", ".*");
        var witness = await host.OpenAsync("w");
        await witness.SubscribeAsync("#");
        var client = await host.OpenAsync("c");
        await client.PublishAsync("a/b", Refused, QoS.AtMostOnce);
        await client.ExpectSilenceAsync();
        await witness.ExpectSilenceAsync();
        AssertRecorded(audit, "write access to exchange 'amq.topic' in vhost '/'");
    }

    [Theory]
    [InlineData(MqttVersion.V5, QoS.AtMostOnce)]
    [InlineData(MqttVersion.V5, QoS.ExactlyOnce)]
    [InlineData(MqttVersion.V311, QoS.AtMostOnce)]
    [InlineData(MqttVersion.V311, QoS.AtLeastOnce)]
    internal async Task Where_settings_say_so_a_publish_that_is_not_allowed_ends_the_connection(
        MqttVersion version, QoS qos)
    {
        await using var host = Limited(out _, ".*", "^nothing$", ".*", new MqttLimits { DisconnectsDenied = true });
        var client = await host.OpenAsync("c", version);
        await client.SendPublishAsync("a/b", Refused, qos);
        await client.ExpectEndAsync(ReasonCode.NotAuthorized);
    }

    [Theory]
    [InlineData(MqttVersion.V5)]
    [InlineData(MqttVersion.V311)]
    internal async Task Where_settings_say_so_a_subscription_that_is_not_allowed_ends_the_connection(
        MqttVersion version)
    {
        await using var host = Limited(out _, ".*", ".*", "^nothing$", new MqttLimits { DisconnectsDenied = true });
        var client = await host.OpenAsync("c", version);
        await client.SendSubscribeAsync("a/b");
        await client.ExpectEndAsync(ReasonCode.NotAuthorized);
    }

    [Theory]
    [InlineData("^nothing$", ".*", ".*", "configure access to queue 'mqtt-subscription-cqos0' in vhost '/'")]
    [InlineData(".*", "^nothing$", ".*", "write access to queue 'mqtt-subscription-cqos0' in vhost '/'")]
    [InlineData(".*", ".*", "^mqtt-", "read access to exchange 'amq.topic' in vhost '/'")]
    [InlineData(".*", ".*", "^amq.topic$", "read access to queue 'mqtt-subscription-cqos0' in vhost '/'")]
    public async Task A_subscription_needs_what_its_queue_does(
        string configure, string write, string read, string recorded)
    {
        await using var host = Limited(out var audit, configure, write, read);
        var client = await host.OpenAsync("c");
        Assert.Equal([ReasonCode.NotAuthorized], (await client.SubscribeForAckAsync("a/b")).Codes);
        AssertRecorded(audit, recorded);
    }

    /// <summary>As in RabbitMQ, where dots in topics stay dots; but no client is taken for another.</summary>
    [Fact]
    public async Task Topic_permissions_know_a_client_with_a_dot_in_its_name()
    {
        await using var host = Limited(out _, ".*", ".*", ".*");
        Assert.Null(host.Broker.Users.SetTopicPermission(
            "guest", "/", "amq.topic",
            new TopicPermission(@"^clients\.{client_id}\.", @"^clients\.{client_id}\.")));
        var client = await host.OpenAsync("plant-1.press");
        Assert.Equal([ReasonCode.Success], (await client.SubscribeForAckAsync("clients/plant-1.press/#")).Codes);
        Assert.Equal(
            ReasonCode.Success, await client.PublishAsync("clients/plant-1.press/x", "mine", QoS.AtLeastOnce));
        Assert.Equal(
            ReasonCode.NotAuthorized, await client.PublishAsync("clients/plant-1/press/x", Refused, QoS.AtLeastOnce));
        var other = await host.OpenAsync("plant-1/press");
        Assert.Equal(
            ReasonCode.NotAuthorized, await other.PublishAsync("clients/plant-1.press/x", Refused, QoS.AtLeastOnce));
        Assert.Equal(
            ReasonCode.NotAuthorized, await other.PublishAsync("clients/plant-1/press/x", Refused, QoS.AtLeastOnce));
    }

    [Fact]
    public async Task Topic_permissions_hold_for_topics_and_know_the_client()
    {
        await using var host = Limited(out var audit, ".*", ".*", ".*");
        Assert.Null(host.Broker.Users.SetTopicPermission(
            "guest", "/", "amq.topic", new TopicPermission(@"^{client_id}\.", @"^public\.|^{client_id}\.")));
        var client = await host.OpenAsync("c1");
        Assert.Equal([ReasonCode.Success], (await client.SubscribeForAckAsync("c1/x")).Codes);
        Assert.Equal([ReasonCode.Success], (await client.SubscribeForAckAsync("public/#")).Codes);
        Assert.Equal([ReasonCode.NotAuthorized], (await client.SubscribeForAckAsync("#")).Codes);
        Assert.Equal([ReasonCode.NotAuthorized], (await client.SubscribeForAckAsync("+/x")).Codes);
        Assert.Equal(ReasonCode.Success, await client.PublishAsync("c1/x", "mine", QoS.AtLeastOnce));
        Assert.Equal(ReasonCode.NotAuthorized, await client.PublishAsync("c2/x", Refused, QoS.AtLeastOnce));
        Assert.Equal(ReasonCode.NotAuthorized, await client.PublishAsync("public/x", Refused, QoS.AtLeastOnce));
        AssertRecorded(audit, "write access to topic 'public.x' in exchange 'amq.topic' in vhost '/'");
        AssertRecorded(audit, "read access to topic '#' in exchange 'amq.topic' in vhost '/'");
    }

    [Theory]
    [InlineData(MqttVersion.V311)]
    [InlineData(MqttVersion.V5)]
    internal async Task A_will_that_may_not_be_published_is_refused_with_CONNECT(MqttVersion version)
    {
        await using var host = Limited(out var audit, ".*", "^mqtt-", ".*");
        var client = host.Connect(version);
        await client.SendConnectAsync("c", new ConnectOptions { WillTopic = "w", WillPayload = Refused });
        Assert.Equal(ReasonCode.NotAuthorized, (await client.ExpectAsync(PacketType.ConnAck)).Code);
        AssertRecorded(audit, "write access to exchange 'amq.topic' in vhost '/'");
    }

    [Fact]
    public async Task A_user_that_has_lost_the_permission_has_no_last_word()
    {
        await using var host = Limited(out _, ".*", ".*", ".*");
        var witness = await host.OpenAsync("w");
        await witness.SubscribeAsync("#");
        var kept = host.Connect();
        await kept.OpenAsync("kept", new ConnectOptions { WillTopic = "w", WillPayload = "allowed" });
        await kept.HangUpAsync();
        Assert.Equal("allowed", (await witness.ReceiveAsync()).Text);

        var client = host.Connect();
        await client.OpenAsync("c", new ConnectOptions { WillTopic = "w", WillPayload = Refused });
        Assert.Null(host.Broker.Users.SetPermission("guest", "/", Permission.Create(".*", "^nothing$", ".*")));
        await client.HangUpAsync();
        await client.Served.WaitAsync(TimeSpan.FromSeconds(60));
        await witness.ExpectSilenceAsync();
    }

    private static BrokerHost Limited(
        out AuditRecorder audit, string configure, string write, string read, MqttLimits? limits = null)
    {
        audit = new AuditRecorder();
        var host = new BrokerHost(limits: limits, loggers: audit);
        Assert.Null(host.Broker.Users.SetPermission("guest", "/", Permission.Create(configure, write, read)));
        return host;
    }

    private static void AssertRecorded(AuditRecorder audit, string access) => Assert.Contains(
        audit.Of("AccessDenied"),
        entry => entry.StartsWith($"AccessDenied: User 'guest', Subject '{access}'", StringComparison.Ordinal));
}
