using System.Net;
using System.Text.Json.Nodes;

namespace Posthaste.Management.Tests;

/// <summary>Looking at messages that stay where they are.</summary>
public sealed class BrowseTests(ApiHost api) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task Messages_are_found_by_a_text_in_body_key_or_headers()
    {
        await api.PutAsync("queues/%2F/searched", new JsonObject());
        for (var i = 0; i < 9; i++)
            await PublishAsync("searched", $"body {i}", new JsonObject { ["h"] = $"header-{i}" });
        Assert.Equal(4, Assert.Single(await PositionsAsync("searched", "contains=body%203")));
        Assert.Equal(8, Assert.Single(await PositionsAsync("searched", "contains=header-7")));
        Assert.Equal(Enumerable.Range(1, 9), await PositionsAsync("searched", "contains=searched"));
        Assert.Empty(await PositionsAsync("searched", "contains=Body"));

        var page = await api.GetAsync("queues/%2F/searched/browse?contains=body&count=2&skip=3");
        Assert.Equal(("count", 5), ((string?)page["end"], (int)page["next"]!));
        page = await api.GetAsync("queues/%2F/searched/browse?contains=nothing");
        Assert.Equal(("queue", 9), ((string?)page["end"], (int)page["next"]!));
    }

    [Fact]
    public async Task One_message_is_shown_whole_by_its_id()
    {
        await api.PutAsync("queues/%2F/whole", new JsonObject());
        await PublishAsync("whole", "first", []);
        await PublishAsync("whole", new string('x', 200_000), []);
        var row = (await api.GetAsync("queues/%2F/whole/browse?truncate=10"))["messages"]![1]!;
        Assert.Equal(10, ((string)row["payload"]!).Length);
        var whole = await api.GetAsync($"queues/%2F/whole/browse/{row["id"]}");
        Assert.Equal(200_000, ((string)whole["payload"]!).Length);
        whole = await api.GetAsync($"queues/%2F/whole/browse/{row["id"]}?encoding=base64");
        Assert.Equal(200_000, Convert.FromBase64String((string)whole["payload"]!).Length);
        Assert.Equal(2, (long)(await api.GetAsync("queues/%2F/whole"))["messages_ready"]!);

        await api.DeleteAsync("queues/%2F/whole/contents");
        foreach (var id in (string[])[(string)row["id"]!, "0", "12345", "nothing"])
        {
            Assert.Equal(
                HttpStatusCode.NotFound, (await api.SendAsync(HttpMethod.Get, $"queues/%2F/whole/browse/{id}")).Status);
        }
    }

    private async Task<int[]> PositionsAsync(string queue, string query)
    {
        var page = await api.GetAsync($"queues/%2F/{queue}/browse?{query}");
        return [.. page["messages"]!.AsArray().Select(static row => (int)row!["position"]!)];
    }

    private async Task PublishAsync(string queue, string payload, JsonObject headers)
    {
        var (status, _) = await api.PostAsync("exchanges/%2F/amq.default/publish", new JsonObject
        {
            ["routing_key"] = queue,
            ["payload"] = payload,
            ["properties"] = new JsonObject { ["headers"] = headers },
        });
        Assert.Equal(HttpStatusCode.OK, status);
    }
}
