using Posthaste.Interop.Tests.Infrastructure;
using RabbitMQ.Client;

namespace Posthaste.Interop.Tests.RabbitMqClient;

public sealed class RoutingTests(BrokerFixture broker) : BrokerTest(broker)
{
    [BrokerFact]
    public async Task A_direct_exchange_matches_the_whole_key()
    {
        string exchange = await ExchangeAsync("direct");
        string red = await QueueAsync("red");
        string both = await QueueAsync("both");
        await Channel.QueueBindAsync(red, exchange, "red");
        await Channel.QueueBindAsync(both, exchange, "red");
        await Channel.QueueBindAsync(both, exchange, "blue");
        foreach (string key in (string[])["red", "blue", "Red", "re", ""])
            await PublishAsync(exchange, key, key);
        Assert.Equal(["red"], await DrainAsync(red));
        Assert.Equal(["red", "blue"], await DrainAsync(both));
    }

    [BrokerFact]
    public async Task A_queue_gets_one_copy_however_many_bindings_match()
    {
        string exchange = await ExchangeAsync("topic");
        string queue = await QueueAsync();
        foreach (string pattern in (string[])["#", "a.*", "a.b", "*.b"])
            await Channel.QueueBindAsync(queue, exchange, pattern);
        await PublishAsync(exchange, "a.b", "once");
        Assert.Equal(["once"], await DrainAsync(queue));
    }

    [BrokerFact]
    public async Task A_fanout_exchange_ignores_the_key()
    {
        string exchange = await ExchangeAsync("fanout");
        string first = await QueueAsync("first");
        string second = await QueueAsync("second");
        await Channel.QueueBindAsync(first, exchange, "ignored");
        await Channel.QueueBindAsync(second, exchange, "");
        await PublishAsync(exchange, "anything", "all");
        Assert.Equal(["all"], await DrainAsync(first));
        Assert.Equal(["all"], await DrainAsync(second));
    }

    [BrokerTheory]
    [InlineData("#", "", true)]
    [InlineData("#", "a.b.c", true)]
    [InlineData("*", "a", true)]
    [InlineData("*", "", false)]
    [InlineData("*", "a.b", false)]
    [InlineData("*.*", ".", true)]
    [InlineData("a.*.c", "a.b.c", true)]
    [InlineData("a.*.c", "a..c", true)]
    [InlineData("a.*.c", "a.c", false)]
    [InlineData("a.#", "a", true)]
    [InlineData("a.#", "a.b.c.d", true)]
    [InlineData("a.#", "ab", false)]
    [InlineData("#.c", "c", true)]
    [InlineData("#.c", "a.b.c", true)]
    [InlineData("a.#.c", "a.c", true)]
    [InlineData("a.#.c", "a.b.b.c", true)]
    [InlineData("a.#.c", "a.b.c.d", false)]
    [InlineData("#.b.#", "a.b.c", true)]
    [InlineData("#.#", "", true)]
    [InlineData("*.#.*", "a", false)]
    [InlineData("*.#.*", "a.b", true)]
    [InlineData("a*", "ab", false)]
    [InlineData("a*", "a*", true)]
    public async Task Topic_patterns_match_by_word(string pattern, string key, bool matches)
    {
        string exchange = await ExchangeAsync("topic");
        string queue = await QueueAsync();
        await Channel.QueueBindAsync(queue, exchange, pattern);
        await PublishAsync(exchange, key, "hit");
        Assert.Equal(matches ? ["hit"] : [], await DrainAsync(queue));
    }

    [BrokerFact]
    public async Task Unbinding_ends_the_routing_and_is_idempotent()
    {
        string exchange = await ExchangeAsync("direct");
        string queue = await QueueAsync();
        await Channel.QueueBindAsync(queue, exchange, "key");
        await Channel.QueueBindAsync(queue, exchange, "key");
        await PublishAsync(exchange, "key", "one");
        await Channel.QueueUnbindAsync(queue, exchange, "key");
        await Channel.QueueUnbindAsync(queue, exchange, "key");
        await PublishAsync(exchange, "key", "two");
        Assert.Equal(["one"], await DrainAsync(queue));
    }

    [BrokerFact]
    public async Task Bindings_differ_by_their_arguments()
    {
        string exchange = await ExchangeAsync("direct");
        string queue = await QueueAsync();
        await Channel.QueueBindAsync(queue, exchange, "key", Table(("a", 1)));
        await Channel.QueueBindAsync(queue, exchange, "key", Table(("a", 2)));
        await Channel.QueueUnbindAsync(queue, exchange, "key", Table(("a", 1)));
        await PublishAsync(exchange, "key", "still bound");
        Assert.Equal(["still bound"], await DrainAsync(queue));
    }

    [BrokerFact]
    public async Task The_default_exchange_routes_by_queue_name_and_cannot_be_bound()
    {
        string queue = await QueueAsync();
        await FillAsync(queue, "by name");
        Assert.Equal(["by name"], await DrainAsync(queue));

        const string Text = "ACCESS_REFUSED - operation not permitted on the default exchange";
        await using (IChannel channel = await ChannelAsync())
            await RefusedAsync(403, Text, () => channel.QueueBindAsync(queue, "", "key"));
        await using (IChannel channel = await ChannelAsync())
            await RefusedAsync(403, Text, () => channel.QueueUnbindAsync(queue, "", queue));
        await using (IChannel channel = await ChannelAsync())
            await RefusedAsync(403, Text, () => channel.ExchangeBindAsync("", "amq.direct", "key"));
    }

    [BrokerFact]
    public async Task Binding_to_what_does_not_exist_is_404()
    {
        string missing = Name("missing");
        string queue = await QueueAsync();
        await using (IChannel channel = await ChannelAsync())
        {
            await RefusedAsync(404, $"NOT_FOUND - no exchange '{missing}' in vhost '/'",
                () => channel.QueueBindAsync(queue, missing, "key"));
        }
        await RefusedAsync(404, $"NOT_FOUND - no queue '{missing}' in vhost '/'",
            () => Channel.QueueBindAsync(missing, "amq.direct", "key"));
    }

    [BrokerFact]
    public async Task An_alternate_exchange_takes_what_nothing_else_matched()
    {
        string alternate = await ExchangeAsync("fanout", "alternate");
        string exchange = await ExchangeAsync("direct", "exchange", ("alternate-exchange", alternate));
        string matched = await QueueAsync("matched");
        string rest = await QueueAsync("rest");
        await Channel.QueueBindAsync(matched, exchange, "known");
        await Channel.QueueBindAsync(rest, alternate, "");
        await PublishAsync(exchange, "known", "matched");
        await PublishAsync(exchange, "unknown", "rest");
        Assert.Equal(["matched"], await DrainAsync(matched));
        BasicGetResult message = await GetAsync(rest);
        Assert.Equal(("rest", exchange, "unknown"), (Body(message), message.Exchange, message.RoutingKey));
    }

    [BrokerFact]
    public async Task Alternate_exchanges_chain_and_a_missing_one_drops_the_message()
    {
        string last = await ExchangeAsync("fanout", "last");
        string middle = await ExchangeAsync("direct", "middle", ("alternate-exchange", last));
        string first = await ExchangeAsync("direct", "first", ("alternate-exchange", middle));
        string orphan = await ExchangeAsync("direct", "orphan", ("alternate-exchange", Name("missing")));
        string queue = await QueueAsync();
        await Channel.QueueBindAsync(queue, last, "");
        await PublishAsync(first, "key", "through two");
        await PublishAsync(orphan, "key", "nowhere");
        Assert.Equal(["through two"], await DrainAsync(queue));
    }

    [BrokerFact]
    public async Task Exchanges_bound_to_each_other_route_on_and_end_loops()
    {
        string source = await ExchangeAsync("topic", "source");
        string sink = await ExchangeAsync("fanout", "sink");
        string queue = await QueueAsync();
        await Channel.ExchangeBindAsync(sink, source, "orders.#");
        await Channel.ExchangeBindAsync(source, sink, "");
        await Channel.QueueBindAsync(queue, sink, "");
        await Channel.QueueBindAsync(queue, source, "#");
        await PublishAsync(source, "orders.new", "once");
        Assert.Equal(["once"], await DrainAsync(queue));

        await Channel.ExchangeUnbindAsync(sink, source, "orders.#");
        await Channel.QueueUnbindAsync(queue, source, "#");
        await PublishAsync(source, "orders.new", "unbound");
        Assert.Empty(await DrainAsync(queue));
    }

    [BrokerFact]
    public async Task Exchange_bindings_to_what_does_not_exist_are_404()
    {
        string exchange = await ExchangeAsync("fanout");
        string missing = Name("missing");
        await using IChannel channel = await ChannelAsync();
        await RefusedAsync(404, $"NOT_FOUND - no exchange '{missing}' in vhost '/'",
            () => channel.ExchangeBindAsync(missing, exchange, ""));
        await RefusedAsync(404, $"NOT_FOUND - no exchange '{missing}' in vhost '/'",
            () => Channel.ExchangeBindAsync(exchange, missing, ""));
    }
}
