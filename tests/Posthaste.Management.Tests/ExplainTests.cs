using System.Net;
using System.Text.Json.Nodes;

namespace Posthaste.Management.Tests;

/// <summary>Where a message would go: the same as where it goes.</summary>
public sealed class ExplainTests(ApiHost api) : IClassFixture<ApiHost>
{
    private static readonly string[] Keys = ["", "a", "a.b", "a.b.c", "b", "x.y", "q1", "q2"];

    private static readonly string[] Patterns = ["", "a", "#", "*", "a.#", "*.b", "a.*.c", "b"];

    /// <summary>
    /// Random topologies, loops and alternate exchanges included; whatever is asked is also published.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task What_is_explained_is_what_happens(int seed)
    {
        var random = new Random(seed);
        var host = $"explain{seed}";
        await api.PutAsync($"vhosts/{host}", new JsonObject());
        await DeclareAsync(host, random);
        for (var i = 0; i < 40; i++)
        {
            var exchange = random.Next(8) == 0 ? "amq.default" : $"e{random.Next(4)}";
            var message = Message(random);
            var (status, answer) = await api.PostAsync($"exchanges/{host}/{exchange}/explain", message.DeepClone());
            Assert.Equal(HttpStatusCode.OK, status);
            var before = await CountsAsync(host);
            await api.PostAsync($"exchanges/{host}/{exchange}/publish", message);
            var after = await CountsAsync(host);

            var went = after.Where(queue => queue.Value > before[queue.Key]).Select(queue => queue.Key).Order();
            Assert.Equal(went, answer!["queues"]!.AsArray().Select(queue => (string)queue!["name"]!).Order());
            Assert.Equal(went.Any() ? "routed" : "unroutable", (string)answer["outcome"]!);
        }
    }

    [Fact]
    public async Task The_permissions_of_another_user_are_explained_to_administrators_only()
    {
        api.AddUser("explained", "management");
        await api.PutAsync("permissions/%2F/explained", Permission(write: "^amq\\.topic$"));
        await api.PutAsync("topic-permissions/%2F/explained", new JsonObject
        {
            ["exchange"] = "amq.topic",
            ["write"] = "^{username}\\.",
            ["read"] = "",
        });

        Assert.Null(await ReasonAsync("amq.topic", "explained.a"));
        Assert.Contains("topic permission", await ReasonAsync("amq.topic", "other.a"), StringComparison.Ordinal);
        Assert.Contains(
            "write access to exchange 'amq.fanout'", await ReasonAsync("amq.fanout", "a"), StringComparison.Ordinal);

        var (status, _) = await api.PostAsync(
            "exchanges/%2F/amq.topic/explain", new JsonObject { ["routing_key"] = "a", ["user"] = "guest" },
            "explained");
        Assert.Equal(HttpStatusCode.Unauthorized, status);
    }

    [Fact]
    public async Task Explaining_says_which_bindings_match_and_how_the_alternate_exchange_is_reached()
    {
        await api.PutAsync("exchanges/%2F/ex.spare", new JsonObject { ["type"] = "fanout" });
        await api.PutAsync("exchanges/%2F/ex.first", new JsonObject
        {
            ["type"] = "topic",
            ["arguments"] = new JsonObject { ["alternate-exchange"] = "ex.spare" },
        });
        await api.PutAsync("queues/%2F/ex.q", new JsonObject());
        await api.PostAsync("bindings/%2F/e/ex.first/q/ex.q", new JsonObject { ["routing_key"] = "a.*" });
        await api.PostAsync("bindings/%2F/e/ex.first/q/ex.q", new JsonObject { ["routing_key"] = "b.*" });

        var matched = await StepsAsync("a.1");
        Assert.Equal("a.*", (string)Assert.Single(matched[0]!["matches"]!.AsArray())!["routing_key"]!);
        Assert.Equal(2, (int)Assert.Single(matched)!["bindings"]!);
        var fellThrough = await StepsAsync("c.1");
        Assert.Equal("ex.spare", (string)fellThrough[0]!["alternate_exchange"]!);
        Assert.Equal("ex.spare", (string)fellThrough[1]!["exchange"]!);
    }

    private async Task<JsonArray> StepsAsync(string key)
    {
        var (_, answer) = await api.PostAsync(
            "exchanges/%2F/ex.first/explain", new JsonObject { ["routing_key"] = key });
        return answer!["steps"]!.AsArray();
    }

    private async Task<string?> ReasonAsync(string exchange, string key)
    {
        var (_, answer) = await api.PostAsync(
            $"exchanges/%2F/{exchange}/explain", new JsonObject { ["routing_key"] = key, ["user"] = "explained" });
        return (string?)answer!["reason"];
    }

    private static JsonObject Permission(string write) =>
        new() { ["configure"] = "", ["write"] = write, ["read"] = "" };

    private static JsonObject Message(Random random)
    {
        var headers = new JsonObject { ["colour"] = random.Next(2) == 0 ? "red" : "blue" };
        if (random.Next(3) == 0) headers["CC"] = new JsonArray(Keys[random.Next(Keys.Length)]);
        return new JsonObject
        {
            ["routing_key"] = Keys[random.Next(Keys.Length)],
            ["payload"] = "x",
            ["properties"] = new JsonObject { ["headers"] = headers },
        };
    }

    private async Task DeclareAsync(string host, Random random)
    {
        string[] types = ["direct", "topic", "fanout", "headers"];
        for (var i = 0; i < 4; i++)
        {
            var arguments = new JsonObject();
            if (random.Next(2) == 0) arguments["alternate-exchange"] = $"e{random.Next(4)}";
            await api.PutAsync(
                $"exchanges/{host}/e{i}", new JsonObject { ["type"] = types[i], ["arguments"] = arguments });
            await api.PutAsync($"queues/{host}/q{i}", new JsonObject());
        }

        for (var i = 0; i < 12; i++)
        {
            var kind = random.Next(4) == 0 ? "e" : "q";
            await api.PostAsync($"bindings/{host}/e/e{random.Next(4)}/{kind}/{kind}{random.Next(4)}", new JsonObject
            {
                ["routing_key"] = Patterns[random.Next(Patterns.Length)],
                ["arguments"] = new JsonObject { ["colour"] = random.Next(2) == 0 ? "red" : "blue" },
            });
        }
    }

    private async Task<Dictionary<string, long>> CountsAsync(string host) =>
        (await api.GetAsync($"queues/{host}")).AsArray()
        .ToDictionary(queue => (string)queue!["name"]!, queue => (long)queue!["messages"]!);
}
