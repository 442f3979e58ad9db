using System.Net;
using System.Text.Json.Nodes;
using Posthaste.Broker.Moving;
using Posthaste.Broker.Queues;

namespace Posthaste.Management.Tests;

/// <summary>Moves that go on by themselves, and where dead letters are.</summary>
public sealed class BackgroundMoveTests(ApiHost api) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task A_slow_move_is_answered_at_once_watched_and_ended()
    {
        await FillAsync("slow", 20);
        await DeclareAsync("slow-target");
        var (status, begun) = await api.PostAsync("queues/%2F/slow/move", new JsonObject
        {
            ["destination"] = "slow-target",
            ["rate"] = 1,
            ["background"] = true,
        });
        Assert.Equal(HttpStatusCode.Accepted, status);
        Assert.Equal(("slow", "slow-target", "guest"),
            ((string?)begun!["queue"], (string?)begun["destination"], (string?)begun["user"]));
        var path = $"moves/%2F/{begun["id"]}";
        var first = await UntilAsync(path, static move => (long)move["moved"]! > 0);
        Assert.True((bool)first["running"]!);
        Assert.Contains((await api.GetAsync("moves")).AsArray(), move => (string?)move!["id"] == (string?)begun["id"]);

        Assert.Equal(HttpStatusCode.NoContent, await api.DeleteAsync(path));
        var ended = await UntilAsync(path, static move => !(bool)move["running"]!);
        Assert.Equal("cancelled", (string?)ended["stopped"]);
        Assert.NotNull(ended["ended_ms"]);
        Assert.Equal(HttpStatusCode.NotFound, await api.DeleteAsync(path));
        var moved = (long)ended["moved"]!;
        Assert.Equal(moved, await CountAsync("slow-target"));
        Assert.Equal(20 - moved, await CountAsync("slow"));
    }

    [Fact]
    public async Task A_quick_move_is_done_soon_and_says_what_it_did()
    {
        await FillAsync("quick", 5);
        await DeclareAsync("quick-target");
        var (_, begun) = await api.PostAsync("queues/%2F/quick/move", new JsonObject
        {
            ["destination"] = "quick-target",
            ["background"] = true,
        });
        var ended = await UntilAsync($"moves/%2F/{begun!["id"]}", static move => !(bool)move["running"]!);
        Assert.Equal((5, 5, null), ((long)ended["messages"]!, (long)ended["moved"]!, (string?)ended["stopped"]));
        Assert.Equal(5, (long)ended["targets"]!["quick-target"]!);
    }

    [Fact]
    public async Task Only_who_may_move_may_end_a_move_and_none_sees_moves_of_other_hosts()
    {
        await FillAsync("others", 5);
        await DeclareAsync("others-target");
        api.AddUser("mover", "management");
        var (_, begun) = await api.PostAsync("queues/%2F/others/move", new JsonObject
        {
            ["destination"] = "others-target",
            ["rate"] = 1,
            ["background"] = true,
        });
        var path = $"moves/%2F/{begun!["id"]}";
        Assert.Equal(HttpStatusCode.Unauthorized, await api.DeleteAsync(path, "mover"));
        Assert.Empty((await api.GetAsync("moves", "mover")).AsArray());
        var nothing = new JsonObject { ["configure"] = "", ["write"] = "", ["read"] = "" };
        await api.PutAsync("permissions/%2F/mover", nothing);
        Assert.NotEmpty((await api.GetAsync("moves", "mover")).AsArray());
        Assert.Equal(HttpStatusCode.Unauthorized, await api.DeleteAsync(path, "mover"));
        Assert.Equal(HttpStatusCode.NotFound, await api.DeleteAsync("moves/%2F/nothing"));
        Assert.Equal(HttpStatusCode.NoContent, await api.DeleteAsync(path));
    }

    [Fact]
    public async Task Moves_at_a_time_are_bounded_and_so_are_those_remembered()
    {
        await FillAsync("many", 40);
        await DeclareAsync("many-target");
        var running = new List<QueueMove>();
        var queue = Find("many");
        for (var i = 0; i < QueueMoves.RunningMax; i++)
            running.Add(api.Broker.Moves.Start(queue, Slow, "guest"));
        var (status, body) = await api.PostAsync(
            "queues/%2F/many/move", new JsonObject { ["destination"] = "many-target", ["background"] = true });
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("under way already", (string?)body!["reason"], StringComparison.Ordinal);
        foreach (var move in running) move.Cancel();
        foreach (var move in running) await move.Completion;

        for (var i = 0; i < QueueMoves.EndedMax; i++)
            await api.Broker.Moves.Start(queue, new MoveRequest { Destination = "many-target" }, "guest").Completion;
        Assert.InRange(api.Broker.Moves.All.Count, QueueMoves.EndedMax - 1, QueueMoves.EndedMax + 1);
        Assert.DoesNotContain(running[0], api.Broker.Moves.All);
    }

    [Fact]
    public async Task Queues_that_dead_letters_go_to_are_found_by_what_leads_there()
    {
        await api.PutAsync("exchanges/%2F/graves", new JsonObject { ["type"] = "topic" });
        await api.PutAsync("exchanges/%2F/deeper", new JsonObject { ["type"] = "fanout" });
        await FillAsync("by-key", 1);
        await DeclareAsync("by-any-key");
        await DeclareAsync("by-policy");
        await DeclareAsync("not-a-grave");
        await api.PostAsync("bindings/%2F/e/graves/e/deeper", new JsonObject { ["routing_key"] = "deep.#" });
        await api.PostAsync("bindings/%2F/e/deeper/q/by-key", new JsonObject());
        await api.PostAsync("bindings/%2F/e/graves/q/by-any-key", new JsonObject { ["routing_key"] = "other" });
        await DeclareAsync("keyed", ("x-dead-letter-exchange", "graves"), ("x-dead-letter-routing-key", "deep.1"));
        await DeclareAsync("unkeyed", ("x-dead-letter-exchange", "graves"));
        await DeclareAsync("governed");
        await DeclareAsync("nowhere", ("x-dead-letter-exchange", "missing"));
        await api.PutAsync("policies/%2F/graves", new JsonObject
        {
            ["pattern"] = "^governed$",
            ["definition"] = new JsonObject
            {
                ["dead-letter-exchange"] = "",
                ["dead-letter-routing-key"] = "by-policy",
            },
        });

        var rows = (await api.GetAsync("dead-letters/%2F")).AsArray()
            .ToDictionary(row => (string)row!["name"]!, row => row!);
        Assert.Equal(["keyed", "unkeyed"], Origins(rows["by-key"]));
        Assert.Equal(["unkeyed"], Origins(rows["by-any-key"]));
        Assert.Equal(["governed"], Origins(rows["by-policy"]));
        Assert.DoesNotContain("not-a-grave", rows.Keys);
        Assert.Equal((1, 2), ((long)rows["by-key"]["messages"]!, (long)rows["by-key"]["origin_count"]!));
        var sorted = await api.GetAsync("dead-letters?page=1&sort=messages&sort_reverse=true");
        Assert.Equal("by-key", (string?)sorted["items"]![0]!["name"]);
    }

    private static MoveRequest Slow => new() { Destination = "many-target", RatePerSecond = 1 };

    private static string[] Origins(JsonNode row) => [.. row["origins"]!.AsArray().Select(name => (string)name!)];

    private BrokerQueue Find(string name) =>
        api.Broker.FindVirtualHost("/")!.Catalog.TryGetQueue(name, out var queue)
            ? (BrokerQueue)queue
            : throw new KeyNotFoundException(name);

    private async Task DeclareAsync(string queue, params (string Name, string Value)[] arguments)
    {
        var table = new JsonObject();
        foreach (var (name, value) in arguments) table[name] = value;
        Assert.Equal(
            HttpStatusCode.Created,
            (await api.PutAsync($"queues/%2F/{queue}", new JsonObject { ["arguments"] = table })).Status);
    }

    private async Task FillAsync(string queue, int count)
    {
        await DeclareAsync(queue);
        for (var i = 0; i < count; i++)
        {
            await api.PostAsync(
                "exchanges/%2F/amq.default/publish", new JsonObject { ["routing_key"] = queue, ["payload"] = $"{i}" });
        }
    }

    private async Task<long> CountAsync(string queue) => (long)(await api.GetAsync($"queues/%2F/{queue}"))["messages"]!;

    private async Task<JsonNode> UntilAsync(string path, Func<JsonNode, bool> isSo)
    {
        for (var started = TimeProvider.System.GetTimestamp(); ;)
        {
            var found = await api.GetAsync(path);
            if (isSo(found)) return found;
            Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(60), found.ToJsonString());
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }
}
