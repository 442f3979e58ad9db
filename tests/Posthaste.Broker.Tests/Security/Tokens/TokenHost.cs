using Posthaste.Broker.Protocols;
using Posthaste.Broker.Security;
using Posthaste.Simulation.Hosting;
using Posthaste.Testing;

namespace Posthaste.Broker.Tests.Security.Tokens;

/// <summary>A broker that takes the tokens of an issuer, whose keys are in a file.</summary>
internal sealed class TokenHost : IDisposable
{
    private readonly BrokerHost _host = new(device: null) { Options = { Authenticator = null } };

    public TokenHost()
    {
        var options = _host.Options.Authentication.Tokens;
        (options.Keys, options.Issuer) = (Issuer.KeyFile, TokenIssuer.Name);
        options.ResourceServerId = TokenIssuer.Audience;
    }

    public static ProtocolConnection Connection { get; } = new(null!, null, null, static _ => { });

    public TokenIssuer Issuer { get; } = new();

    public MessageBrokerOptions Options => _host.Options;

    public ManualTime Time => _host.Time;

    public MessageBroker Broker => _host.Broker;

    public VirtualHost Host => _host.Host;

    public TokenHost Open()
    {
        _host.Open();
        return this;
    }

    public System.Text.Json.Nodes.JsonObject Claims(params string[] scopes) =>
        TokenIssuer.Claims(Time.GetUtcNow(), scopes);

    public BrokerUser? Login(string token, out string reason) =>
        Broker.Authenticator.Authenticate(
            new Credentials("PLAIN", "ignored", token), Connection, out reason, _host.Idle);

    public BrokerUser? Login(params string[] scopes) => Login(Issuer.Sign(Claims(scopes)), out _);

    public void Dispose() => Issuer.Dispose();
}
