using System.Collections.Concurrent;

namespace Posthaste.Broker.Security.Access;

/// <summary>
/// What one user may do in one virtual host, ready to be asked: decisions are remembered by name. Immutable but for
/// that; a change of permissions makes new rules. Any thread.
/// </summary>
public sealed class AccessRules
{
    /// <summary>
    /// Decisions remembered; all are forgotten beyond. 4,096 names are more than nearly any connection touches.
    /// </summary>
    private const int DecisionsMax = 4_096;

    private static readonly Dictionary<string, TopicPermission> NoTopics = [];

    private readonly IAccessGrants _grants;
    private readonly ConcurrentDictionary<(AccessKind Kind, string Name), bool> _decisions = new();

    /// <param name="user">Name of the user.</param>
    /// <param name="virtualHost">Name of the virtual host.</param>
    /// <param name="permission">Null: the user has none here.</param>
    /// <param name="topics">Topic permissions by exchange.</param>
    public AccessRules(
        string user, string virtualHost, Permission? permission,
        IReadOnlyDictionary<string, TopicPermission>? topics = null)
        : this(new PermissionGrants(user, virtualHost, permission, topics ?? NoTopics))
    {
    }

    internal AccessRules(IAccessGrants grants)
    {
        _grants = grants;
        IsFull = grants.IsFull;
    }

    /// <summary>Everything is allowed: nothing has to be asked.</summary>
    public bool IsFull { get; }

    /// <summary>Whether the user may enter the virtual host.</summary>
    public bool MayEnter => _grants.MayEnter;

    /// <summary>Everything, for the broker itself and for those that are not checked.</summary>
    public static AccessRules Unchecked { get; } = new("", "", Permission.Full);

    /// <param name="kind">What is to be done.</param>
    /// <param name="name">The queue or exchange; the default exchange is called `amq.default` here.</param>
    /// <param name="target">Which of both it is.</param>
    public bool May(AccessKind kind, string name, AccessTarget target = AccessTarget.Queue)
    {
        if (IsFull) return true;
        if (!_grants.IsFixed) return _grants.May(kind, target, name.Length == 0 ? "amq.default" : name);
        if (_decisions.TryGetValue((kind, name), out var known)) return known;
        var decision = _grants.May(kind, target, name.Length == 0 ? "amq.default" : name);
        if (_decisions.Count >= DecisionsMax) _decisions.Clear();
        return _decisions[(kind, name)] = decision;
    }

    /// <summary>
    /// Whether a routing key may be used with a topic exchange: <see cref="AccessKind.Write"/> to publish, <see
    /// cref="AccessKind.Read"/> to bind.
    /// </summary>
    /// <param name="kind">What it is about.</param>
    /// <param name="exchange">Name of the exchange.</param>
    /// <param name="routingKey">The key.</param>
    /// <param name="client">What variables of a permission stand for.</param>
    public bool MayUseKey(AccessKind kind, string exchange, string routingKey, TopicClient client = default) =>
        IsFull || _grants.MayUseKey(kind, exchange, routingKey, client);
}
