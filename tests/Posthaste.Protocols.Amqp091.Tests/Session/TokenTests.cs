using System.Text;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Tests.Session;

/// <summary>An access token as the password: what it allows, when it ends, how it is renewed.</summary>
public sealed class TokenTests : IDisposable
{
    private const int TokenSeconds = 20;

    private readonly TokenIssuer _issuer = new();
    private readonly ManualTime _time = new();

    public void Dispose() => _issuer.Dispose();

    [Fact]
    public async Task Scopes_are_permissions()
    {
        await using var host = Host();
        var client = await OpenAsync(host, Token("configure:%2F/mine", "read:%2F/mine", "write:%2F/amq.default"));
        await client.DeclareQueueAsync("mine");
        await client.PublishAsync("", "mine", "one");
        await client.ConsumeAsync("mine");
        Assert.Equal("one", (await client.ExpectDeliveryAsync()).Text);
        await client.SendAsync(1, new QueueDeclare { Queue = "yours"u8 });
        await client.ExpectChannelCloseAsync(
            ReplyCode.AccessRefused,
            "ACCESS_REFUSED - configure access to queue 'yours' in vhost '/' refused for user 'ann'");
    }

    [Fact]
    public async Task A_token_without_a_scope_for_the_virtual_host_enters_none()
    {
        await using var host = Host();
        var client = host.Connect();
        await client.SendAsync(ProtocolHeader.Amqp091.ToArray());
        await client.ExpectAsync(MethodId.ConnectionStart);
        await client.SendStartOkAsync(TestClient.AllCapabilities, Token("read:other/*", "tag:administrator"));
        await client.ExpectAsync(MethodId.ConnectionTune);
        await client.SendAsync(0, new ConnectionTuneOk { ChannelMax = 10, FrameMax = 8_192, Heartbeat = 0 });
        await client.SendAsync(0, new ConnectionOpen { VirtualHost = "/"u8 });
        await client.ExpectConnectionCloseAsync(
            ReplyCode.NotAllowed, "NOT_ALLOWED - access to vhost '/' refused for user 'ann'");
    }

    [Fact]
    public async Task A_token_that_expires_ends_the_connection()
    {
        await using var host = Host();
        var client = await OpenAsync(host, Token("read:*/*"));
        _time.Advance(TimeSpan.FromSeconds(TokenSeconds));
        await client.ExpectSilenceAsync();
        _time.Advance(TimeSpan.FromSeconds(11));
        await client.ExpectConnectionCloseAsync(ReplyCode.NotAllowed, "NOT_ALLOWED - the access token has expired");
    }

    [Fact]
    public async Task A_new_token_keeps_the_connection_and_brings_its_own_scopes()
    {
        await using var host = Host();
        var client = await OpenAsync(host, Token("configure:*/*", "read:*/*"));
        await client.DeclareQueueAsync("a");
        _time.Advance(TimeSpan.FromSeconds(TokenSeconds));
        await UpdateAsync(client, Token("read:*/*"));
        await client.ExpectAsync(MethodId.ConnectionUpdateSecretOk);
        _time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal(0u, await client.CountAsync("a"));
        await client.SendAsync(1, new QueueDeclare { Queue = "b"u8 });
        await client.ExpectChannelCloseAsync(
            ReplyCode.AccessRefused,
            "ACCESS_REFUSED - configure access to queue 'b' in vhost '/' refused for user 'ann'");

        // A second past token and leeway: the ten seconds that the client has for its close-ok must not pass as well.
        _time.Advance(TimeSpan.FromSeconds(TokenSeconds));
        await client.ExpectConnectionCloseAsync(ReplyCode.NotAllowed, "NOT_ALLOWED - the access token has expired");
    }

    [Theory]
    [InlineData("other user")]
    [InlineData("expired")]
    [InlineData("password")]
    public async Task A_secret_that_is_not_as_good_ends_the_connection(string secret)
    {
        await using var host = Host();
        var client = await OpenAsync(host, Token("read:*/*"));
        var claims = TokenIssuer.Claims(_time.GetUtcNow(), "read:*/*");
        if (secret == "other user") claims["sub"] = "bob";
        else claims["exp"] = 1;
        await UpdateAsync(client, secret == "password" ? "guest" : _issuer.Sign(claims));
        await client.ExpectConnectionCloseAsync(
            ReplyCode.NotAllowed, "NOT_ALLOWED - New secret was refused by one of the backends");
    }

    [Fact]
    public async Task OAUTHBEARER_takes_the_token_as_such()
    {
        await using var host = Host();
        var client = host.Connect();
        await client.SendAsync(ProtocolHeader.Amqp091.ToArray());
        Assert.True(ConnectionStart.TryRead(await client.ExpectAsync(MethodId.ConnectionStart), out var start));
        Assert.Contains("OAUTHBEARER", Encoding.UTF8.GetString(start.Mechanisms), StringComparison.Ordinal);
        await client.SendAsync(0, new ConnectionStartOk
        {
            ClientProperties = Primitives.Tables.FieldTableCodec.Encode(TestClient.AllCapabilities),
            Mechanism = "OAUTHBEARER"u8,
            Response = Encoding.UTF8.GetBytes($"n,,\u0001auth=Bearer {Token("read:*/*")}\u0001\u0001"),
            Locale = "en_US"u8,
        });
        await client.ExpectAsync(MethodId.ConnectionTune);
    }

    private static Task UpdateAsync(TestClient client, string secret) => client.SendAsync(
        0, new ConnectionUpdateSecret { NewSecret = Encoding.UTF8.GetBytes(secret), Reason = "expires"u8 });

    private static async Task<TestClient> OpenAsync(BrokerHost host, string token)
    {
        var client = host.Connect();
        await client.OpenAsync(password: token);
        await client.OpenChannelAsync(1);
        return client;
    }

    private string Token(params string[] scopes)
    {
        var claims = TokenIssuer.Claims(_time.GetUtcNow(), scopes);
        claims["exp"] = _time.GetUtcNow().AddSeconds(TokenSeconds).ToUnixTimeSeconds();
        return _issuer.Sign(claims);
    }

    private BrokerHost Host() => new(options =>
    {
        options.ConnectionTime = _time;
        var tokens = options.Authentication.Tokens;
        (tokens.Keys, tokens.ResourceServerId) = (_issuer.KeyFile, TokenIssuer.Audience);
    });
}
