using Posthaste.Broker;
using Posthaste.Broker.Security.Access;
using Posthaste.Protocols.Mqtt.Wire;
using Posthaste.Protocols.Mqtt.Wire.Properties;

namespace Posthaste.Protocols.Mqtt.Tests.Session;

/// <summary>What becomes of clients, sessions and wills when their virtual host is deleted.</summary>
public sealed class VirtualHostTests
{
    private const string Name = "doomed";

    [Fact]
    public async Task A_client_is_told_and_cannot_come_back()
    {
        await using var host = Start();
        var client = await host.OpenAsync("c", options: In(Name));
        await client.SubscribeAsync("a", QoS.AtLeastOnce);
        var other = await host.OpenAsync("c");
        Delete(host);
        await client.ExpectEndAsync(ReasonCode.AdministrativeAction);
        await other.ExpectSilenceAsync();
        var again = host.Connect();
        await again.SendConnectAsync("c", In(Name));
        var refused = await again.ExpectAsync(PacketType.ConnAck);
        Assert.Equal(ReasonCode.NotAuthorized, refused.Code);
        Assert.Equal("there is no virtual host 'doomed'", refused.TextOf(PropertyId.ReasonString));
    }

    [Fact]
    public async Task A_client_of_3_1_1_is_closed_without_a_word()
    {
        await using var host = Start();
        var client = await host.OpenAsync("c", MqttVersion.V311, In(Name));
        Delete(host);
        Assert.Null(await client.ReadAsync());
    }

    [Fact]
    public async Task Sessions_groups_and_wills_go_and_do_not_come_back_with_one_of_the_same_name()
    {
        var time = new ManualTime();
        await using var host = Start(options => (options.Time, options.ConnectionTime) = (time, time));
        var away = await host.OpenAsync("away", options: In(Name, expiryS: 3_600) with
        {
            WillTopic = "will",
            WillPayload = "late",
            WillProperties = [TestProperty.Of(PropertyId.WillDelayInterval, 10)],
        });
        await away.SubscribeAsync("a", QoS.ExactlyOnce);
        await away.SubscribeAsync("$share/g/b", QoS.AtLeastOnce);
        await away.HangUpAsync();
        var here = await host.OpenAsync("here", options: In(Name, expiryS: 3_600) with
        {
            WillTopic = "will",
            WillPayload = "at once",
        });
        await here.SubscribeAsync("a", QoS.AtLeastOnce);
        Assert.Equal(2, host.Handler.Registry.Count);

        Delete(host);
        await here.ExpectEndAsync(ReasonCode.AdministrativeAction);
        await here.Served;
        Assert.Equal(0, host.Handler.Registry.Count);

        Make(host);
        var watcher = await host.OpenAsync("w", options: In(Name));
        await watcher.SubscribeAsync("will");
        time.Advance(TimeSpan.FromSeconds(60));
        await watcher.ExpectSilenceAsync();
        var back = host.Connect();
        var connected = await back.OpenAsync("away", In(Name, expiryS: 3_600) with { CleanStart = false });
        Assert.False(connected.SessionPresent);
        Assert.Single(host.Broker.FindVirtualHost(Name)!.Catalog.Queues);
    }

    private static BrokerHost Start(Action<MessageBrokerOptions>? configure = null)
    {
        var host = new BrokerHost(configure);
        Make(host);
        return host;
    }

    private static void Make(BrokerHost host)
    {
        host.Broker.AddVirtualHost(Name);
        Assert.Null(host.Broker.Users.SetPermission("guest", Name, Permission.Full));
    }

    private static void Delete(BrokerHost host) =>
        Assert.Equal(VirtualHostDeletion.Deleted, host.Broker.DeleteVirtualHost(Name));

    private static ConnectOptions In(string name, uint expiryS = 0) =>
        ConnectOptions.Kept(expiryS, cleanStart: true) with { UserName = $"{name}:guest", Password = "guest" };
}
