using System.Net;
using System.Text.Json.Nodes;

namespace Posthaste.Management.Tests;

/// <summary>Exchanges, queues, bindings and messages over HTTP.</summary>
public sealed class TopologyTests(ApiHost api) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task A_queue_is_declared_found_declared_again_and_deleted()
    {
        var declare = new JsonObject { ["durable"] = true, ["arguments"] = new JsonObject { ["x-max-length"] = 10 } };
        Assert.Equal(HttpStatusCode.Created, (await api.PutAsync("queues/%2F/life", declare)).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await api.PutAsync("queues/%2F/life", declare)).Status);
        var queue = await api.GetAsync("queues/%2F/life");
        Assert.Equal("life", (string?)queue["name"]);
        Assert.Equal("/", (string?)queue["vhost"]);
        Assert.Equal("classic", (string?)queue["type"]);
        Assert.Equal(10, (long)queue["arguments"]!["x-max-length"]!);
        Assert.Equal(0, (long)queue["messages"]!);

        var (status, body) = await api.PutAsync("queues/%2F/life", new JsonObject { ["durable"] = false });
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal("bad_request", (string?)body!["error"]);
        Assert.Contains("inequivalent arg 'durable'", (string?)body["reason"], StringComparison.Ordinal);

        Assert.Equal(HttpStatusCode.NoContent, await api.DeleteAsync("queues/%2F/life"));
        Assert.Equal(HttpStatusCode.NotFound, await api.DeleteAsync("queues/%2F/life"));
        Assert.Equal(HttpStatusCode.NotFound, (await api.SendAsync(HttpMethod.Get, "queues/%2F/life")).Status);
    }

    [Fact]
    public async Task A_name_with_an_escaped_slash_or_percent_is_that_name()
    {
        Assert.Equal(HttpStatusCode.Created, (await api.PutAsync("queues/%2F/a%2Fb", new JsonObject())).Status);
        Assert.Equal(HttpStatusCode.Created, (await api.PutAsync("queues/%2F/a%252Fb", new JsonObject())).Status);
        Assert.Equal("a/b", (string?)(await api.GetAsync("queues/%2F/a%2Fb"))["name"]);
        Assert.Equal("a%2Fb", (string?)(await api.GetAsync("queues/%2F/a%252Fb"))["name"]);
        Assert.Equal(HttpStatusCode.NoContent, await api.DeleteAsync("queues/%2F/a%2Fb"));
        Assert.Equal("a%2Fb", (string?)(await api.GetAsync("queues/%2F/a%252Fb"))["name"]);
    }

    [Fact]
    public async Task A_message_goes_in_is_looked_at_and_taken_out()
    {
        await api.PutAsync("queues/%2F/messages", new JsonObject());
        var publish = new JsonObject
        {
            ["routing_key"] = "messages",
            ["payload"] = "hello",
            ["properties"] = new JsonObject
            {
                ["delivery_mode"] = 2,
                ["content_type"] = "text/plain",
                ["headers"] = new JsonObject
                {
                    ["n"] = 1,
                    ["deep"] = new JsonObject { ["list"] = new JsonArray(true) },
                },
            },
        };
        var (_, routed) = await api.PostAsync("exchanges/%2F/amq.default/publish", publish);
        Assert.True((bool)routed!["routed"]!);
        publish["routing_key"] = "nowhere";
        (_, routed) = await api.PostAsync("exchanges/%2F/amq.default/publish", publish);
        Assert.False((bool)routed!["routed"]!);

        var look = new JsonObject { ["count"] = 5, ["ackmode"] = "ack_requeue_true", ["encoding"] = "auto" };
        var (_, seen) = await api.PostAsync("queues/%2F/messages/get", look);
        var message = Assert.Single(seen!.AsArray())!;
        Assert.Equal("hello", (string?)message["payload"]);
        Assert.Equal("string", (string?)message["payload_encoding"]);
        Assert.Equal("text/plain", (string?)message["properties"]!["content_type"]);
        Assert.Equal(1, (long)message["properties"]!["headers"]!["n"]!);
        Assert.True((bool)message["properties"]!["headers"]!["deep"]!["list"]![0]!);
        Assert.False((bool)message["redelivered"]!);

        look["ackmode"] = "ack_requeue_false";
        look["encoding"] = "base64";
        (_, seen) = await api.PostAsync("queues/%2F/messages/get", look);
        message = Assert.Single(seen!.AsArray())!;
        Assert.Equal("aGVsbG8=", (string?)message["payload"]);
        Assert.True((bool)message["redelivered"]!);
        (_, seen) = await api.PostAsync("queues/%2F/messages/get", look);
        Assert.Empty(seen!.AsArray());
    }

    [Fact]
    public async Task A_binding_has_a_key_of_its_own_by_which_it_goes()
    {
        await api.PutAsync("queues/%2F/bound", new JsonObject());
        await api.PutAsync("exchanges/%2F/source", new JsonObject { ["type"] = "headers" });
        var bind = new JsonObject { ["routing_key"] = "a/b", ["arguments"] = new JsonObject { ["x"] = "1" } };
        Assert.Equal(HttpStatusCode.Created, (await api.PostAsync("bindings/%2F/e/source/q/bound", bind)).Status);
        bind["arguments"] = new JsonObject();
        Assert.Equal(HttpStatusCode.Created, (await api.PostAsync("bindings/%2F/e/source/q/bound", bind)).Status);
        var bindings = (await api.GetAsync("bindings/%2F/e/source/q/bound")).AsArray();
        Assert.Equal(2, bindings.Count);
        foreach (var key in bindings.Select(static binding => (string)binding!["properties_key"]!))
        {
            var path = $"bindings/%2F/e/source/q/bound/{Uri.EscapeDataString(key)}";
            Assert.Equal("bound", (string?)(await api.GetAsync(path))["destination"]);
            Assert.Equal(HttpStatusCode.NoContent, await api.DeleteAsync(path));
            Assert.Equal(HttpStatusCode.NotFound, await api.DeleteAsync(path));
        }

        var rest = (await api.GetAsync("queues/%2F/bound/bindings")).AsArray();
        Assert.Equal("", (string?)Assert.Single(rest)!["source"]);
    }

    [Fact]
    public async Task A_list_pages_filters_sorts_and_picks_columns()
    {
        await api.PutAsync("vhosts/lists", new JsonObject());
        for (var i = 0; i < 25; i++)
        {
            await api.PutAsync($"queues/lists/q{i:D2}", new JsonObject
            {
                ["arguments"] = new JsonObject { ["x-max-length"] = 100 - i },
            });
        }

        var page = await api.GetAsync("queues/lists?page=3&page_size=10&columns=name,arguments.x-max-length");
        Assert.Equal((25, 25, 5, 3), ((int)page["total_count"]!, (int)page["filtered_count"]!,
            (int)page["item_count"]!, (int)page["page_count"]!));
        Assert.Equal("""{"name":"q20","arguments":{"x-max-length":80}}""", page["items"]![0]!.ToJsonString());
        page = await api.GetAsync("queues/lists?page=1&name=Q1&sort=arguments.x-max-length");
        Assert.Equal(10, (int)page["filtered_count"]!);
        Assert.Equal("q19", (string?)page["items"]![0]!["name"]);
        var all = await api.GetAsync("queues/lists?sort=name&sort_reverse=true&columns=name");
        Assert.Equal("q24", (string?)all[0]!["name"]);
        page = await api.GetAsync("queues/lists?page=1&name=^q0[1-3]$&use_regex=true");
        Assert.Equal(3, (int)page["filtered_count"]!);
        foreach (var query in (string[])["page=4&page_size=10", "page=x", "page=1&page_size=501"])
        {
            var (status, _) = await api.SendAsync(HttpMethod.Get, $"queues/lists?{query}");
            Assert.Equal(HttpStatusCode.BadRequest, status);
        }
    }

    [Theory]
    [InlineData("{", "the body is no JSON")]
    [InlineData("[]", "the body has to be a JSON object")]
    [InlineData("{\"durable\":3}", "durable has to be true or false")]
    [InlineData("{\"arguments\":[]}", "arguments have to be an object")]
    [InlineData("{\"arguments\":{\"x-max-length\":-1}}", "invalid arg 'x-max-length'")]
    public async Task A_body_that_is_not_acceptable_is_refused_with_the_reason(string body, string reason)
    {
        var (status, answer) = await api.SendAsync(HttpMethod.Put, "queues/%2F/bad", raw: body);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(reason, (string?)answer!["reason"], StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await api.SendAsync(HttpMethod.Get, "queues/%2F/bad")).Status);
    }
}
