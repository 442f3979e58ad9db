using System.Net;
using System.Text.Json.Nodes;

namespace Posthaste.Management.Tests;

/// <summary>What administrators ask and change about other users.</summary>
public sealed class AccessCheckTests(ApiHost api) : IClassFixture<ApiHost>
{
    [Theory]
    [InlineData("access=configure&kind=queue&name=mine.1", true)]
    [InlineData("access=configure&kind=queue&name=yours", false)]
    [InlineData("access=write&kind=exchange&name=amq.topic", true)]
    [InlineData("access=write&kind=exchange&name=amq.topic&routing_key=asked.a", true)]
    [InlineData("access=write&kind=exchange&name=amq.topic&routing_key=other.a", false)]
    [InlineData("access=read&kind=exchange&name=amq.topic&routing_key=other.a", true)]
    [InlineData("access=read&kind=queue&name=anything", true)]
    public async Task A_user_may_what_permissions_and_topic_permissions_say(string question, bool isAllowed)
    {
        api.AddUser("asked");
        await api.PutAsync("permissions/%2F/asked", new JsonObject
        {
            ["configure"] = "^mine",
            ["write"] = "^(mine|amq\\.topic)",
            ["read"] = ".*",
        });
        await api.PutAsync("topic-permissions/%2F/asked", new JsonObject
        {
            ["exchange"] = "amq.topic",
            ["write"] = "^{username}\\.",
            ["read"] = ".*",
        });
        var answer = await api.GetAsync($"permissions/%2F/asked/check?{question}");
        Assert.Equal((isAllowed, isAllowed), ((bool)answer["allowed"]!, answer["reason"] is null));
    }

    [Fact]
    public async Task Questions_that_make_no_sense_are_refused_and_only_administrators_ask()
    {
        api.AddUser("curious", "monitoring");
        const string Path = "permissions/%2F/curious/check";
        Assert.Contains(
            "no permission", (string?)(await api.GetAsync($"{Path}?access=read&kind=queue&name=q"))["reason"],
            StringComparison.Ordinal);
        foreach (var bad in (string[])["?access=eat&kind=queue&name=q", "?access=read&kind=stream&name=q", ""])
            Assert.Equal(HttpStatusCode.BadRequest, (await api.SendAsync(HttpMethod.Get, Path + bad)).Status);
        Assert.Equal(
            HttpStatusCode.Unauthorized,
            (await api.SendAsync(HttpMethod.Get, $"{Path}?access=read&kind=queue&name=q", user: "curious")).Status);
    }

    [Fact]
    public async Task A_topic_permission_is_withdrawn_by_its_exchange()
    {
        api.AddUser("topical");
        foreach (var exchange in (string[])["one", "two"])
        {
            await api.PutAsync("topic-permissions/%2F/topical", new JsonObject
            {
                ["exchange"] = exchange,
                ["write"] = ".*",
                ["read"] = ".*",
            });
        }

        Assert.Equal(HttpStatusCode.NoContent, await api.DeleteAsync("topic-permissions/%2F/topical/one"));
        Assert.Equal(HttpStatusCode.NotFound, await api.DeleteAsync("topic-permissions/%2F/topical/one"));
        var left = await api.GetAsync("topic-permissions/%2F/topical");
        Assert.Equal("two", (string?)Assert.Single(left.AsArray())!["exchange"]);
    }

    [Fact]
    public async Task Tags_change_and_the_password_stays()
    {
        api.AddUser("kept", "management");
        var before = (string?)(await api.GetAsync("users/kept"))["password_hash"];
        var (status, _) = await api.PutAsync(
            "users/kept", new JsonObject { ["tags"] = "monitoring", ["keep_password"] = true });
        Assert.Equal(HttpStatusCode.NoContent, status);
        var user = await api.GetAsync("users/kept");
        Assert.Equal(before, (string?)user["password_hash"]);
        Assert.Equal("kept", (string?)(await api.GetAsync("whoami", "kept"))["name"]);
        (status, _) = await api.PutAsync("users/nobody", new JsonObject { ["tags"] = "", ["keep_password"] = true });
        Assert.Equal(HttpStatusCode.BadRequest, status);
    }

    [Fact]
    public async Task Lists_of_clients_are_of_one_protocol_if_asked()
    {
        await api.PutAsync("queues/%2F/spoken-to", new JsonObject());
        using var client = new FakeClient(api.Broker, "spoken-to");
        foreach (var list in (string[])["connections", "channels", "consumers"])
        {
            Assert.Single((await api.GetAsync($"{list}?protocol=amqp")).AsArray());
            Assert.Empty((await api.GetAsync($"{list}?protocol=mqtt")).AsArray());
        }

        foreach (var column in (string[])["user", "protocol", "vhost", "connected_at", "recv_oct_details.rate"])
            Assert.Single((await api.GetAsync($"connections?page=1&sort={column}"))["items"]!.AsArray());
        var consumers = await api.GetAsync("consumers?page=1&name=spoken&sort=channel_details.name");
        Assert.Equal("amqp", (string?)consumers["items"]![0]!["channel_details"]!["protocol"]);
    }
}
