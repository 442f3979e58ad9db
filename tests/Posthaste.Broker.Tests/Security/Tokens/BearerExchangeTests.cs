using System.Text;

namespace Posthaste.Broker.Tests.Security.Tokens;

/// <summary>OAUTHBEARER (RFC 7628).</summary>
public sealed class BearerExchangeTests : IDisposable
{
    private const string Mechanism = "OAUTHBEARER";

    private readonly TokenHost _host = new TokenHost().Open();

    public void Dispose() => _host.Dispose();

    [Theory]
    [InlineData("n,,\u0001auth=Bearer TOKEN\u0001\u0001")]
    [InlineData("n,a=bob,\u0001host=h\u0001port=1\u0001auth=bearer  TOKEN\u0001\u0001")]
    [InlineData("y,,\u0001auth=Bearer TOKEN\u0001\u0001")]
    public void A_token_is_a_login_in_one_response(string response)
    {
        var step = Begin().Next(Bytes(response));
        Assert.Equal("ann", step.User!.Name);
    }

    [Theory]
    [InlineData("")]
    [InlineData("p=tls-unique,,\u0001auth=Bearer TOKEN\u0001\u0001")]
    [InlineData("n,,\u0001auth=Bearer TOKEN\u0001")]
    [InlineData("n,,\u0001auth=Basic TOKEN\u0001\u0001")]
    [InlineData("n,,\u0001\u0001")]
    public void Another_response_is_malformed(string response) =>
        Assert.True(Begin().Next(Bytes(response)).IsMalformed);

    [Fact]
    public void A_refusal_is_told_and_then_it_is_over()
    {
        var exchange = Begin();
        var step = exchange.Next("n,,\u0001auth=Bearer eyJ.no.token\u0001\u0001"u8);
        Assert.True(step.IsChallenge);
        Assert.Equal("""{"status":"invalid_token"}""", Encoding.UTF8.GetString(step.Data.Span));
        step = exchange.Next("\u0001"u8);
        Assert.Equal("the access token is malformed", step.Reason);
        Assert.False(step.IsMalformed);
    }

    [Fact]
    public void It_is_offered_only_where_there_are_keys()
    {
        Assert.Contains(Mechanism, _host.Broker.Authenticator.MechanismsFor(TokenHost.Connection));
        using var host = new TokenHost();
        host.Options.Authentication.Tokens.Keys = null;
        host.Open();
        Assert.DoesNotContain(Mechanism, host.Broker.Authenticator.MechanismsFor(TokenHost.Connection));
        Assert.Null(host.Broker.Authenticator.Begin(Mechanism, TokenHost.Connection));
    }

    private Broker.Security.Sasl.SaslExchange Begin() =>
        _host.Broker.Authenticator.Begin(Mechanism, TokenHost.Connection)!;

    private byte[] Bytes(string response) => Encoding.UTF8.GetBytes(
        response.Replace("TOKEN", _host.Issuer.Sign(_host.Claims()), StringComparison.Ordinal));
}
