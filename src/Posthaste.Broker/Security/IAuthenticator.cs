using System.Collections.Immutable;
using Posthaste.Broker.Protocols;
using Posthaste.Broker.Security.Access;
using Posthaste.Broker.Security.Sasl;

namespace Posthaste.Broker.Security;

/// <summary>What a client presents to prove who it is. Which fields are set depends on the mechanism.</summary>
public readonly record struct Credentials(string Mechanism, string UserName, string Password)
{
    /// <summary>MQTT's client identifier; null where a protocol has none.</summary>
    public string? ClientId { get; init; }

    /// <summary>Where the client is going, if it says so with its login; else null.</summary>
    public string? VirtualHost { get; init; }
}

/// <summary>Someone who may use the broker.</summary>
/// <param name="Name">User name; what the `user-id` property of a message has to equal.</param>
/// <param name="MayImpersonate">May publish with any `user-id` (RabbitMQ's tag `impersonator`).</param>
public sealed record BrokerUser(string Name, bool MayImpersonate = false)
{
    /// <summary>What the user may do beyond messages, as it was at the login.</summary>
    public ImmutableArray<string> Tags { get; init; } = [];

    /// <summary>
    /// What the access token or a service allows; null for a user of the store, whose permissions are there.
    /// </summary>
    public IUserGrants? Grants { get; init; }

    /// <summary>
    /// When the login ends unless it is renewed, in milliseconds since the Unix epoch; null: never.
    /// </summary>
    public long? ExpiresAtMs { get; init; }
}

/// <summary>What was decided about a login.</summary>
/// <param name="User">Who it is; null when refused.</param>
/// <param name="Reason">Why it was refused, for the log, never for the client.</param>
public readonly record struct LoginOutcome(BrokerUser? User, string Reason)
{
    public static LoginOutcome Admit(BrokerUser user) => new(user, "");

    public static LoginOutcome Refuse(string reason) => new(null, reason);
}

/// <summary>
/// Decides who is who. The one seam for every protocol and every mechanism (user store, certificates, tokens).
/// </summary>
public interface IAuthenticator
{
    /// <summary>SASL mechanisms offered on this connection, in order of preference.</summary>
    IReadOnlyList<string> MechanismsFor(ProtocolConnection connection);

    /// <summary>
    /// Begins an authentication by a mechanism; null when it is not offered on this connection.
    /// </summary>
    SaslExchange? Begin(string mechanism, ProtocolConnection connection);

    /// <summary>
    /// Decides about credentials; done already where nobody else has to be asked and no slow hash to be made.
    /// </summary>
    /// <remarks>For protocols that bring name and password as such, and for secrets renewed later.</remarks>
    ValueTask<LoginOutcome> AuthenticateAsync(Credentials credentials, ProtocolConnection connection);

    /// <summary>
    /// What the user may do in a virtual host. Asked when a connection opens; when the answer changes later, the broker
    /// is told by <see cref="AccessChanged"/> and asks again.
    /// </summary>
    AccessRules RulesFor(BrokerUser user, string virtualHost);

    /// <summary>
    /// Rules of the named user have changed, or of all when it is null. Any thread; raised without locks held.
    /// </summary>
    event Action<string?>? AccessChanged;
}
