using System.Net;
using Posthaste.Server.Tests.Support;
using Posthaste.Server.Transport;
using Posthaste.Testing;

namespace Posthaste.Server.Tests.Transport;

/// <summary>More connections than a second may bring wait, those of one network for their own rate.</summary>
public sealed class ArrivalRateTests
{
    private readonly ManualTime _time = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void A_seconds_worth_comes_at_once_and_those_beyond_at_the_rate()
    {
        var rate = new ArrivalRate(perSecondMax: 10, perNetworkMax: 1_000, _time);
        for (var i = 0; i < 10; i++) Assert.Equal(TimeSpan.Zero, rate.Take(At($"10.0.0.{i}")));
        Assert.Equal(100, rate.Take(At("10.0.1.1")).TotalMilliseconds, 3);
        Assert.Equal(200, rate.Take(At("10.0.1.2")).TotalMilliseconds, 3);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(TimeSpan.Zero, rate.Take(At("10.0.1.3")));
    }

    [Fact]
    public void One_network_waits_for_itself_alone()
    {
        var rate = new ArrivalRate(perSecondMax: 1_000, perNetworkMax: 2, _time);
        Assert.Equal(TimeSpan.Zero, rate.Take(At("2001:db8::1")));
        Assert.Equal(TimeSpan.Zero, rate.Take(At("2001:db8::2")));
        Assert.Equal(500, rate.Take(At("2001:db8::3")).TotalMilliseconds, 3);
        Assert.Equal(TimeSpan.Zero, rate.Take(At("2001:db8:0:1::1")));
    }

    [Fact]
    public async Task Who_waits_is_served_in_the_end()
    {
        await using var broker = await PosthasteBroker.StartAsync(
            options =>
            {
                options.Protocols = [EchoProtocol.As("echo")];
                options.Broker.ConnectionsPerSecondMax = 2;
            },
            Cancellation);
        var clients = await Task.WhenAll(
            Enumerable.Range(0, 5).Select(_ => EchoClient.ConnectAsync(broker.EndPointOf("echo"))));
        foreach (var client in clients)
        {
            Assert.Equal([1], await client.EchoAsync([1]));
            client.Dispose();
        }
    }

    private static IPEndPoint At(string address) => new(IPAddress.Parse(address), 1);
}
