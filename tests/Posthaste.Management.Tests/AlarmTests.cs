using System.Text.Json.Nodes;
using Posthaste.Broker;

namespace Posthaste.Management.Tests;

/// <summary>A broker that is short of everything.</summary>
public sealed class TroubledHost : ApiHost
{
    public const int TransientBytesMax = 1 << 20;

    public string? CertificateFault { get; set; }

    private protected override ListenerRow[] Listeners =>
    [
        new("amqp", "127.0.0.1", 5672),
        new("amqps", "127.0.0.1", TlsPort, static () => DateTimeOffset.UtcNow.AddDays(-1)),
        new("mqtts", "127.0.0.1", 8883, static () => DateTimeOffset.UnixEpoch.AddYears(200), () => CertificateFault),
        new("stomps", "127.0.0.1", 61614, static () => DateTimeOffset.UtcNow.Date.AddDays(10)),
    ];

    private protected override void Configure(MessageBrokerOptions options)
    {
        options.TransientBytesMax = TransientBytesMax;
        options.ConnectionsMax = 2;
    }
}

/// <summary>Alarms say what is wrong, what it does, and what helps.</summary>
public sealed class AlarmTests(TroubledHost api) : IClassFixture<TroubledHost>
{
    [Fact]
    public async Task A_certificate_that_has_ended_is_an_alarm_and_one_that_ends_soon_a_warning()
    {
        var alarms = await AlarmsAsync();
        Assert.Equal("alarm", (string?)alarms["certificate amqps"]["severity"]);
        Assert.Equal("warning", (string?)alarms["certificate stomps"]["severity"]);
        Assert.DoesNotContain("certificate mqtts", alarms.Keys);
        Assert.DoesNotContain("certificate files", alarms.Keys);
        api.CertificateFault = "the key does not fit the certificate";
        Assert.Equal(api.CertificateFault, (string?)(await AlarmsAsync())["certificate files"]["cause"]);
        api.CertificateFault = null;
    }

    [Fact]
    public async Task Memory_that_runs_short_is_an_alarm_until_there_is_room()
    {
        Assert.DoesNotContain("memory", (await AlarmsAsync()).Keys);
        await api.PutAsync("queues/%2F/full", new JsonObject());
        for (var i = 0; i < 3; i++)
        {
            await api.PostAsync("exchanges/%2F/amq.default/publish", new JsonObject
            {
                ["routing_key"] = "full",
                ["payload"] = new string('x', TroubledHost.TransientBytesMax / 2),
            });
        }

        api.Sample();
        var alarm = (await AlarmsAsync())["memory"];
        Assert.All(
            (string[])["title", "cause", "effect", "advice"],
            part => Assert.False(string.IsNullOrEmpty((string?)alarm[part])));
        await api.DeleteAsync("queues/%2F/full/contents");
        api.Sample();
        Assert.DoesNotContain("memory", (await AlarmsAsync()).Keys);
    }

    [Fact]
    public async Task As_many_connections_as_may_be_are_a_warning()
    {
        await api.PutAsync("queues/%2F/crowded", new JsonObject());
        using (var first = new FakeClient(api.Broker, "crowded"))
        {
            Assert.DoesNotContain("connections", (await AlarmsAsync()).Keys);
            using var second = new FakeClient(api.Broker, "crowded");
            Assert.Equal("warning", (string?)(await AlarmsAsync())["connections"]["severity"]);
        }

        Assert.DoesNotContain("connections", (await AlarmsAsync()).Keys);
    }

    private async Task<Dictionary<string, JsonNode>> AlarmsAsync() =>
        (await api.GetAsync("alarms")).AsArray().ToDictionary(row => (string)row!["name"]!, row => row!);
}
