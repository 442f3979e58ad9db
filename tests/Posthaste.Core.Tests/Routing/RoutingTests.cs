using Posthaste.Core.Catalog;
using Posthaste.Core.Routing;
using Posthaste.Core.Tests.Catalog;
using Posthaste.Primitives.Tables;
using static Posthaste.Core.Tests.Catalog.TestCatalog;

namespace Posthaste.Core.Tests.Routing;

public sealed class RoutingTests
{
    private readonly TestCatalog _catalog = new TestCatalog().WithQueues("a", "b", "c", "ünïcode");

    [Fact]
    public void The_default_exchange_reaches_each_queue_by_its_name()
    {
        Assert.Equal(["a"], _catalog.Route("", "a"));
        Assert.Equal(["ünïcode"], _catalog.Route("", "ünïcode"));
        Assert.Empty(_catalog.Route("", "nobody"));
        Assert.Empty(_catalog.Route("", ""));
    }

    [Fact]
    public void Direct_reaches_all_queues_bound_with_the_key_each_once()
    {
        Done(_catalog.Bind("amq.direct", "a", "k"));
        Done(_catalog.Bind("amq.direct", "a", "k", [new("note", 1)]));
        Done(_catalog.Bind("amq.direct", "b", "k"));
        Done(_catalog.Bind("amq.direct", "c", "other"));
        Assert.Equal(["a", "b"], _catalog.Route("amq.direct", "k"));

        Done(_catalog.Unbind("amq.direct", "a", "k"));
        Assert.Equal(["a", "b"], _catalog.Route("amq.direct", "k"));
        Done(_catalog.Unbind("amq.direct", "a", "k", [new("note", 1)]));
        Assert.Equal(["b"], _catalog.Route("amq.direct", "k"));
    }

    [Fact]
    public void Fanout_ignores_the_key()
    {
        Done(_catalog.Bind("amq.fanout", "a", "x"));
        Done(_catalog.Bind("amq.fanout", "a", "y"));
        Done(_catalog.Bind("amq.fanout", "b"));
        Assert.Equal(["a", "b"], _catalog.Route("amq.fanout", "whatever"));
        Done(_catalog.Unbind("amq.fanout", "a", "x"));
        Assert.Equal(["a", "b"], _catalog.Route("amq.fanout", ""));
        Done(_catalog.Unbind("amq.fanout", "a", "y"));
        Assert.Equal(["b"], _catalog.Route("amq.fanout", ""));
    }

    [Theory]
    [InlineData("", "", true)]
    [InlineData("#", "", true)]
    [InlineData("*", "", false)]
    [InlineData("#", "a.b.c", true)]
    [InlineData("*", "a", true)]
    [InlineData("*", "a.b", false)]
    [InlineData("a.*", "a.", true)]
    [InlineData("a.#", "a", true)]
    [InlineData("a.#", "a.b.c", true)]
    [InlineData("#.c", "c", true)]
    [InlineData("#.c", "a.b.c", true)]
    [InlineData("#.c", "a.b.c.d", false)]
    [InlineData("a.#.d", "a.d", true)]
    [InlineData("a.#.d", "a.b.c.d", true)]
    [InlineData("#.a.#", "x.a.y", true)]
    [InlineData("#.*", "", false)]
    [InlineData("*.#", "a.b", true)]
    [InlineData("a..b", "a..b", true)]
    [InlineData("a.b", "a..b", false)]
    [InlineData("a*", "ab", false)]
    [InlineData("a*", "a*", true)]
    [InlineData("a", "*", false)]
    [InlineData("a.b", "a.#", false)]
    [InlineData(".", ".", true)]
    [InlineData("*.*", ".", true)]
    [InlineData("*.a", ".a", true)]
    [InlineData("a", ".a", false)]
    [InlineData("a", "a.", false)]
    [InlineData("a.*.b", "a..b", true)]
    [InlineData("a.#", "a..", true)]
    [InlineData("#.b", "..b", true)]
    [InlineData("#", "..", true)]
    [InlineData("*", "..", false)]
    public void Topic_patterns(string pattern, string key, bool matches)
    {
        Done(_catalog.Bind("amq.topic", "a", pattern));
        Assert.Equal(matches ? ["a"] : [], _catalog.Route("amq.topic", key));
        Done(_catalog.Unbind("amq.topic", "a", pattern));
        Assert.Empty(_catalog.Route("amq.topic", key));
    }

    [Fact]
    public void Adversarial_patterns_cost_no_more_than_words_times_nodes()
    {
        var hashes = string.Join('.', Enumerable.Repeat("#.a", 60)) + ".z";
        Done(_catalog.Bind("amq.topic", "a", hashes));
        Done(_catalog.Bind("amq.topic", "b", string.Join('.', Enumerable.Repeat("#", 100))));
        Done(_catalog.Bind("amq.topic", "c", string.Join('.', Enumerable.Repeat("#.*", 60))));
        var key = string.Join('.', Enumerable.Repeat("a", 127));

        // 2 to the power of 60 and more for a matcher that backtracks: it would not return.
        Assert.Equal(["b", "c"], _catalog.Route("amq.topic", key));
        Assert.Equal(["a", "b", "c"], _catalog.Route("amq.topic", key[..^1] + "z"));
    }

    [Fact]
    public void Messages_go_from_exchange_to_exchange_and_loops_end()
    {
        Done(_catalog.Exchange("x", "topic"));
        Done(_catalog.Exchange("y", "fanout", isInternal: true));
        Done(_catalog.BindExchange("x", "y", "k.#"));
        Done(_catalog.BindExchange("y", "x"));
        Done(_catalog.BindExchange("y", "y"));
        Done(_catalog.Bind("y", "a"));
        Done(_catalog.Bind("x", "a", "k.*"));
        Done(_catalog.Bind("x", "b", "#"));
        Assert.Equal(["a", "b"], _catalog.Route("x", "k.1"));
        Assert.Equal(["b"], _catalog.Route("x", "other"));
        Assert.Equal(["a", "b"], _catalog.Route("y", "other"));
    }

    [Fact]
    public void The_alternate_exchange_takes_what_no_binding_matches()
    {
        Done(_catalog.Exchange("main", "direct", [new("alternate-exchange", "spare")]));
        Done(_catalog.Bind("main", "a", "k"));
        Assert.Empty(_catalog.Route("main", "other"));
        Done(_catalog.Exchange("spare", "fanout", [new("alternate-exchange", "main")]));
        Assert.Empty(_catalog.Route("main", "other"));
        Done(_catalog.Bind("spare", "b"));
        Assert.Equal(["b"], _catalog.Route("main", "other"));
        Assert.Equal(["a"], _catalog.Route("main", "k"));
        Assert.Equal(["a"], _catalog.Route("main", "other", null, "k"));
    }

    [Fact]
    public void Several_keys_reach_each_queue_once()
    {
        Done(_catalog.Bind("amq.topic", "a", "1.#"));
        Done(_catalog.Bind("amq.topic", "a", "2"));
        Done(_catalog.Bind("amq.topic", "b", "3"));
        Assert.Equal(["a", "b"], _catalog.Route("amq.topic", "1", null, "2", "3", "4"));
    }

    [Fact]
    public void Headers_match_all_or_any()
    {
        Done(_catalog.Bind("amq.headers", "a", "", [new("x-match", "all"), new("p", 1), new("q", "s"), new("x-r", 1)]));
        Done(_catalog.Bind("amq.headers", "b", "", [new("x-match", "any"), new("p", 1), new("q", "s")]));
        Done(_catalog.Bind("amq.headers", "c", "", [new("x-match", "any-with-x"), new("x-r", 1)]));

        Assert.Empty(_catalog.Route("amq.headers", "k"));
        Assert.Equal(["a", "b"], Headers([new("p", 1L), new("q", "s")]));
        Assert.Equal(["b"], Headers([new("p", 1), new("q", "t")]));
        Assert.Equal(["c"], Headers([new("x-r", 1)]));
        Assert.Empty(Headers([new("p", "1")]));
    }

    [Fact]
    public void Headers_without_values_ask_for_presence_and_empty_conditions_follow_the_mode()
    {
        Done(_catalog.Bind("amq.match", "a", "", [new("p", FieldValue.Void)]));
        Done(_catalog.Bind("amq.match", "b"));
        Done(_catalog.Bind("amq.match", "c", "", [new("x-match", "any")]));
        Done(_catalog.Bind("amq.match", "ünïcode", "", [new("x-match", "all-with-x"), new("x-r", 1)]));
        Assert.Equal(["a", "b"], Headers([new("p", "anything")], "amq.match"));
        Assert.Equal(["b"], Headers([], "amq.match"));
        Assert.Equal(["b", "ünïcode"], Headers([new("x-r", 1)], "amq.match"));
    }

    [Fact]
    public void A_result_says_whether_other_headers_could_have_led_elsewhere()
    {
        Done(_catalog.Exchange("before", "fanout"));
        Done(_catalog.BindExchange("before", "amq.headers"));
        Done(_catalog.Bind("amq.headers", "a"));
        Assert.True(_catalog.Catalog.TryGetExchange("before", out var exchange));
        var result = new RouteResult();
        _catalog.Catalog.Route(exchange, [], RouteHeaders.None, result);
        Assert.False(result.DependsOnHeaders);

        Done(_catalog.Bind("amq.headers", "b", "", [new("p", 1)]));
        _catalog.Catalog.Route(exchange, [], RouteHeaders.None, result);
        Assert.True(result.DependsOnHeaders);
        Assert.Equal(1, result.Count);
        result.Clear();
        Assert.False(result.DependsOnHeaders);
    }

    [Fact]
    public void The_version_grows_with_whatever_can_change_a_route_and_with_nothing_else()
    {
        Changes(true, () => _catalog.Queue("new"));
        Changes(false, () => _catalog.Queue("new"));
        Changes(true, () => _catalog.Bind("amq.direct", "new", "k"));
        Changes(false, () => _catalog.Bind("amq.direct", "new", "k"));
        Changes(false, () => _catalog.Unbind("amq.direct", "new", "other"));
        Changes(true, () => _catalog.Unbind("amq.direct", "new", "k"));
        Changes(true, () => _catalog.Exchange("x"));
        Changes(false, () => _catalog.Exchange("x"));
        Changes(true, () => _catalog.Catalog.DeleteExchange("x", ifUnused: false));
        Changes(false, () => _catalog.Catalog.DeleteExchange("x", ifUnused: false));
        Changes(true, () => _catalog.Catalog.DeleteQueue("new", false, false, Me));

        void Changes(bool expected, Func<CatalogOutcome> command)
        {
            var before = _catalog.Catalog.Version;
            Assert.Equal(expected, Done(command()).Changed);
            Assert.Equal(expected, _catalog.Catalog.Version > before);
        }
    }

    private string[] Headers(FieldTable headers, string exchange = "amq.headers") =>
        _catalog.Route(exchange, "", new TableHeaders(headers));
}
