namespace Posthaste.Broker.Security.Access;

/// <summary>
/// Where the rules of a user in a virtual host come from: the user store's permissions, the scopes of a token, or a
/// service. Any thread.
/// </summary>
internal interface IAccessGrants
{
    /// <summary>Whether the user may enter the virtual host.</summary>
    bool MayEnter { get; }

    /// <summary>Everything is allowed: nothing has to be asked.</summary>
    bool IsFull { get; }

    /// <summary>
    /// Whether answers never change, so that <see cref="AccessRules"/> may remember them; those that do are remembered
    /// by the grants.
    /// </summary>
    bool IsFixed { get; }

    /// <param name="kind">What is to be done.</param>
    /// <param name="target">What it is about.</param>
    /// <param name="name">The queue or exchange, never empty.</param>
    bool May(AccessKind kind, AccessTarget target, string name);

    /// <summary>Whether a routing key may be used with a topic exchange.</summary>
    /// <param name="kind">Write to publish, read to bind.</param>
    /// <param name="exchange">Name of the exchange.</param>
    /// <param name="routingKey">The key.</param>
    /// <param name="client">What variables of a permission stand for.</param>
    bool MayUseKey(AccessKind kind, string exchange, string routingKey, TopicClient client);
}
