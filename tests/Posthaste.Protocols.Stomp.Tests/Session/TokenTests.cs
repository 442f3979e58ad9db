namespace Posthaste.Protocols.Stomp.Tests.Session;

/// <summary>An access token as the passcode: what it allows, and when it ends.</summary>
public sealed class TokenTests : IDisposable
{
    private readonly TokenIssuer _issuer = new();
    private readonly ManualTime _time = new();

    public void Dispose() => _issuer.Dispose();

    [Fact]
    public async Task A_token_that_expires_ends_the_connection()
    {
        await using var host = Host();
        var client = host.Connect();
        await ConnectAsync(client, "configure:*/*", "write:*/*", "read:*/*");
        await client.ExpectAsync("CONNECTED");
        await client.PublishAsync("/queue/q", "x");
        await client.FenceAsync();
        Assert.Equal(1, host.Count("q"));
        _time.Advance(TimeSpan.FromHours(1) + TimeSpan.FromSeconds(11));
        await client.ExpectErrorAsync("access_refused", "the access token has expired");
    }

    [Fact]
    public async Task Scopes_are_permissions()
    {
        await using var host = Host();
        var client = host.Connect();
        await ConnectAsync(client, "read:*/*");
        await client.ExpectAsync("CONNECTED");
        await client.PublishAsync("/topic/t", "x");
        Assert.Contains("'amq.topic' in vhost '/' refused for user 'ann'", (await client.ExpectAsync("ERROR")).Text);
    }

    private Task ConnectAsync(TestClient client, params string[] scopes) => client.SendAsync(
        "CONNECT\naccept-version:1.2\nhost:/\nlogin:anybody\npasscode:"
        + $"{_issuer.Sign(TokenIssuer.Claims(_time.GetUtcNow(), scopes))}\n\n\0");

    private BrokerHost Host() => new(options =>
    {
        options.ConnectionTime = _time;
        var tokens = options.Authentication.Tokens;
        (tokens.Keys, tokens.ResourceServerId) = (_issuer.KeyFile, TokenIssuer.Audience);
    });
}
