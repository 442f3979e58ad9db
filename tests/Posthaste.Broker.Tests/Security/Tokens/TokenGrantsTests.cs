using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using Posthaste.Broker.Security.Access;
using Posthaste.Broker.Security.Tokens;

namespace Posthaste.Broker.Tests.Security.Tokens;

/// <summary>What scopes allow.</summary>
public sealed class TokenGrantsTests : IDisposable
{
    private static readonly Dictionary<string, string> NoVariables = [];

    private readonly TokenHost _host = new TokenHost().Open();

    public void Dispose() => _host.Dispose();

    [Theory]
    [InlineData("read:%2F/orders", AccessKind.Read, "orders", true)]
    [InlineData("read:%2F/orders", AccessKind.Write, "orders", false)]
    [InlineData("read:%2F/orders", AccessKind.Read, "orders2", false)]
    [InlineData("read:*/orders*", AccessKind.Read, "orders2", true)]
    [InlineData("write:*/*.events", AccessKind.Write, "a.events", true)]
    [InlineData("write:*/*.events", AccessKind.Write, ".event", false)]
    [InlineData("configure:*/a*b*c", AccessKind.Configure, "aXbYc", true)]
    [InlineData("configure:*/a*b*c", AccessKind.Configure, "acb", false)]
    [InlineData("read:other/*", AccessKind.Read, "q", false)]
    [InlineData("read:*/a%2Ab", AccessKind.Read, "a*b", true)]
    [InlineData("read:*/a%2Ab", AccessKind.Read, "aXb", false)]
    [InlineData("read:*/a+b", AccessKind.Read, "a b", true)]
    [InlineData("read:*/a%2", AccessKind.Read, "a%2", false)]
    [InlineData("read:*", AccessKind.Read, "q", false)]
    [InlineData("read:*/a/b/c", AccessKind.Read, "a", false)]
    [InlineData("reads:*/*", AccessKind.Read, "q", false)]
    [InlineData("read:*/u.{sub}", AccessKind.Read, "u.ann", true)]
    [InlineData("read:*/u.{sub}", AccessKind.Read, "u.bob", false)]
    [InlineData("read:{vhost}/q", AccessKind.Read, "q", true)]
    [InlineData("read:*/{none}", AccessKind.Read, "{none}", true)]
    [InlineData("write:*/*", AccessKind.Write, "", true)]
    [InlineData("write:*/amq.default", AccessKind.Write, "", true)]
    public void A_scope_allows_what_it_says(string scope, AccessKind kind, string name, bool expected) =>
        Assert.Equal(expected, Rules(scope).May(kind, name));

    [Fact]
    public void A_claim_in_a_scope_is_no_pattern()
    {
        var claims = _host.Claims("read:*/{nick}");
        claims["nick"] = "*";
        var user = _host.Login(_host.Issuer.Sign(claims), out _)!;
        var rules = _host.Broker.Authenticator.RulesFor(user, "/");
        Assert.True(rules.May(AccessKind.Read, "*"));
        Assert.False(rules.May(AccessKind.Read, "q"));
    }

    [Fact]
    public void Keys_of_a_topic_exchange_need_a_scope_of_their_own()
    {
        var rules = Rules("write:%2F/amq.topic/a.*", "read:%2F/amq.topic", "write:%2F/free");
        Assert.True(rules.May(AccessKind.Write, "amq.topic"));
        Assert.True(rules.MayUseKey(AccessKind.Write, "amq.topic", "a.b"));
        Assert.False(rules.MayUseKey(AccessKind.Write, "amq.topic", "b"));
        Assert.True(rules.MayUseKey(AccessKind.Read, "amq.topic", "b"));
        Assert.True(rules.MayUseKey(AccessKind.Write, "free", "b"));
    }

    [Fact]
    public void All_of_everything_needs_no_more_questions_and_nothing_no_entry()
    {
        Assert.True(Rules("configure:*/*", "write:*/*", "read:*/*").IsFull);
        Assert.False(Rules("configure:*/*", "write:*/*", "read:*/*/a").IsFull);
        Assert.False(Rules("configure:*/*", "write:*/*").IsFull);
        Assert.False(Rules("read:other/*", "tag:administrator").MayEnter);
        Assert.True(Rules("read:*/q").MayEnter);
    }

    [Fact]
    public void Scopes_come_as_text_or_as_a_list_and_from_other_claims_where_they_are_told()
    {
        var claims = _host.Claims();
        claims["scope"] = new System.Text.Json.Nodes.JsonArray("posthaste.tag:a", "other.tag:b", "tag:c");
        claims["roles"] = "posthaste.tag:d";
        var token = _host.Issuer.Sign(claims);
        Assert.Equal(["a"], _host.Login(token, out _)!.Tags);
        _host.Options.Authentication.Tokens.ScopeClaims = ["roles"];
        Assert.Equal(["a", "d"], _host.Login(token, out _)!.Tags);
        _host.Options.Authentication.Tokens.ScopePrefix = "";
        Assert.Equal(["c"], _host.Login(token, out _)!.Tags);
    }

    [Fact]
    public void A_wildcard_matches_what_the_expression_does_that_stands_for_it() =>
        Prop.ForAll(ArbMap.Default.ArbFor<(byte[], byte[])>(), sample =>
        {
            // Few letters, so that they meet.
            var pattern = new string([.. sample.Item1.Select(static b => "ab*"[b % 3])]);
            var text = new string([.. sample.Item2.Select(static b => "ab"[b % 2])]);
            var model = $"^{Regex.Escape(pattern).Replace("\\*", ".*", StringComparison.Ordinal)}$";
            Assert.True(Wildcard.TryParse(pattern, NoVariables, out var wildcard));
            return wildcard.Matches(text) == Regex.IsMatch(text, model, RegexOptions.NonBacktracking);
        }).QuickCheckThrowOnFailure();

    private AccessRules Rules(params string[] scopes) =>
        _host.Broker.Authenticator.RulesFor(_host.Login(scopes)!, "/");
}
