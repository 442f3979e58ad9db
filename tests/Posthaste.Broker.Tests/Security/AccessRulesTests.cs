using FsCheck;
using FsCheck.Fluent;
using Posthaste.Broker.Security.Access;

namespace Posthaste.Broker.Tests.Security;

public sealed class AccessRulesTests
{
    [Theory]
    [InlineData(".*", "anything", true)]
    [InlineData("", "anything", false)]
    [InlineData("", "", false)]
    [InlineData("^$", "anything", false)]
    [InlineData("order", "my-orders", true)]
    [InlineData("^order$", "orders", false)]
    [InlineData("^(?!amq\\.).*", "amq.topic", false)]
    [InlineData("^(?!amq\\.).*", "orders", true)]
    [InlineData("^amq\\.default$", "", true)]
    public void A_pattern_matches_anywhere_unless_it_is_anchored(string pattern, string name, bool expected)
    {
        var rules = new AccessRules("u", "/", Permission.Create("", pattern, ""));
        Assert.Equal(expected, rules.May(AccessKind.Write, name));
        Assert.Equal(expected, rules.May(AccessKind.Write, name));
        Assert.False(rules.May(AccessKind.Read, name));
        Assert.False(rules.May(AccessKind.Configure, name));
    }

    [Fact]
    public void Without_a_permission_nobody_enters()
    {
        var rules = new AccessRules("u", "/", null);
        Assert.False(rules.MayEnter);
        Assert.False(rules.May(AccessKind.Read, "q"));
    }

    [Fact]
    public void A_pattern_that_explodes_matches_nothing()
    {
        // Look-ahead forces backtracking, the nested quantifier makes it exponential.
        var rules = new AccessRules("u", "/", Permission.Create("", "^(?=a)(a+)+$", ""));
        Assert.False(rules.May(AccessKind.Write, new string('a', 60) + "!"));
    }

    [Fact]
    public void A_pattern_that_is_none_says_why()
    {
        Assert.False(AccessPattern.TryParse("(", out _, out var fault));
        Assert.StartsWith("'(' is no regular expression", fault, StringComparison.Ordinal);
        Assert.False(AccessPattern.TryParse(new string('a', AccessPattern.LengthMax + 1), out _, out _));
    }

    [Fact]
    public void Topic_permissions_hold_for_their_exchange_and_stand_in_names_literally()
    {
        var rules = new AccessRules("a.b", "/", Permission.Full, new Dictionary<string, TopicPermission>
        {
            ["amq.topic"] = new("^{username}\\.{client_id}\\.", "^{vhost}"),
        });
        Assert.True(rules.MayUseKey(AccessKind.Write, "amq.topic", "a.b.c1.x", new("c1")));
        Assert.False(rules.MayUseKey(AccessKind.Write, "amq.topic", "axb.c1.x", new("c1")));
        Assert.False(rules.MayUseKey(AccessKind.Write, "amq.topic", "a.b.c2.x", new("c1")));
        Assert.True(rules.MayUseKey(AccessKind.Read, "amq.topic", "/x"));
        Assert.False(rules.MayUseKey(AccessKind.Read, "amq.topic", "x"));
        Assert.True(rules.MayUseKey(AccessKind.Write, "other", "x"));
    }

    /// <summary>As keys, `/` and `.` of topics have changed places: what is one level stays one.</summary>
    [Theory]
    [InlineData("a.b", "clients.a/b.x", true)]
    [InlineData("a.b", "clients.a.b.x", false)]
    [InlineData("a", "clients.a.b.x", true)]
    [InlineData("a", "clients.a/b.x", false)]
    [InlineData("a/b", "clients.a/b.x", false)]
    [InlineData("a/b", "clients.a.b.x", false)]
    [InlineData("a+b", "clients.a+b.x", true)]
    public void A_client_with_topics_has_its_own_level_of_them_and_nobody_elses(string id, string key, bool may)
    {
        var topics = new Dictionary<string, TopicPermission>
        {
            ["amq.topic"] = new("^clients\\.{client_id}\\.", "^clients\\.{username}\\."),
        };
        var byClient = new AccessRules("u", "/", Permission.Full, topics);
        var byUser = new AccessRules(id, "/", Permission.Full, topics);
        Assert.Equal(may, byClient.MayUseKey(AccessKind.Write, "amq.topic", key, new(id, HasTopics: true)));
        Assert.Equal(may, byUser.MayUseKey(AccessKind.Read, "amq.topic", key, new("c", HasTopics: true)));
    }

    [Fact]
    public void Every_kind_is_decided_by_its_own_pattern_alone() => Prop.ForAll(
        Gen.Elements("", "^a", "b$", ".*", "^a.*b$").Three().ToArbitrary(),
        Gen.Elements("a", "b", "ab", "ba", "axb", "x").ToArbitrary(),
        static (patterns, name) =>
        {
            var (configure, write, read) = patterns;
            var rules = new AccessRules("u", "/", Permission.Create(configure, write, read));
            return rules.May(AccessKind.Configure, name) == Naive(configure, name)
                && rules.May(AccessKind.Write, name) == Naive(write, name)
                && rules.May(AccessKind.Read, name) == Naive(read, name);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_topic_permission_is_what_its_expression_says_of_key_and_connection() => Prop.ForAll(
        Gen.Elements("", @"^{username}\.", "^{client_id}$", "{vhost}", @"^x\.{username}\.{client_id}$")
            .Two().ToArbitrary(),
        Gen.Elements("a", "a.b", "x+", "(", "").Two().ToArbitrary(),
        Gen.Elements("a.", "a.b.", "axb.", "x+", "xx", "(", "/", "x.a.a", "x.a.b.x+", "x.(.a", "").ToArbitrary(),
        static (patterns, names, key) =>
        {
            var ((write, read), (user, client)) = (patterns, names);
            var rules = new AccessRules(user, "/", Permission.Full, new Dictionary<string, TopicPermission>
            {
                ["t"] = new(write, read),
            });
            var by = new TopicClient(client);
            return rules.MayUseKey(AccessKind.Write, "t", key, by) == NaiveKey(write, user, client, key)
                && rules.MayUseKey(AccessKind.Read, "t", key, by) == NaiveKey(read, user, client, key)
                && rules.MayUseKey(AccessKind.Read, "u", key, by);
        }).QuickCheckThrowOnFailure();

    private static bool NaiveKey(string pattern, string user, string client, string key) => pattern switch
    {
        "" => false,
        "^{client_id}$" => key == client,
        "{vhost}" => key.Contains('/', StringComparison.Ordinal),
        _ when pattern[1] == 'x' => key == $"x.{user}.{client}",
        _ => key.StartsWith($"{user}.", StringComparison.Ordinal),
    };

    private static bool Naive(string pattern, string name) => pattern switch
    {
        "" => false,
        "^a" => name[0] == 'a',
        "b$" => name[^1] == 'b',
        ".*" => true,
        _ => name[0] == 'a' && name[^1] == 'b' && name.Length >= 2,
    };
}
