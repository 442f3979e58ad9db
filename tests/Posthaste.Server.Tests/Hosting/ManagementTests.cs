using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Posthaste.Server.Tests.Hosting;

/// <summary>The management API as a listener of the broker.</summary>
public sealed class ManagementTests
{
    [Fact]
    public async Task The_listener_http_serves_the_management_api()
    {
        await using var broker = await PosthasteBroker.StartAsync(
            options => options.Listen["http"] = "127.0.0.1:0", TestContext.Current.CancellationToken);
        using var client = new HttpClient();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes("guest:guest")));
        var overview = await client.GetStringAsync(
            new Uri($"http://{broker.EndPointOf("http")}/api/overview"), TestContext.Current.CancellationToken);
        Assert.Contains($"\"port\":{broker.AmqpPort}", overview, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_in_use_is_said_and_nothing_stays_open()
    {
        using var taken = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var endPoint = (IPEndPoint)taken.LocalEndpoint;
        var error = await Assert.ThrowsAsync<PosthasteListenException>(() => PosthasteBroker.StartAsync(
            options => options.Listen["http"] = $"{endPoint}", TestContext.Current.CancellationToken));
        Assert.Contains($"{endPoint.Port}", error.Message, StringComparison.Ordinal);
        Assert.Contains("address already in use", error.Message, StringComparison.Ordinal);
    }
}
