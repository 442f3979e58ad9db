using Posthaste.Broker.Limits;
using Posthaste.Protocols.Mqtt.Wire;

namespace Posthaste.Protocols.Mqtt.Tests.Session;

/// <summary>Limits of virtual hosts and users, in MQTT's codes.</summary>
public sealed class LimitTests
{
    [Theory]
    [InlineData(MqttVersion.V5, LimitNames.Connections, ReasonCode.QuotaExceeded)]
    [InlineData(MqttVersion.V5, LimitNames.Channels, ReasonCode.QuotaExceeded)]
    [InlineData(MqttVersion.V311, LimitNames.Connections, ReasonCode.ServerUnavailable)]
    internal async Task Connections_over_a_users_limit_are_refused(
        MqttVersion version, string limit, ReasonCode expected)
    {
        await using var host = new BrokerHost();
        LimitUser(host, limit, 1);
        var first = await host.OpenAsync("a", version);
        var second = host.Connect(version);
        await second.SendConnectAsync("b");
        Assert.Equal(expected, (await second.ExpectAsync(PacketType.ConnAck)).Code);
        await second.Served;
        await first.DisconnectAsync();
        await first.Served;
        await host.OpenAsync("b", version);
    }

    [Fact]
    public async Task Connections_over_the_virtual_hosts_limit_are_refused()
    {
        await using var host = new BrokerHost();
        LimitHost(host, LimitNames.Connections, 0);
        var client = host.Connect();
        await client.SendConnectAsync("a");
        Assert.Equal(ReasonCode.QuotaExceeded, (await client.ExpectAsync(PacketType.ConnAck)).Code);
    }

    [Fact]
    public async Task Sessions_over_the_limit_of_queues_get_no_subscription()
    {
        await using var host = new BrokerHost();
        LimitHost(host, LimitNames.Queues, 1);
        var first = await host.OpenAsync("a");
        Assert.Equal([ReasonCode.GrantedQoS1], (await first.SubscribeForAckAsync("t", QoS.AtLeastOnce)).Codes);
        var second = await host.OpenAsync("b");
        Assert.Equal([ReasonCode.QuotaExceeded], (await second.SubscribeForAckAsync("t", QoS.AtLeastOnce)).Codes);
    }

    [Fact]
    public async Task Who_publishes_too_fast_is_not_read_until_it_is_made_up_for()
    {
        var time = new ManualTime();
        await using var host = new BrokerHost(options => options.ConnectionTime = time);
        LimitHost(host, LimitNames.MessageRate, 10);
        var subscriber = await host.OpenAsync("s");
        await subscriber.SubscribeAsync("t");
        var publisher = await host.OpenAsync("p");
        var bytes = publisher.PublishBytes("t", "x"u8.ToArray());
        await publisher.SendAsync([.. Enumerable.Repeat(bytes, 25).SelectMany(static one => one)]);
        for (var i = 0; i < 25; i++) Assert.Equal("x", (await subscriber.ReceiveAsync()).Text);
        await publisher.SendPublishAsync("t", "held");
        var held = subscriber.ReceiveAsync();
        Assert.False(held.IsCompleted);
        await Eventually.TrueAsync(() => host.Broker.Statistics.QuotaHolds.Current == 1);

        await AdvanceUntilAsync(time, held);
        Assert.Equal("held", (await held).Text);
        Assert.True(host.Broker.Statistics.QuotaHolds.Total >= TimeSpan.FromSeconds(1.5));
        Assert.True(host.Broker.Statistics.QuotaHolds.Count >= 1);
    }

    [Fact]
    public async Task Who_hangs_up_while_it_waits_for_its_quota_is_gone_at_once_and_its_last_messages_come()
    {
        await using var host = new BrokerHost(options => options.ConnectionTime = new ManualTime());
        LimitHost(host, LimitNames.MessageRate, 1);
        var subscriber = await host.OpenAsync("s");
        await subscriber.SubscribeAsync("t");
        var publisher = await host.OpenAsync("p");
        var bytes = publisher.PublishBytes("t", "x"u8.ToArray());
        await publisher.SendAsync([.. Enumerable.Repeat(bytes, 100).SelectMany(static one => one)]);
        for (var i = 0; i < 100; i++) Assert.Equal("x", (await subscriber.ReceiveAsync()).Text);
        await publisher.SendPublishAsync("t", "last");
        await Eventually.TrueAsync(() => host.Broker.Statistics.QuotaHolds.Current == 1);

        // The clock stands still: nothing is ever made up for.
        await publisher.HangUpAsync();
        Assert.Equal("last", (await subscriber.ReceiveAsync()).Text);
        Assert.Equal(0, host.Broker.Statistics.QuotaHolds.Current);
    }

    /// <summary>In small steps: time concerns the peers, too. A wait that has not begun yet ends later.</summary>
    private static async Task AdvanceUntilAsync(ManualTime time, Task done)
    {
        while (!done.IsCompleted)
        {
            time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.WhenAny(done, Task.Delay(TimeSpan.FromMilliseconds(20)));
        }
    }

    private static void LimitHost(BrokerHost host, string name, long value) =>
        Assert.Null(host.Host.ChangeSettings(
            settings => settings with { Limits = settings.Limits.SetItem(name, value) }));

    private static void LimitUser(BrokerHost host, string name, long value) =>
        Assert.Null(host.Broker.Users.Update(
            "guest", user => user with { Limits = user.Limits.SetItem(name, value) }));
}
