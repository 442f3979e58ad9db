using System.Security.Cryptography;
using System.Text;
using Posthaste.Broker.Protocols;
using Posthaste.Broker.Security.Access;
using Posthaste.Broker.Security.Sasl;

namespace Posthaste.Broker.Security;

/// <summary>
/// The user store of a broker that nobody has configured: <c>guest</c>/<c>guest</c>, from this machine only, as
/// RabbitMQ's `loopback_users` has it. From elsewhere nobody gets in.
/// </summary>
public sealed class LoopbackGuestAuthenticator : IAuthenticator
{
    private const string Guest = "guest";
    private static readonly BrokerUser GuestUser = new(Guest);
    private static readonly string[] Mechanisms = [SaslResponses.Plain, SaslResponses.AmqPlain];

    event Action<string?>? IAuthenticator.AccessChanged
    {
        // Nothing ever changes.
        add { }
        remove { }
    }

    public IReadOnlyList<string> MechanismsFor(ProtocolConnection connection) => Mechanisms;

    public SaslExchange? Begin(string mechanism, ProtocolConnection connection) =>
        Mechanisms.Contains(mechanism) ? new PasswordExchange(this, mechanism, connection) : null;

    public ValueTask<LoginOutcome> AuthenticateAsync(Credentials credentials, ProtocolConnection connection)
    {
        var known = Equal(credentials.UserName, Guest) & Equal(credentials.Password, Guest);
        return new(
            !known ? LoginOutcome.Refuse("invalid credentials")
            : connection.IsLoopback ? LoginOutcome.Admit(GuestUser)
            : LoginOutcome.Refuse("user 'guest' can only connect via localhost"));
    }

    public AccessRules RulesFor(BrokerUser user, string virtualHost) => AccessRules.Unchecked;

    private static bool Equal(string left, string right) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(left), Encoding.UTF8.GetBytes(right));
}
