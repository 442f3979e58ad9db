using System.Net;

namespace Posthaste.Management.Tests;

/// <summary>Health checks, for operators and for orchestrators.</summary>
public sealed class HealthTests(ApiHost api) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task Probes_need_no_user()
    {
        using var http = new HttpClient();
        foreach (var probe in new[] { "live", "ready" })
        {
            var uri = new Uri($"http://127.0.0.1:{api.Port}/health/{probe}");
            Assert.Contains(
                "ok", await http.GetStringAsync(uri, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("alarms")]
    [InlineData("local-alarms")]
    [InlineData("virtual-hosts")]
    [InlineData("node-is-quorum-critical")]
    [InlineData("node-is-mirror-sync-critical")]
    [InlineData("port-listener/5672")]
    [InlineData("protocol-listener/amqp")]
    public async Task A_broker_that_is_well_says_so(string check) =>
        Assert.Equal("ok", (string?)(await api.GetAsync($"health/checks/{check}"))["status"]);

    [Fact]
    public async Task A_certificate_that_ends_too_soon_is_named()
    {
        Assert.Equal("ok", (string?)(await api.GetAsync("health/checks/certificate-expiration/1/weeks"))["status"]);
        var (status, body) = await api.SendAsync(HttpMethod.Get, "health/checks/certificate-expiration/1/years");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.Equal(ApiHost.TlsPort, (int)body!["expired"]![0]!["port"]!);
        Assert.Equal("amqps", (string?)body["expired"]![0]!["protocol"]);
        Assert.Equal(
            HttpStatusCode.BadRequest,
            (await api.SendAsync(HttpMethod.Get, "health/checks/certificate-expiration/1/moons")).Status);
    }

    [Fact]
    public async Task What_listens_nowhere_is_not_well()
    {
        var (status, _) = await api.SendAsync(HttpMethod.Get, "health/checks/port-listener/1");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
    }
}
