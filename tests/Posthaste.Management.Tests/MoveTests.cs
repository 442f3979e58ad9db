using System.Net;
using System.Text.Json.Nodes;

namespace Posthaste.Management.Tests;

/// <summary>Dead letters, moving messages, and delayed ones over HTTP.</summary>
public sealed class MoveTests(ApiHost api) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task Dead_letters_are_shown_and_redriven()
    {
        await DeclareAsync("dead");
        await DeclareAsync("work", ("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", "dead"));
        for (var i = 0; i < 3; i++) await PublishAsync("", "work", new JsonObject { ["n"] = i });
        await api.PostAsync(
            "queues/%2F/work/get", new JsonObject { ["count"] = 3, ["ackmode"] = "reject_requeue_false" });
        await CountAsync("dead", 3);

        var summary = await api.GetAsync("queues/%2F/dead/dead-letters");
        var group = Assert.Single(summary["groups"]!.AsArray())!;
        Assert.Equal(("work", "rejected"), ((string?)group["queue"], (string?)group["reason"]));
        Assert.Equal((3, 3), ((long)group["messages"]!, (long)group["deaths"]!));
        Assert.True((bool)summary["is_complete"]!);
        Assert.True((long)group["first_death_ms"]! <= (long)group["last_death_ms"]!);

        var only = new JsonObject { ["header"] = "n", ["header_value"] = "1", ["dry_run"] = true };
        var (_, dry) = await api.PostAsync("queues/%2F/dead/redrive", only);
        Assert.Equal((3, 1, 1), Counts(dry!));
        await CountAsync("dead", 3);
        only["dry_run"] = false;
        var (_, one) = await api.PostAsync("queues/%2F/dead/redrive", only);
        Assert.Equal(1, (long)one!["targets"]!["work"]!);
        await CountAsync("work", 1);
        var (_, rest) = await api.PostAsync(
            "queues/%2F/dead/redrive",
            new JsonObject { ["queue"] = "work", ["reason"] = "rejected", ["rate"] = 1_000 });
        Assert.Equal((2, 2, 2), Counts(rest!));
        await CountAsync("dead", 0);
        await CountAsync("work", 3);
    }

    [Fact]
    public async Task Messages_are_moved_as_they_are()
    {
        await DeclareAsync("here");
        await DeclareAsync("there");
        for (var i = 0; i < 5; i++) await PublishAsync("", "here", []);
        var (_, result) = await api.PostAsync(
            "queues/%2F/here/move", new JsonObject { ["destination"] = "there", ["count"] = 2 });
        Assert.Equal(2, (long)result!["moved"]!);
        await CountAsync("here", 3);
        await CountAsync("there", 2);

        var bad = await api.PostAsync("queues/%2F/here/move", new JsonObject { ["destination"] = "here" });
        Assert.Equal(HttpStatusCode.BadRequest, bad.Status);
        bad = await api.PostAsync("queues/%2F/here/move", new JsonObject());
        Assert.Equal(HttpStatusCode.BadRequest, bad.Status);
        bad = await api.PostAsync("queues/%2F/here/redrive", new JsonObject { ["rate"] = 0 });
        Assert.Equal(HttpStatusCode.BadRequest, bad.Status);
        bad = await api.PostAsync("queues/%2F/nowhere/redrive", new JsonObject());
        Assert.Equal(HttpStatusCode.NotFound, bad.Status);
    }

    [Fact]
    public async Task Who_may_not_read_or_write_may_not_move()
    {
        await DeclareAsync("guarded");
        api.AddUser("reader", "management");
        await api.PutAsync("permissions/%2F/reader", new JsonObject
        {
            ["configure"] = "",
            ["write"] = "",
            ["read"] = "guarded",
        });
        Assert.Equal(
            HttpStatusCode.OK,
            (await api.SendAsync(HttpMethod.Get, "queues/%2F/guarded/dead-letters", user: "reader")).Status);
        Assert.Equal(
            HttpStatusCode.Unauthorized,
            (await api.PostAsync("queues/%2F/guarded/redrive", new JsonObject(), "reader")).Status);
    }

    [Fact]
    public async Task Delayed_messages_are_counted_listed_and_cancelled()
    {
        await api.PutAsync("exchanges/%2F/later", new JsonObject
        {
            ["type"] = "x-delayed-message",
            ["arguments"] = new JsonObject { ["x-delayed-type"] = "direct" },
        });
        foreach (var hours in (int[])[3, 1, 2])
            await PublishAsync("later", $"in {hours}", new JsonObject { ["x-delay"] = hours * 3_600_000L });
        var row = (await api.GetAsync("scheduled/%2F")).AsArray().Single(item => (string?)item!["name"] == "later")!;
        Assert.Equal((3, 0), ((long)row["messages"]!, (long)row["messages_due"]!));

        var page = await api.GetAsync("scheduled/%2F/later?count=2");
        Assert.Equal(["in 1", "in 2"], Keys(page));
        var second = await api.GetAsync($"scheduled/%2F/later?count=2&after={page["next"]}");
        Assert.Equal(["in 3"], Keys(second));
        Assert.Null(second["next"]);

        var id = (string?)page["items"]![1]!["id"];
        Assert.Equal(HttpStatusCode.NoContent, await api.DeleteAsync($"scheduled/%2F/later/{id}"));
        Assert.Equal(HttpStatusCode.NotFound, await api.DeleteAsync($"scheduled/%2F/later/{id}"));
        Assert.Equal(["in 1", "in 3"], Keys(await api.GetAsync("scheduled/%2F/later")));
        var (_, all) = await api.SendAsync(HttpMethod.Delete, "scheduled/%2F/later");
        Assert.Equal(2, (long)all!["cancelled"]!);
        Assert.Empty(Keys(await api.GetAsync("scheduled/%2F/later")));
    }

    private static string[] Keys(JsonNode page) =>
        [.. page["items"]!.AsArray().Select(item => (string)item!["routing_key"]!)];

    private static (long Scanned, long Matched, long Moved) Counts(JsonNode result) =>
        ((long)result["scanned"]!, (long)result["matched"]!, (long)result["moved"]!);

    private async Task DeclareAsync(string queue, params (string Name, string Value)[] arguments)
    {
        var table = new JsonObject();
        foreach (var (name, value) in arguments) table[name] = value;
        await api.PutAsync($"queues/%2F/{queue}", new JsonObject { ["arguments"] = table });
    }

    private async Task PublishAsync(string exchange, string key, JsonObject headers)
    {
        var name = exchange.Length == 0 ? "amq.default" : exchange;
        var (status, body) = await api.PostAsync($"exchanges/%2F/{name}/publish", new JsonObject
        {
            ["routing_key"] = key,
            ["payload"] = "x",
            ["properties"] = new JsonObject { ["delivery_mode"] = 2, ["headers"] = headers },
        });
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.True((bool)body!["routed"]!);
    }

    private async Task CountAsync(string queue, long count)
    {
        var deadline = TimeProvider.System.GetTimestamp();
        while ((long)(await api.GetAsync($"queues/%2F/{queue}"))["messages"]! != count)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(deadline) < TimeSpan.FromSeconds(30));
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }
}
