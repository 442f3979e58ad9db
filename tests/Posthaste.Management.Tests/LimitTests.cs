using System.Net;
using System.Text.Json.Nodes;

namespace Posthaste.Management.Tests;

/// <summary>`vhost-limits` and `user-limits`.</summary>
public sealed class LimitTests(ApiHost api) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task Limits_of_a_virtual_host_are_set_shown_in_effect_and_removed()
    {
        await api.PutAsync("vhosts/limited", new JsonObject());
        Assert.Empty((await api.GetAsync("vhost-limits/limited")).AsArray());
        Assert.Equal(HttpStatusCode.NoContent, await SetAsync("vhost-limits/limited/max-queues", 1));
        Assert.Equal(HttpStatusCode.NoContent, await SetAsync("vhost-limits/limited/max-connections", -1));
        var shown = Assert.Single((await api.GetAsync("vhost-limits/limited")).AsArray())!;
        Assert.Equal(
            """{"vhost":"limited","value":{"max-connections":-1,"max-queues":1}}""", shown.ToJsonString());

        Assert.Equal(HttpStatusCode.Created, (await api.PutAsync("queues/limited/a", new JsonObject())).Status);
        var (status, body) = await api.PutAsync("queues/limited/b", new JsonObject());
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal(
            "cannot declare queue 'b': queue limit in vhost 'limited' (1) is reached", (string?)body!["reason"]);
        Assert.Equal(HttpStatusCode.NoContent, await api.DeleteAsync("vhost-limits/limited/max-queues"));
        Assert.Equal(HttpStatusCode.Created, (await api.PutAsync("queues/limited/b", new JsonObject())).Status);
    }

    [Fact]
    public async Task Limits_of_a_user_stay_when_the_user_gets_another_password()
    {
        api.AddUser("limited");
        Assert.Equal(HttpStatusCode.NoContent, await SetAsync("user-limits/limited/max-connections", 3));
        Assert.Equal(HttpStatusCode.NoContent, await SetAsync("user-limits/limited/max-messages-per-second", 100));
        await api.PutAsync("users/limited", new JsonObject { ["password"] = "new", ["tags"] = "" });
        var shown = Assert.Single((await api.GetAsync("user-limits/limited")).AsArray())!;
        Assert.Equal(
            """{"user":"limited","value":{"max-connections":3,"max-messages-per-second":100}}""", shown.ToJsonString());
        Assert.Equal(3, (int)(await api.GetAsync("users/limited"))["limits"]!["max-connections"]!);
        Assert.Equal(HttpStatusCode.NoContent, await api.DeleteAsync("user-limits/limited/max-connections"));
        Assert.Null((await api.GetAsync("users/limited"))["limits"]!["max-connections"]);
    }

    [Theory]
    [InlineData("vhost-limits/%2F/foo", """{"value":5}""", "Unrecognised terms [{<<\"foo\">>,5}] in limits")]
    [InlineData("vhost-limits/%2F/max-queues", """{"value":"x"}""", "max-queues should be a number")]
    [InlineData("vhost-limits/%2F/max-queues", "{}", "[{key_missing,value}]")]
    [InlineData("user-limits/guest/foo", """{"value":5}""", "Unrecognised terms [{<<\"foo\">>,5}] in user-limits")]
    [InlineData("user-limits/guest/max-channels", """{"value":1.5}""", "max-channels should be a number")]
    public async Task What_is_no_limit_is_refused(string path, string body, string reason)
    {
        var (status, answer) = await api.SendAsync(HttpMethod.Put, path, raw: body);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(reason, (string?)answer!["reason"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_administrators_limit()
    {
        api.AddUser("l-maker", "policymaker");
        var body = new JsonObject { ["value"] = 1 };
        Assert.Equal(
            HttpStatusCode.Unauthorized, (await api.PutAsync("vhost-limits/%2F/max-queues", body, "l-maker")).Status);
        var (status, _) = await api.PutAsync("user-limits/guest/max-channels", body, "l-maker");
        Assert.Equal(HttpStatusCode.Unauthorized, status);
        Assert.Equal(HttpStatusCode.NotFound, await SetAsync("user-limits/nobody/max-channels", 1));
        Assert.Equal(HttpStatusCode.NotFound, await SetAsync("vhost-limits/nowhere/max-queues", 1));
    }

    private async Task<HttpStatusCode> SetAsync(string path, long value) =>
        (await api.PutAsync(path, new JsonObject { ["value"] = value })).Status;
}
