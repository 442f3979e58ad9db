using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;

namespace Posthaste.Management.Tests;

/// <summary>Paths that tools ask beside those of objects, and what HTTP itself asks.</summary>
public sealed class PathTests(ApiHost api) : IClassFixture<ApiHost>
{
    [Theory]
    [InlineData("version", null)]
    [InlineData("extensions", "[]")]
    [InlineData("feature-flags", "[]")]
    [InlineData("deprecated-features", "[]")]
    [InlineData("deprecated-features/used", "[]")]
    [InlineData("auth", """{"oauth_enabled":false}""")]
    [InlineData("aliveness-test/%2F", """{"status":"ok"}""")]
    [InlineData("healthchecks/node", """{"status":"ok"}""")]
    [InlineData("health/checks/is-in-service", """{"status":"ok"}""")]
    [InlineData("health/checks/ready-to-serve-clients", """{"status":"ok"}""")]
    [InlineData("health/checks/below-node-connection-limit", """{"status":"ok"}""")]
    [InlineData("health/checks/reached-target-cluster-size", """{"status":"ok"}""")]
    [InlineData("health/checks/metadata-store/initialized", """{"status":"ok"}""")]
    [InlineData("health/checks/metadata-store/initialized/with-data", """{"status":"ok"}""")]
    [InlineData("health/checks/quorum-queues-without-elected-leaders/all-vhosts/", """{"status":"ok"}""")]
    [InlineData("health/checks/quorum-queues-without-elected-leaders/vhost/%2F/pattern/q", """{"status":"ok"}""")]
    public async Task It_answers(string path, string? answer)
    {
        var shown = (await api.GetAsync(path)).ToJsonString();
        if (answer is not null) Assert.Equal(answer, shown);
    }

    [Theory]
    [InlineData("stream/connections")]
    [InlineData("shovels")]
    [InlineData("federation-links")]
    [InlineData("nodes/rabbit@elsewhere")]
    [InlineData("nodes/rabbit@elsewhere/memory")]
    [InlineData("aliveness-test/nowhere")]
    [InlineData("health/checks/quorum-queues-without-elected-leaders/vhost/nowhere")]
    [InlineData("healthchecks/node/rabbit@elsewhere")]
    [InlineData("connections/nobody/sessions")]
    public async Task What_is_not_there_is_not_found_in_RabbitMQs_words(string path)
    {
        var (status, body) = await api.SendAsync(HttpMethod.Get, path);
        Assert.Equal(HttpStatusCode.NotFound, status);
        Assert.Equal("""{"error":"Object Not Found","reason":"Not Found"}""", body!.ToJsonString());
    }

    [Fact]
    public async Task Heads_are_gets_without_a_body_and_options_say_the_methods()
    {
        using var head = await RequestAsync(HttpMethod.Head, "queues");
        Assert.Equal(HttpStatusCode.OK, head.StatusCode);
        Assert.Empty(await head.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        using var options = await RequestAsync(HttpMethod.Options, "queues/%2F/any", login: false);
        Assert.Equal(HttpStatusCode.OK, options.StatusCode);
        Assert.Equal(["HEAD", "GET", "PUT", "DELETE", "OPTIONS"], options.Content.Headers.Allow);
        using var patch = await RequestAsync(HttpMethod.Patch, "queues/%2F/any");
        Assert.Equal(HttpStatusCode.MethodNotAllowed, patch.StatusCode);
        Assert.Equal(["HEAD", "GET", "PUT", "DELETE", "OPTIONS"], patch.Content.Headers.Allow);
        Assert.Equal(
            """{"error":"Method Not Allowed","reason":"Method Not Allowed"}""",
            await patch.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Pages_of_other_origins_are_told_nothing()
    {
        using var answer = await RequestAsync(HttpMethod.Get, "whoami", origin: "https://shop.example");
        Assert.False(answer.Headers.Contains("Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task A_hash_of_a_password_is_one_of_a_definition_file()
    {
        var hash = (string)(await api.GetAsync("auth/hash_password/s%20%2Fcret"))["ok"]!;
        var user = new JsonObject { ["password_hash"] = hash, ["tags"] = "management" };
        Assert.Equal(HttpStatusCode.Created, (await api.PutAsync("users/s%20%2Fcret", user)).Status);
        Assert.Equal("s /cret", (string?)(await api.GetAsync("whoami", "s /cret"))["name"]);
        var (status, _) = await api.SendAsync(HttpMethod.Get, "auth/hash_password/x", user: "s /cret");
        Assert.Equal(HttpStatusCode.Unauthorized, status);
    }

    [Fact]
    public async Task Logins_are_counted_by_listener()
    {
        var node = Uri.EscapeDataString(Broker.MessageBroker.NodeName);
        var before = await FailuresAsync();
        var (status, _) = await api.SendAsync(HttpMethod.Get, "whoami", user: "nobody");
        Assert.Equal(HttpStatusCode.Unauthorized, status);
        Assert.Equal(before + 1, await FailuresAsync());
        Assert.Empty((await api.GetAsync($"auth/attempts/{node}/source")).AsArray());
        async Task<long> FailuresAsync() => (await api.GetAsync($"auth/attempts/{node}")).AsArray()
            .Sum(static row => (long)row!["auth_attempts_failed"]!);
    }

    [Fact]
    public async Task Memory_adds_up()
    {
        var node = Uri.EscapeDataString(Broker.MessageBroker.NodeName);
        var memory = (await api.GetAsync($"nodes/{node}/memory"))["memory"]!.AsObject();
        var parts = memory.Where(static part => part.Value is JsonValue && part.Key != "strategy");
        Assert.Equal((long)memory["total"]!["rss"]!, parts.Sum(static part => (long)part.Value!));
        var relative = (await api.GetAsync($"nodes/{node}/memory/relative"))["memory"]!;
        Assert.Equal(100, (int)relative["total"]!);
        Assert.InRange((int)relative["other_system"]!, 0, 100);
    }

    [Theory]
    [InlineData("POST", "rebalance/queues", HttpStatusCode.NoContent)]
    [InlineData("PUT", "feature-flags/stream_queue/enable", HttpStatusCode.BadRequest)]
    [InlineData("DELETE", "reset", HttpStatusCode.NotFound)]
    public async Task Actions_of_a_cluster(string method, string path, HttpStatusCode expected)
    {
        var (status, _) = await api.SendAsync(new HttpMethod(method), path);
        Assert.Equal(expected, status);
        api.AddUser("reader", "monitoring");
        (status, _) = await api.SendAsync(new HttpMethod(method), path, user: "reader");
        Assert.Equal(expected == HttpStatusCode.NotFound ? expected : HttpStatusCode.Unauthorized, status);
    }

    [Fact]
    public async Task An_action_on_a_queue_is_unknown()
    {
        await api.PutAsync("queues/%2F/acted", new JsonObject());
        var (status, body) = await api.PostAsync("queues/%2F/acted/actions", new JsonObject { ["action"] = "sync" });
        Assert.Equal((HttpStatusCode.BadRequest, "{unknown,<<\"sync\">>}"), (status, (string?)body!["reason"]));
        (status, _) = await api.PostAsync("queues/%2F/none/actions", new JsonObject { ["action"] = "sync" });
        Assert.Equal(HttpStatusCode.NotFound, status);
    }

    [Fact]
    public async Task Topic_permissions_go_by_exchange_too()
    {
        foreach (var exchange in new[] { "amq.topic", "other" })
        {
            var body = new JsonObject { ["exchange"] = exchange, ["write"] = ".*", ["read"] = ".*" };
            Assert.Equal(HttpStatusCode.Created, (await api.PutAsync("topic-permissions/%2F/guest", body)).Status);
        }

        Assert.Equal(HttpStatusCode.NoContent, await api.DeleteAsync("topic-permissions/%2F/guest/other"));
        Assert.Equal(HttpStatusCode.NotFound, await api.DeleteAsync("topic-permissions/%2F/guest/other"));
        var left = Assert.Single((await api.GetAsync("topic-permissions/%2F/guest")).AsArray())!;
        Assert.Equal("amq.topic", (string?)left["exchange"]);
    }

    [Fact]
    public async Task Pollers_get_queues_without_statistics()
    {
        await api.PutAsync("queues/%2F/polled", new JsonObject());
        await api.PostAsync(
            "exchanges/%2F/amq.default/publish",
            new JsonObject { ["routing_key"] = "polled", ["payload"] = "x", ["properties"] = new JsonObject() });
        var plain = await api.GetAsync("queues/%2F/polled?disable_stats=true");
        Assert.Null(plain["messages"]);
        Assert.Null(plain["message_stats"]);
        Assert.Equal("classic", (string?)plain["type"]);

        // As KEDA asks, for one queue and by a regular expression.
        const string query = "disable_stats=true&enable_queue_totals=true";
        var told = await api.GetAsync($"queues/%2F/polled?{query}");
        Assert.Equal((1, 1, 0), (
            (int)told["messages"]!, (int)told["messages_ready"]!, (int)told["messages_unacknowledged"]!));
        Assert.Null(told["message_stats"]);
        var page = await api.GetAsync(
            $"queues/%2F?page=1&use_regex=true&pagination=false&name=%5Epoll&page_size=100&{query}");
        Assert.Equal(1, (int)Assert.Single(page["items"]!.AsArray())!["messages"]!);
        var whole = await api.GetAsync("queues/%2F/polled");
        Assert.NotNull(whole["message_stats"]!["publish_details"]!["rate"]);
        Assert.Contains(
            (await api.GetAsync("queues/detailed")).AsArray(), item => (string?)item!["name"] == "polled");
    }

    [Theory]
    [InlineData("queues?page=7", "page_out_of_range")]
    [InlineData("queues?page=0", "bad_request")]
    [InlineData("queues?page=1&page_size=501", "bad_request")]
    [InlineData("queues?page=x", "bad_request")]
    [InlineData("health/checks/port-listener/x", "bad_request")]
    public async Task What_makes_no_sense_is_refused_in_RabbitMQs_shape(string path, string error)
    {
        var (status, body) = await api.SendAsync(HttpMethod.Get, path);
        Assert.Equal((HttpStatusCode.BadRequest, error), (status, (string?)body!["error"]));
        Assert.NotNull((string?)body["reason"]);
    }

    private async Task<HttpResponseMessage> RequestAsync(
        HttpMethod method, string path, bool login = true, string? origin = null)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(method, new Uri($"http://127.0.0.1:{api.Port}/api/{path}"));
        if (login) request.Headers.Authorization = new AuthenticationHeaderValue("Basic", "Z3Vlc3Q6Z3Vlc3Q=");
        if (origin is not null) request.Headers.Add("Origin", origin);
        return await http.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
