using Posthaste.Protocols.Mqtt.Wire;
using Posthaste.Protocols.Mqtt.Wire.Properties;

namespace Posthaste.Protocols.Mqtt.Tests.Session;

/// <summary>Wills: sections 3.1.2.5 and 3.1.3.2.</summary>
public sealed class WillTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("posthaste-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData(MqttVersion.V311)]
    [InlineData(MqttVersion.V5)]
    internal async Task A_will_is_published_when_the_client_is_lost_and_not_when_it_says_goodbye_3_1_2_8(
        MqttVersion version)
    {
        await using var host = new BrokerHost();
        var watcher = await host.OpenAsync();
        await watcher.SubscribeAsync("will/#", QoS.ExactlyOnce);
        var polite = await host.OpenAsync("a", version, Will("will/a"));
        await polite.CloseAsync();
        var lost = await host.OpenAsync("b", version, Will("will/b") with { WillQoS = QoS.AtLeastOnce });
        await lost.HangUpAsync();
        var message = await watcher.ReceiveAsync();
        Assert.Equal(("will/b", "gone", QoS.AtLeastOnce), (message.Topic, message.Text, message.QoS));
        await watcher.ExpectSilenceAsync();
    }

    [Fact]
    public async Task A_client_may_ask_for_its_will_with_0x04()
    {
        await using var host = new BrokerHost();
        var watcher = await host.OpenAsync();
        await watcher.SubscribeAsync("will");
        var client = await host.OpenAsync("c", options: Will("will"));
        await client.CloseAsync(ReasonCode.DisconnectWithWill);
        Assert.Equal("gone", (await watcher.ReceiveAsync()).Text);
    }

    [Fact]
    public async Task A_will_has_its_properties_and_is_retained_3_1_2_14_15()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync("c", options: Will("will") with
        {
            WillRetain = true,
            WillQoS = QoS.ExactlyOnce,
            WillProperties =
            [
                TestProperty.User("k", "v"),
                TestProperty.Of(PropertyId.WillDelayInterval, 0),
                TestProperty.Of(PropertyId.ContentType, "text/plain"),
            ],
        });
        await client.HangUpAsync();
        var watcher = await host.OpenAsync();
        await watcher.SubscribeAsync("will", QoS.ExactlyOnce);
        var message = await watcher.ReceiveAsync();
        Assert.True(message.Retain);
        Assert.Equal(("v", "text/plain"), (
            message.TextOf(PropertyId.UserProperty), message.TextOf(PropertyId.ContentType)));
        Assert.Null(message.Number(PropertyId.WillDelayInterval));
    }

    [Fact]
    public async Task A_delayed_will_waits_and_a_reconnect_cancels_it_3_1_3_9()
    {
        var time = new ManualTime();
        await using var host = new BrokerHost(options => (options.Time, options.ConnectionTime) = (time, time));
        var watcher = await host.OpenAsync();
        await watcher.SubscribeAsync("will");
        var client = await host.OpenAsync("c", options: Delayed(10, expiryS: 60));
        await client.HangUpAsync();
        time.Advance(TimeSpan.FromSeconds(9));
        var again = await host.OpenAsync("c", options: Delayed(10, expiryS: 60));
        time.Advance(TimeSpan.FromSeconds(30));
        await watcher.ExpectSilenceAsync();
        await again.HangUpAsync();
        time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal("gone", (await watcher.ReceiveAsync()).Text);
        time.Advance(TimeSpan.FromSeconds(100));
        await watcher.ExpectSilenceAsync();
    }

    [Fact]
    public async Task A_delayed_will_comes_when_its_session_ends_before()
    {
        var time = new ManualTime();
        await using var host = new BrokerHost(options => (options.Time, options.ConnectionTime) = (time, time));
        var watcher = await host.OpenAsync();
        await watcher.SubscribeAsync("will");
        var client = await host.OpenAsync("c", options: Delayed(1000, expiryS: 5));
        await client.HangUpAsync();
        await watcher.ExpectSilenceAsync();
        time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal("gone", (await watcher.ReceiveAsync()).Text);
        var other = await host.OpenAsync("d", options: Delayed(1000, expiryS: 100));
        await other.HangUpAsync();
        await host.OpenAsync("d", options: new ConnectOptions { CleanStart = true });
        Assert.Equal("gone", (await watcher.ReceiveAsync()).Text);
    }

    [Fact]
    public async Task Wills_survive_a_restart_of_the_broker()
    {
        await using (var host = Durable())
        {
            var watcher = await host.OpenAsync("w", options: ConnectOptions.Kept());
            await watcher.SubscribeAsync("will", QoS.AtLeastOnce);
            await watcher.CloseAsync();
            await host.OpenAsync("c", options: Delayed(0, expiryS: 100) with { WillQoS = QoS.AtLeastOnce });
            await host.OpenAsync("d", options: Will("will") with { WillQoS = QoS.AtLeastOnce });
            host.Stop();
        }

        await using (var host = Durable())
        {
            var watcher = await host.OpenAsync("w", options: ConnectOptions.Kept());
            Assert.Equal("gone", (await watcher.ReceiveAsync()).Text);
            Assert.Equal("gone", (await watcher.ReceiveAsync()).Text);
            await watcher.ExpectSilenceAsync();
        }
    }

    [Fact]
    public async Task A_will_that_is_too_large_is_refused_with_0x95()
    {
        await using var host = new BrokerHost();
        var client = host.Connect();
        await client.SendConnectAsync("c", Will("will") with { WillPayload = new string('x', 65_000) });
        Assert.Equal(ReasonCode.PacketTooLarge, (await client.ExpectAsync(PacketType.ConnAck)).Code);
    }

    private static ConnectOptions Will(string topic) => new() { WillTopic = topic, WillPayload = "gone" };

    private static ConnectOptions Delayed(uint delayS, uint expiryS) => ConnectOptions.Kept(expiryS) with
    {
        WillTopic = "will",
        WillPayload = "gone",
        WillProperties = [TestProperty.Of(PropertyId.WillDelayInterval, delayS)],
    };

    private BrokerHost Durable() => new(options => options.DataDirectory = _directory.FullName);
}
