namespace Posthaste.Broker.Security.Access;

/// <summary>
/// Where the rules of a user in a virtual host come from: the user store's permissions, or the scopes of a token.
/// Immutable, any thread; <see cref="AccessRules"/> remembers the answers.
/// </summary>
internal interface IAccessGrants
{
    /// <summary>Whether the user may enter the virtual host.</summary>
    bool MayEnter { get; }

    /// <summary>Everything is allowed: nothing has to be asked.</summary>
    bool IsFull { get; }

    /// <param name="kind">What it is about.</param>
    /// <param name="name">The queue or exchange, never empty.</param>
    bool May(AccessKind kind, string name);

    /// <summary>Whether a routing key may be used with a topic exchange.</summary>
    /// <param name="kind">Write to publish, read to bind.</param>
    /// <param name="exchange">Name of the exchange.</param>
    /// <param name="routingKey">The key.</param>
    /// <param name="clientId">MQTT's client id; empty where a protocol has none.</param>
    bool MayUseKey(AccessKind kind, string exchange, string routingKey, string clientId);
}
