using Posthaste.Broker.Protocols;
using Posthaste.Broker.Security;
using Posthaste.Broker.Security.Access;
using Posthaste.Broker.Security.Sasl;

namespace Posthaste.Broker.Auditing;

/// <summary>
/// Records, counts and tells every login that an authenticator decides, whatever the protocol and the mechanism.
/// Requests to the management API are a login each, so only those that fail are recorded and told. Any thread.
/// </summary>
internal sealed class AuditedAuthenticator(IAuthenticator inner, MessageBroker broker) : IAuthenticator
{
    public event Action<string?>? AccessChanged
    {
        add => inner.AccessChanged += value;
        remove => inner.AccessChanged -= value;
    }

    public IReadOnlyList<string> MechanismsFor(ProtocolConnection connection) => inner.MechanismsFor(connection);

    public SaslExchange? Begin(string mechanism, ProtocolConnection connection)
    {
        if (inner.Begin(mechanism, connection) is { } exchange)
            return new AuditedExchange(this, exchange, mechanism, connection);
        Record(user: null, "", mechanism, connection, "the mechanism is not offered");
        return null;
    }

    public async ValueTask<LoginOutcome> AuthenticateAsync(Credentials credentials, ProtocolConnection connection)
    {
        var outcome = await inner.AuthenticateAsync(credentials, connection).ConfigureAwait(false);
        Record(outcome.User, credentials.UserName, credentials.Mechanism, connection, outcome.Reason);
        return outcome;
    }

    public AccessRules RulesFor(BrokerUser user, string virtualHost) => inner.RulesFor(user, virtualHost);

    private void Record(
        BrokerUser? user, string claimed, string mechanism, ProtocolConnection connection, string reason)
    {
        broker.Statistics.CountLogin(connection.Listener, succeeded: user is not null);
        if (user is not null && connection.Listener == ProtocolConnection.ManagementListener) return;
        broker.Events.Authenticated(
            user?.Name ?? claimed, mechanism, connection, error: user is null ? reason : null);
        if (user is null)
            broker.Audit.Write(AuditEvents.LoginFailed, claimed, connection, mechanism, reason);
        else
            broker.Audit.Write(AuditEvents.LoginSucceeded, user.Name, connection, mechanism);
    }

    private sealed class AuditedExchange(
        AuditedAuthenticator owner, SaslExchange exchange, string mechanism, ProtocolConnection connection)
        : SaslExchange
    {
        public override async ValueTask<SaslStep> NextAsync(ReadOnlyMemory<byte> response)
        {
            var step = await exchange.NextAsync(response).ConfigureAwait(false);
            if (!step.IsChallenge)
                owner.Record(step.User, step.ClaimedName, mechanism, connection, step.Reason ?? "");
            return step;
        }
    }
}
