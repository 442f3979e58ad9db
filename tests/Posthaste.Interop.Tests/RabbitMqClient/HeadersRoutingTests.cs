using Posthaste.Interop.Tests.Infrastructure;

namespace Posthaste.Interop.Tests.RabbitMqClient;

public sealed class HeadersRoutingTests(BrokerFixture broker) : BrokerTest(broker)
{
    [BrokerTheory]
    [InlineData(null, "a=1,b=2", true)]
    [InlineData(null, "a=1", false)]
    [InlineData("all", "a=1,b=2,c=3", true)]
    [InlineData("all", "a=1,b=3", false)]
    [InlineData("all", "", false)]
    [InlineData("any", "b=2", true)]
    [InlineData("any", "a=2,b=2", true)]
    [InlineData("any", "a=2,c=3", false)]
    [InlineData("any", "", false)]
    public async Task All_and_any_compare_names_and_values(string? match, string headers, bool matches)
    {
        string queue = await BindAsync(match, ("a", "1"), ("b", "2"));
        Assert.Equal(matches, await RoutesAsync(queue, headers));
    }

    [BrokerTheory]
    [InlineData("all", "a=1", true)]
    [InlineData("any", "x-b=2", false)]
    [InlineData("all-with-x", "a=1", false)]
    [InlineData("all-with-x", "a=1,x-b=2", true)]
    [InlineData("any-with-x", "x-b=2", true)]
    [InlineData("any-with-x", "c=3", false)]
    public async Task Names_that_start_with_x_count_only_where_asked(string match, string headers, bool matches)
    {
        if (match.EndsWith("-with-x", StringComparison.Ordinal))
            Broker.SkipOnRabbitMqBefore("3.10", "all-with-x and any-with-x came with 3.10");
        string queue = await BindAsync(match, ("a", "1"), ("x-b", "2"));
        Assert.Equal(matches, await RoutesAsync(queue, headers));
    }

    [BrokerFact]
    public async Task A_void_value_asks_only_for_the_name()
    {
        string queue = await BindAsync("all", ("a", null));
        Assert.True(await RoutesAsync(queue, "a=whatever"));
        Assert.False(await RoutesAsync(queue, "b=whatever"));
    }

    [BrokerTheory]
    [InlineData("all", true)]
    [InlineData("any", false)]
    public async Task A_binding_without_headers_matches_all_of_none_and_none_of_any(string match, bool matches)
    {
        string queue = await BindAsync(match);
        Assert.Equal(matches, await RoutesAsync(queue, "a=1"));
    }

    [BrokerFact]
    public async Task An_unknown_x_match_is_406()
    {
        string queue = await QueueAsync();
        await RefusedAsync(406,
            "PRECONDITION_FAILED - Invalid x-match field value <<\"some\">>; "
            + "expected all, any, all-with-x, or any-with-x",
            () => Channel.QueueBindAsync(queue, "amq.headers", "", Table(("x-match", "some"))));
    }

    private string _exchange = "";

    private async Task<string> BindAsync(string? match, params (string, object?)[] headers)
    {
        _exchange = await ExchangeAsync("headers");
        string queue = await QueueAsync();
        Dictionary<string, object?> arguments = Table(headers);
        if (match is not null)
            arguments["x-match"] = match;
        await Channel.QueueBindAsync(queue, _exchange, "ignored", arguments);
        return queue;
    }

    private async Task<bool> RoutesAsync(string queue, string headers)
    {
        Dictionary<string, object?> table = headers.Split(',', StringSplitOptions.RemoveEmptyEntries)
            .Select(header => header.Split('='))
            .ToDictionary(header => header[0], object? (header) => header[1]);
        await PublishAsync(_exchange, "key", "hit", properties => properties.Headers = table);
        return await DrainAsync(queue) is ["hit"];
    }
}
