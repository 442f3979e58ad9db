using System.Text.Json.Nodes;
using Posthaste.Broker.Security;
using Posthaste.Broker.Security.Sasl;
using Posthaste.Testing;

namespace Posthaste.Broker.Tests.Security.Tokens;

/// <summary>Which tokens are logins, and above all which are not (RFC 8725).</summary>
public sealed class TokenVerifierTests : IDisposable
{
    private readonly TokenHost _host = new TokenHost().Open();

    public void Dispose() => _host.Dispose();

    [Theory]
    [InlineData("RS256")]
    [InlineData("RS384")]
    [InlineData("RS512")]
    [InlineData("PS256")]
    [InlineData("PS384")]
    [InlineData("PS512")]
    [InlineData("ES256")]
    [InlineData("ES384")]
    [InlineData("ES512")]
    public void A_token_of_every_asymmetric_algorithm_is_a_login(string algorithm)
    {
        var token = _host.Issuer.Sign(_host.Claims("read:*/*", "tag:monitoring"), algorithm);
        var user = _host.Login(token, out var reason);
        Assert.Equal("", reason);
        Assert.Equal("ann", user!.Name);
        Assert.Equal(["monitoring"], user.Tags);
        Assert.False(user.MayImpersonate);

        // One bit of the signature, one of what is signed.
        var parts = token.Split('.');
        Refused($"{parts[0]}.{parts[1]}.{Flip(parts[2])}", "the access token's signature is none of a known key");
        var claims = _host.Claims("read:*/*", "tag:administrator").ToJsonString();
        Refused(
            $"{parts[0]}.{TokenIssuer.Encode(claims)}.{parts[2]}",
            "the access token's signature is none of a known key");
    }

    [Theory]
    [InlineData("none")]
    [InlineData("None")]
    [InlineData("HS256")]
    [InlineData("RS1")]
    [InlineData("")]
    public void What_proves_nothing_is_no_algorithm(string algorithm)
    {
        // HS256 is signed with the public key as the secret, which is what a verifier fell for that asks the header.
        var header = new JsonObject { ["alg"] = algorithm, ["kid"] = "rsa" }.ToJsonString();
        var signer = algorithm is "HS256" ? "HS256" : "RS256";
        Refused(
            _host.Issuer.SignRaw(header, _host.Claims().ToJsonString(), signer),
            $"the access token's algorithm '{algorithm}' is not taken");
    }

    [Fact]
    public void A_token_without_a_signature_is_refused()
    {
        var token = _host.Issuer.Sign(_host.Claims());
        Refused(token[..(token.LastIndexOf('.') + 1)], "the access token is malformed");
        Refused(
            _host.Issuer.SignRaw("""{"alg":"none"}""", _host.Claims().ToJsonString(), "none"),
            "the access token is malformed");
    }

    [Theory]
    [InlineData("""{"alg":"ES256","kid":"rsa"}""", "ES256", "signature is none of a known key")]
    [InlineData("""{"alg":"RS256","kid":"ES256"}""", "RS256", "signature is none of a known key")]
    [InlineData("""{"alg":"ES384","kid":"ES256"}""", "ES256", "signature is none of a known key")]
    [InlineData("""{"alg":"RS256","kid":"other"}""", "RS256", "key 'other' is not known; the keys are read again")]
    [InlineData("""{"alg":"RS256","kid":"rsa","crit":["b64"],"b64":false}""", "RS256", "malformed")]
    [InlineData("""{"alg":"none","alg":"RS256","kid":"rsa"}""", "RS256", "malformed")]
    [InlineData("""{"kid":"rsa"}""", "RS256", "malformed")]
    [InlineData("""{"alg":7}""", "RS256", "malformed")]
    [InlineData("""{"alg":"RS256\n\u001b[2J"}""", "RS256", "algorithm 'RS256??[2J' is not taken")]
    [InlineData("{\"", "RS256", "malformed")]
    public void A_header_that_says_something_else_is_refused(string header, string algorithm, string reason)
    {
        var token = _host.Issuer.SignRaw(header, _host.Claims().ToJsonString(), algorithm);
        Assert.Null(_host.Login(token, out var refused));
        Assert.Contains(reason, refused, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_that_the_token_brings_along_is_not_looked_at()
    {
        using var stranger = new TokenIssuer("-stranger");
        var key = JsonNode.Parse(stranger.KeySet)!["keys"]![0]!.DeepClone();
        var header = new JsonObject { ["alg"] = "RS256", ["jwk"] = key };
        Refused(
            stranger.SignRaw(header.ToJsonString(), _host.Claims().ToJsonString(), "RS256"),
            "the access token's signature is none of a known key");
    }

    [Fact]
    public void A_token_that_names_no_key_is_tried_with_those_that_fit()
    {
        var claims = _host.Claims().ToJsonString();
        Assert.NotNull(_host.Login(_host.Issuer.SignRaw("""{"alg":"ES384"}""", claims, "ES384"), out _));
        Assert.NotNull(_host.Login(_host.Issuer.SignRaw("""{"alg":"PS256"}""", claims, "PS256"), out _));
    }

    [Theory]
    [InlineData("iss", "\"https://issuer.example/\"", "the access token is of another issuer")]
    [InlineData("iss", "null", "the access token is of another issuer")]
    [InlineData("aud", "\"other posthaste\"", "the access token is for another service")]
    [InlineData("aud", "[]", "the access token is for another service")]
    [InlineData("aud", "null", "the access token is for another service")]
    [InlineData("exp", "null", "the access token has no end")]
    [InlineData("exp", "\"9999999999\"", "the access token has no end")]
    [InlineData("exp", "-1", "the access token has expired")]
    [InlineData("nbf", "99999999999", "the access token is not valid yet")]
    [InlineData("sub", "\"\"", "the access token names no user")]
    [InlineData("sub", "\"a\\nb\"", "the access token names no user")]
    [InlineData("sub", "7", "the access token names no user")]
    public void Each_claim_has_to_be_what_it_should(string claim, string value, string reason)
    {
        var claims = _host.Claims("read:*/*");
        claims[claim] = JsonNode.Parse(value);
        Refused(_host.Issuer.Sign(claims), reason);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("""{"aud":"posthaste","aud":"other"}""")]
    public void Claims_that_are_none_are_refused(string claims) => Refused(
        _host.Issuer.SignRaw("""{"alg":"RS256","kid":"rsa"}""", claims, "RS256"),
        "the access token's claims are no JSON object");

    [Fact]
    public void Time_is_counted_with_the_leeway()
    {
        var claims = _host.Claims();
        claims["nbf"] = _host.Time.GetUtcNow().AddSeconds(10).ToUnixTimeSeconds();
        claims["exp"] = _host.Time.GetUtcNow().AddSeconds(60).ToUnixTimeSeconds();
        var token = _host.Issuer.Sign(claims);
        Assert.NotNull(_host.Login(token, out _));
        _host.Time.Advance(69_999);
        Assert.NotNull(_host.Login(token, out _));
        _host.Time.Advance(1);
        Refused(token, "the access token has expired");
    }

    [Fact]
    public void The_user_is_who_the_first_of_the_claims_names()
    {
        var claims = _host.Claims();
        claims["client_id"] = "app";
        Assert.Equal("ann", _host.Login(_host.Issuer.Sign(claims), out _)!.Name);
        claims.Remove("sub");
        Assert.Equal("app", _host.Login(_host.Issuer.Sign(claims), out _)!.Name);
        _host.Options.Authentication.Tokens.UserNameClaims = ["email", "preferred_username"];
        claims["preferred_username"] = "Ann";
        Assert.Equal("Ann", _host.Login(_host.Issuer.Sign(claims), out _)!.Name);
    }

    [Theory]
    [InlineData("not.a.token")]
    [InlineData("eyJ.eyJ")]
    public void Any_other_password_is_a_password(string password)
    {
        Assert.Null(_host.Login(password, out var reason));
        Assert.Equal("invalid credentials", reason);
        var guest = new Credentials(SaslResponses.Plain, "guest", "guest");
        Assert.NotNull(_host.Broker.Authenticator.Authenticate(guest, TokenHost.Connection, out _));
    }

    [Fact]
    public void A_token_that_is_too_long_is_refused_unseen()
    {
        var claims = _host.Claims();
        claims["filler"] = new string('x', 16_384);
        Refused(_host.Issuer.Sign(claims), "the access token is malformed");
    }

    [Fact]
    public void A_token_named_like_a_user_of_the_store_has_none_of_its_rights()
    {
        var claims = _host.Claims("read:%2F/q");
        claims["sub"] = "guest";
        var user = _host.Login(_host.Issuer.Sign(claims), out _)!;
        Assert.Empty(user.Tags);
        var rules = _host.Broker.Authenticator.RulesFor(user, "/");
        Assert.True(rules.May(Broker.Security.Access.AccessKind.Read, "q"));
        Assert.False(rules.May(Broker.Security.Access.AccessKind.Write, "q"));
        using var connection = _host.Broker.OpenConnection(TokenHost.Connection, "test", user, _host.Host);
        var guest = new Credentials(SaslResponses.Plain, "guest", "guest");
        var other = _host.Broker.Authenticator.Authenticate(guest, TokenHost.Connection, out _)!;
        Assert.False(connection.TryRenew(other));
    }

    private void Refused(string token, string reason)
    {
        Assert.Null(_host.Login(token, out var refused));
        Assert.Equal(reason, refused);
    }

    private static string Flip(string signature) =>
        (signature[0] == 'A' ? 'B' : 'A') + signature[1..];
}
