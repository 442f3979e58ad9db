using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Posthaste.Server.Tests.Support;

namespace Posthaste.Server.Tests.Transport;

/// <summary>A client that goes while nobody reads from it.</summary>
public sealed class HangUpTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>It would have to wait for minutes.</summary>
    [Fact]
    public async Task Is_noticed_while_it_waits_for_its_quota()
    {
        await using var broker = await PosthasteBroker.StartAsync(
            options => options.Listen["http"] = "127.0.0.1:0", Cancellation);
        using var http = new HttpClient { BaseAddress = new Uri($"http://{broker.EndPointOf("http")}/api/") };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String("guest:guest"u8));
        var limit = await http.PutAsJsonAsync(
            "vhost-limits/%2F/max-messages-per-second", new JsonObject { ["value"] = 1 }, Cancellation);
        Assert.True(limit.IsSuccessStatusCode);

        using (var client = new TcpClient())
        {
            await client.ConnectAsync(broker.EndPointOf("stomp"), Cancellation);
            var frames = "CONNECT\naccept-version:1.2\nhost:/\nlogin:guest\npasscode:guest\n\n\0"
                + string.Concat(Enumerable.Repeat("SEND\ndestination:/queue/q\n\nx\0", 500));
            await client.GetStream().WriteAsync(Encoding.UTF8.GetBytes(frames), Cancellation);
            await Eventually.PassesAsync(async () => Assert.Equal(
                1,
                (long)(await http.GetFromJsonAsync<JsonArray>("nodes", Cancellation))![0]!["quota_held_connections"]!));
        }

        await Eventually.PassesAsync(async () =>
            Assert.Empty((await http.GetFromJsonAsync<JsonArray>("connections", Cancellation))!));
        var queue = await http.GetFromJsonAsync<JsonObject>("queues/%2F/q", Cancellation);
        Assert.Equal(500, (long)queue!["messages"]!);
    }
}
