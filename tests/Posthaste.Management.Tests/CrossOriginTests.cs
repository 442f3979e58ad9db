using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.Logging.Abstractions;
using Posthaste.Broker;

namespace Posthaste.Management.Tests;

/// <summary>Pages of other origins use the API where they are let (CORS).</summary>
public sealed class CrossOriginTests
{
    [Theory]
    [InlineData("https://shop.example", "https://shop.example", true)]
    [InlineData("*", "*", false)]
    public async Task A_page_of_an_origin_that_is_let_may_ask(string origins, string allowed, bool withLogin)
    {
        await using var broker = MessageBroker.Open(new MessageBrokerOptions(), NullLoggerFactory.Instance);
        await using var server = await ManagementServer.StartAsync(
            broker, [new IPEndPoint(IPAddress.Loopback, 0)], ManagementTls.None, [], [origins],
            NullLoggerFactory.Instance, pages: null, TestContext.Current.CancellationToken);
        using var http = new HttpClient { BaseAddress = new Uri($"http://{server.EndPoints[0]}/") };

        using var preflight = new HttpRequestMessage(HttpMethod.Options, "api/queues/%2F/q");
        preflight.Headers.Add("Origin", "https://shop.example");
        preflight.Headers.Add("Access-Control-Request-Method", "PUT");
        preflight.Headers.Add("Access-Control-Request-Headers", "authorization");
        using var first = await http.SendAsync(preflight, TestContext.Current.CancellationToken);
        Assert.True(first.IsSuccessStatusCode);
        Assert.Equal([allowed], first.Headers.GetValues("Access-Control-Allow-Origin"));
        Assert.Equal(["1800"], first.Headers.GetValues("Access-Control-Max-Age"));
        Assert.Contains("PUT", Header("Access-Control-Allow-Methods"), StringComparison.Ordinal);
        Assert.Contains("authorization", Header("Access-Control-Allow-Headers"), StringComparison.Ordinal);
        string Header(string name) => first.Headers.GetValues(name).Single();

        using var request = new HttpRequestMessage(HttpMethod.Get, "api/whoami");
        request.Headers.Add("Origin", "https://shop.example");
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", "Z3Vlc3Q6Z3Vlc3Q=");
        using var second = await http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, second.StatusCode);
        Assert.Equal([allowed], second.Headers.GetValues("Access-Control-Allow-Origin"));
        Assert.Equal(withLogin, second.Headers.Contains("Access-Control-Allow-Credentials"));

        using var other = new HttpRequestMessage(HttpMethod.Get, "api/whoami");
        other.Headers.Add("Origin", "https://other.example");
        using var third = await http.SendAsync(other, TestContext.Current.CancellationToken);
        Assert.Equal(origins == "*", third.Headers.Contains("Access-Control-Allow-Origin"));
    }
}
