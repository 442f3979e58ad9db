using System.Collections.Concurrent;
using System.Text.RegularExpressions;

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

    private readonly Permission? _permission;
    private readonly IReadOnlyDictionary<string, TopicPermission> _topics;
    private readonly string _user;
    private readonly string _virtualHost;
    private readonly ConcurrentDictionary<(AccessKind Kind, string Name), bool> _decisions = new();
    private readonly ConcurrentDictionary<(string Pattern, string ClientId), AccessPattern> _expanded = new();

    /// <param name="user">Name of the user.</param>
    /// <param name="virtualHost">Name of the virtual host.</param>
    /// <param name="permission">Null: the user has none here.</param>
    /// <param name="topics">Topic permissions by exchange.</param>
    public AccessRules(
        string user, string virtualHost, Permission? permission,
        IReadOnlyDictionary<string, TopicPermission>? topics = null)
    {
        _user = user;
        _virtualHost = virtualHost;
        _permission = permission;
        _topics = topics ?? new Dictionary<string, TopicPermission>();
        IsFull = permission is { Configure.Text: ".*", Write.Text: ".*", Read.Text: ".*" } && _topics.Count == 0;
    }

    /// <summary>Everything is allowed: nothing has to be asked.</summary>
    public bool IsFull { get; }

    /// <summary>Whether the user may enter the virtual host.</summary>
    public bool MayEnter => _permission is not null;

    /// <summary>Everything, for the broker itself and for those that are not checked.</summary>
    public static AccessRules Unchecked { get; } = new("", "", Permission.Full);

    /// <param name="kind">What it is about.</param>
    /// <param name="name">The queue or exchange; the default exchange is called `amq.default` here.</param>
    public bool May(AccessKind kind, string name)
    {
        if (IsFull) return true;
        if (_permission is null) return false;
        if (_decisions.TryGetValue((kind, name), out var known)) return known;
        var decision = _permission.For(kind).Matches(name.Length == 0 ? "amq.default" : name);
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
    /// <param name="clientId">What `{client_id}` stands for; empty where a protocol has none.</param>
    public bool MayUseKey(AccessKind kind, string exchange, string routingKey, string clientId = "")
    {
        if (IsFull || !_topics.TryGetValue(exchange, out var topic)) return true;
        var pattern = kind == AccessKind.Write ? topic.Write : topic.Read;
        return Expand(pattern, clientId).Matches(routingKey);
    }

    private AccessPattern Expand(string pattern, string clientId)
    {
        if (_expanded.TryGetValue((pattern, clientId), out var known)) return known;
        var text = pattern
            .Replace("{username}", Regex.Escape(_user), StringComparison.Ordinal)
            .Replace("{vhost}", Regex.Escape(_virtualHost), StringComparison.Ordinal)
            .Replace("{client_id}", Regex.Escape(clientId), StringComparison.Ordinal);

        // Only the names in it are new since it was checked; one that makes it too long matches nothing.
        var expanded = AccessPattern.TryParse(text, out var parsed, out _) ? parsed : AccessPattern.None;
        if (_expanded.Count >= DecisionsMax) _expanded.Clear();
        return _expanded[(pattern, clientId)] = expanded;
    }
}
