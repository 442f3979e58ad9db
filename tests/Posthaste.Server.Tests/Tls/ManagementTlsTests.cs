using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Posthaste.Server.Tests.Executable;

namespace Posthaste.Server.Tests.Tls;

/// <summary>The management API over TLS: the listener `https`, with the certificates of the others.</summary>
public sealed class ManagementTlsTests : IDisposable
{
    private readonly TemporaryDirectory _files = new();
    private readonly TestAuthority _authority = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _files.Dispose();
        _authority.Dispose();
    }

    [Theory]
    [InlineData("127.0.0.1:0")]
    [InlineData("off")]
    public async Task It_is_served_with_the_certificate_with_and_without_the_plain_listener(string http)
    {
        var (cert, key) = TestAuthority.Write(_files.Path, "server", _authority.Issue("localhost"));
        await using var broker = await PosthasteBroker.StartAsync(
            options =>
            {
                options.Tls.CertificateFiles.Add(cert);
                options.Tls.KeyFiles.Add(key);
                options.Listen["http"] = http;
                options.Listen["https"] = "127.0.0.1:0";
            },
            Cancellation);
        using var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, shown, _, _) =>
            shown!.Issuer == _authority.Certificate.Subject && ((X509Certificate2)shown).MatchesHostname("localhost");
        using var client = new HttpClient(handler);
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes("guest:guest")));
        var uri = new Uri($"https://localhost:{broker.EndPointOf("https").Port}/api/whoami");
        Assert.Contains("\"guest\"", await client.GetStringAsync(uri, Cancellation), StringComparison.Ordinal);
        Assert.Equal(http != "off", broker.Listeners.Any(static listener => listener.Name == "http"));
    }

    [Fact]
    public async Task Without_a_certificate_it_can_not_be_asked_for()
    {
        var exception = await Assert.ThrowsAsync<PosthasteConfigurationException>(
            () => PosthasteBroker.StartAsync(options => options.Listen["https"] = "127.0.0.1:0", Cancellation));
        Assert.Equal("'https' needs a certificate, and there is none", exception.Message);
    }
}
