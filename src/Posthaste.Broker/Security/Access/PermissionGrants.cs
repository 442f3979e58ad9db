using System.Collections.Concurrent;

namespace Posthaste.Broker.Security.Access;

/// <summary>What the user store says: a permission, and topic permissions by exchange.</summary>
internal sealed class PermissionGrants(
    string user, string virtualHost, Permission? permission, IReadOnlyDictionary<string, TopicPermission> topics)
    : IAccessGrants
{
    /// <summary>Expanded expressions remembered, one a client id; all are forgotten beyond.</summary>
    private const int ExpandedMax = 4_096;

    private readonly ConcurrentDictionary<(string Pattern, TopicClient Client), AccessPattern> _expanded = new();

    public bool MayEnter => permission is not null;

    public bool IsFull { get; } =
        permission is { Configure.Text: ".*", Write.Text: ".*", Read.Text: ".*" } && topics.Count == 0;

    public bool IsFixed => true;

    public bool May(AccessKind kind, AccessTarget target, string name) =>
        permission is not null && permission.For(kind).Matches(name);

    public bool MayUseKey(AccessKind kind, string exchange, string routingKey, TopicClient client)
    {
        if (!topics.TryGetValue(exchange, out var topic)) return true;
        var pattern = kind == AccessKind.Write ? topic.Write : topic.Read;
        return Expand(pattern, client).Matches(routingKey);
    }

    private AccessPattern Expand(string pattern, TopicClient client)
    {
        if (_expanded.TryGetValue((pattern, client), out var known)) return known;
        var text = pattern
            .Replace("{username}", client.Expand(user), StringComparison.Ordinal)
            .Replace("{vhost}", client.Expand(virtualHost), StringComparison.Ordinal)
            .Replace("{client_id}", client.Expand(client.Id), StringComparison.Ordinal);

        // Only the names in it are new since it was checked; one that makes it too long matches nothing.
        var expanded = AccessPattern.TryParse(text, out var parsed, out _) ? parsed : AccessPattern.None;
        if (_expanded.Count >= ExpandedMax) _expanded.Clear();
        return _expanded[(pattern, client)] = expanded;
    }
}
