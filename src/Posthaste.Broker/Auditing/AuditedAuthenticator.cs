using Posthaste.Broker.Protocols;
using Posthaste.Broker.Security;
using Posthaste.Broker.Security.Access;
using Posthaste.Broker.Security.Sasl;
using Posthaste.Broker.Statistics;

namespace Posthaste.Broker.Auditing;

/// <summary>
/// Records and counts every login that an authenticator decides, whatever the protocol and the mechanism. Requests to
/// the management API are a login each, so only those that fail are recorded. Any thread.
/// </summary>
internal sealed class AuditedAuthenticator(IAuthenticator inner, AuditLog audit, BrokerStatistics statistics)
    : IAuthenticator
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
        statistics.CountLogin(connection.Listener, succeeded: user is not null);
        if (user is null)
            audit.Write(AuditEvents.LoginFailed, claimed, connection, mechanism, reason);
        else if (connection.Listener != ProtocolConnection.ManagementListener)
            audit.Write(AuditEvents.LoginSucceeded, user.Name, connection, mechanism);
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
