using Posthaste.Protocols.Mqtt.Wire;
using Posthaste.Protocols.Mqtt.Wire.Properties;

namespace Posthaste.Protocols.Mqtt.Tests.Session;

/// <summary>An access token as the password: what it allows, when it ends, how it is renewed.</summary>
public sealed class TokenTests : IDisposable
{
    private const int TokenSeconds = 20;

    private readonly TokenIssuer _issuer = new();
    private readonly ManualTime _time = new();

    public void Dispose() => _issuer.Dispose();

    [Theory]
    [InlineData(MqttVersion.V311, "anybody")]
    [InlineData(MqttVersion.V5, "anybody")]
    [InlineData(MqttVersion.V5, null)]
    internal async Task A_token_that_expires_ends_the_connection(MqttVersion version, string? name)
    {
        await using var host = Host();
        var token = Token("write:%2F/amq.topic/a.*", "read:*/*", "configure:*/*");
        var client = await host.OpenAsync(
            "c", version, new ConnectOptions { UserName = name, Password = token });
        Assert.Equal("ann", host.Broker.Connections.Single().User.Name);
        if (version == MqttVersion.V5)
        {
            Assert.Equal(ReasonCode.NotAuthorized, await client.PublishAsync("b", "x", QoS.AtLeastOnce));
            Assert.NotEqual(ReasonCode.NotAuthorized, await client.PublishAsync("a/b", "x", QoS.AtLeastOnce));
        }

        _time.Advance(TimeSpan.FromSeconds(TokenSeconds));
        await client.ExpectSilenceAsync();
        _time.Advance(TimeSpan.FromSeconds(11));
        await client.ExpectEndAsync(ReasonCode.MaximumConnectTime);
    }

    [Fact]
    public async Task A_client_that_authenticates_again_stays_4_12_1()
    {
        await using var host = Host();
        var client = host.Connect();
        await client.OpenAsync("c", new ConnectOptions { Properties = Proof(Token("read:*/*")) });
        _time.Advance(TimeSpan.FromSeconds(TokenSeconds));
        await client.SendAuthAsync(ReasonCode.ReAuthenticate, Proof(Token("read:*/*")));
        Assert.Equal(ReasonCode.Success, (await client.ExpectAsync(PacketType.Auth)).Code);
        _time.Advance(TimeSpan.FromSeconds(11));
        await client.ExpectSilenceAsync();
        _time.Advance(TimeSpan.FromSeconds(TokenSeconds));
        await client.ExpectEndAsync(ReasonCode.MaximumConnectTime);
    }

    [Fact]
    public async Task An_expired_token_is_no_login()
    {
        await using var host = Host();
        var token = Token("read:*/*");
        _time.Advance(TimeSpan.FromSeconds(TokenSeconds + 11));
        var client = host.Connect();
        await client.SendConnectAsync("c", new ConnectOptions { UserName = "x", Password = token });
        Assert.Equal(ReasonCode.BadUserNameOrPassword, (await client.ExpectAsync(PacketType.ConnAck)).Code);
    }

    private static TestProperty[] Proof(string token) =>
    [
        TestProperty.Of(PropertyId.AuthenticationMethod, "OAUTHBEARER"),
        TestProperty.Of(PropertyId.AuthenticationData, $"n,,\u0001auth=Bearer {token}\u0001\u0001"),
    ];

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
