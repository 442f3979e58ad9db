using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.Logging.Abstractions;
using Posthaste.Broker;
using Posthaste.Testing;

namespace Posthaste.Management.Tests;

/// <summary>An access token is a login to the API (RFC 6750), and its tags and scopes say to what of it.</summary>
public sealed class BearerTests : IAsyncLifetime
{
    private readonly TokenIssuer _issuer = new();
    private readonly HttpClient _http = new();
    private MessageBroker _broker = null!;
    private ManagementServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        var options = new MessageBrokerOptions();
        var tokens = options.Authentication.Tokens;
        (tokens.Keys, tokens.ResourceServerId) = (_issuer.KeyFile, TokenIssuer.Audience);
        _broker = MessageBroker.Open(options, NullLoggerFactory.Instance);
        _server = await ManagementServer.StartAsync(
            _broker, [new IPEndPoint(IPAddress.Loopback, 0)], ManagementTls.None, [], [], NullLoggerFactory.Instance,
            pages: null, CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _broker.DisposeAsync();
        _http.Dispose();
        _issuer.Dispose();
    }

    [Fact]
    public async Task Tags_and_scopes_of_the_token_count()
    {
        var token = Token("tag:management", "configure:*/a*", "write:*/*", "read:*/*");
        Assert.Equal(HttpStatusCode.OK, await SendAsync(HttpMethod.Get, "whoami", token));
        Assert.Equal(HttpStatusCode.Created, await SendAsync(HttpMethod.Put, "queues/%2F/a", token));
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(HttpMethod.Put, "queues/%2F/b", token));
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(HttpMethod.Get, "users", token));
        Assert.Equal(HttpStatusCode.OK, await SendAsync(HttpMethod.Get, "users", Token("tag:administrator")));
    }

    [Fact]
    public async Task Without_a_tag_or_a_good_token_nobody_is_let_in()
    {
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(HttpMethod.Get, "whoami", Token("read:*/*")));
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(HttpMethod.Get, "whoami", "guest"));
        var token = Token("tag:administrator");
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(HttpMethod.Get, "whoami", token[..^8]));
    }

    private string Token(params string[] scopes) => _issuer.Sign(TokenIssuer.Claims(DateTimeOffset.UtcNow, scopes));

    private async Task<HttpStatusCode> SendAsync(HttpMethod method, string path, string token)
    {
        using var request = new HttpRequestMessage(method, $"http://{_server.EndPoints[0]}/api/{path}");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (method == HttpMethod.Put) request.Content = new StringContent("{}");
        using var response = await _http.SendAsync(request, TestContext.Current.CancellationToken);
        return response.StatusCode;
    }
}
