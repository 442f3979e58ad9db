using System.Collections.Immutable;
using Posthaste.Broker.Security.Access;

namespace Posthaste.Broker.Security.Tokens;

/// <summary>
/// What a token's scopes allow, in RabbitMQ's form:
/// <code>
///   [prefix]configure:VHOST/NAME          declare and delete
///   [prefix]write:VHOST/NAME[/KEY]        publish, bind to; KEY is asked of topic exchanges
///   [prefix]read:VHOST/NAME[/KEY]         consume, get, purge, bind from
///   [prefix]tag:TAG                       a user's tag
/// </code>
/// VHOST, NAME and KEY are wildcards. A scope that is none of these means nothing here. Immutable, any thread.
/// </summary>
public sealed class TokenGrants : IUserGrants
{
    private const string TagKind = "tag:";

    private static readonly (string Text, AccessKind Kind)[] Kinds =
        [("configure:", AccessKind.Configure), ("write:", AccessKind.Write), ("read:", AccessKind.Read)];

    private readonly ImmutableArray<string> _scopes;
    private readonly ImmutableDictionary<string, string> _variables;

    private TokenGrants(
        ImmutableArray<string> scopes, ImmutableArray<string> tags, ImmutableDictionary<string, string> variables)
    {
        (_scopes, Tags, _variables) = (scopes, tags, variables);
    }

    bool IUserGrants.AsksElsewhere => false;

    /// <summary>The user's tags.</summary>
    public ImmutableArray<string> Tags { get; }

    /// <param name="scopes">As the token has them; those without the prefix are somebody else's.</param>
    /// <param name="prefix">What those for this broker begin with.</param>
    /// <param name="variables">Claims that scopes may refer to.</param>
    internal static TokenGrants Of(
        IEnumerable<string> scopes, string prefix, ImmutableDictionary<string, string> variables)
    {
        var own = scopes.Where(scope => scope.StartsWith(prefix, StringComparison.Ordinal))
            .Select(scope => scope[prefix.Length..])
            .ToLookup(static scope => scope.StartsWith(TagKind, StringComparison.Ordinal));
        return new TokenGrants(
            [.. own[false]], [.. own[true].Select(static scope => scope[TagKind.Length..]).Distinct()], variables);
    }

    ValueTask IUserGrants.PrepareAsync(string virtualHost) => ValueTask.CompletedTask;

    /// <summary>What they allow in a virtual host.</summary>
    public AccessRules RulesFor(string virtualHost)
    {
        // The virtual host is the broker's word: no claim of that name comes before it.
        var variables = _variables.SetItem("vhost", virtualHost);
        var scopes = _scopes.Select(text => Parse(text, virtualHost, variables)).OfType<Scope>();
        return new AccessRules(new ScopeGrants([.. scopes]));
    }

    /// <summary>Null when the scope is none of a permission in this virtual host.</summary>
    private static Scope? Parse(string text, string virtualHost, ImmutableDictionary<string, string> variables)
    {
        foreach (var (name, kind) in Kinds)
        {
            if (!text.StartsWith(name, StringComparison.Ordinal)) continue;
            var parts = text[name.Length..].Split('/');
            if (parts.Length is not (2 or 3)
                || !Wildcard.TryParse(parts[0], variables, out var host) || !host.Matches(virtualHost)
                || !Wildcard.TryParse(parts[1], variables, out var resource))
            {
                return null;
            }

            if (parts.Length == 2) return new Scope(kind, resource, Wildcard.Any);
            return Wildcard.TryParse(parts[2], variables, out var key) ? new Scope(kind, resource, key) : null;
        }

        return null;
    }

    private sealed record Scope(AccessKind Kind, Wildcard Name, Wildcard Key)
    {
        public bool IsFull => Name.IsAny && Key.IsAny;
    }

    /// <summary>The scopes that are about one virtual host.</summary>
    private sealed class ScopeGrants(ImmutableArray<Scope> scopes) : IAccessGrants
    {
        public bool MayEnter => !scopes.IsEmpty;

        public bool IsFull { get; } =
            Kinds.All(entry => scopes.Any(scope => scope.Kind == entry.Kind && scope.IsFull));

        public bool IsFixed => true;

        public bool May(AccessKind kind, AccessTarget target, string name) =>
            scopes.Any(scope => scope.Kind == kind && scope.Name.Matches(name));

        public bool MayUseKey(AccessKind kind, string exchange, string routingKey, TopicClient client) =>
            scopes.Any(scope =>
                scope.Kind == kind && scope.Name.Matches(exchange) && scope.Key.Matches(routingKey));
    }
}
