using System.Net;
using System.Text.Json.Nodes;
using Posthaste.Broker.Security.Access;

namespace Posthaste.Management.Tests;

/// <summary>Who may see and do what over HTTP.</summary>
public sealed class AccessTests(ApiHost api) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task Without_login_or_tag_nobody_is_let_in()
    {
        var (status, body) = await api.SendAsync(HttpMethod.Get, "overview", user: "nobody");
        Assert.Equal(HttpStatusCode.Unauthorized, status);
        Assert.Equal(("not_authorised", "Login failed"), ((string?)body!["error"], (string?)body["reason"]));
        api.AddUser("plain");
        (status, body) = await api.SendAsync(HttpMethod.Get, "overview", user: "plain");
        Assert.Equal(HttpStatusCode.Unauthorized, status);
        Assert.Equal("Not management user", (string?)body!["reason"]);
    }

    [Fact]
    public async Task A_management_user_sees_its_virtual_hosts_and_is_checked_like_a_client()
    {
        api.AddUser("ann", "management");
        await api.PutAsync("vhosts/hers", new JsonObject());
        Assert.Null(api.Broker.Users.SetPermission("ann", "hers", Permission.Create("^a", "^a", "^a")));
        var hosts = await api.GetAsync("vhosts", "ann");
        Assert.Equal("hers", (string?)Assert.Single(hosts.AsArray())!["name"]);
        Assert.Equal(
            HttpStatusCode.Unauthorized, (await api.SendAsync(HttpMethod.Get, "queues/%2F", user: "ann")).Status);
        Assert.Equal(HttpStatusCode.Created, (await api.PutAsync("queues/hers/a", new JsonObject(), "ann")).Status);
        var (status, body) = await api.PutAsync("queues/hers/b", new JsonObject(), "ann");
        Assert.Equal(HttpStatusCode.Unauthorized, status);
        Assert.Equal(
            "configure access to queue 'b' in vhost 'hers' refused for user 'ann'", (string?)body!["reason"]);
        Assert.Equal(HttpStatusCode.Unauthorized, await api.DeleteAsync("users/guest", "ann"));
        var publish = new JsonObject { ["routing_key"] = "a", ["payload"] = "x" };
        (status, _) = await api.PostAsync("exchanges/hers/amq.topic/publish", publish, "ann");
        Assert.Equal(HttpStatusCode.OK, status);
        (status, _) = await api.PostAsync("exchanges/hers/amq.default/publish", publish, "ann");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Null(api.Broker.Users.SetPermission("ann", "hers", Permission.Create("^a", "^b", "^a")));
        (status, _) = await api.PostAsync("exchanges/hers/amq.default/publish", publish, "ann");
        Assert.Equal(HttpStatusCode.Unauthorized, status);
    }

    [Fact]
    public async Task A_monitoring_user_sees_all_and_changes_nothing_it_may_not()
    {
        api.AddUser("mon", "monitoring");
        Assert.NotEmpty((await api.GetAsync("vhosts", "mon")).AsArray());
        Assert.Equal(
            HttpStatusCode.Unauthorized, (await api.PutAsync("queues/%2F/m", new JsonObject(), "mon")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await api.SendAsync(HttpMethod.Get, "users", user: "mon")).Status);
    }

    [Fact]
    public async Task Users_and_permissions_come_and_go()
    {
        var user = new JsonObject { ["password"] = "secret", ["tags"] = "management,custom" };
        Assert.Equal(HttpStatusCode.Created, (await api.PutAsync("users/bob", user)).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await api.PutAsync("users/bob", user)).Status);
        var shown = await api.GetAsync("users/bob");
        Assert.Equal("""["management","custom"]""", shown["tags"]!.ToJsonString());
        Assert.DoesNotContain("secret", shown.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal("bob", (string?)(await api.GetAsync("users/without-permissions"))[0]!["name"]);

        var permission = new JsonObject { ["configure"] = "^c", ["write"] = "^w", ["read"] = "^r" };
        Assert.Equal(HttpStatusCode.Created, (await api.PutAsync("permissions/%2F/bob", permission)).Status);
        Assert.Equal("^w", (string?)(await api.GetAsync("permissions/%2F/bob"))["write"]);
        permission["read"] = "(";
        var (status, body) = await api.PutAsync("permissions/%2F/bob", permission);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.StartsWith("'(' is no regular expression", (string?)body!["reason"], StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NoContent, await api.DeleteAsync("permissions/%2F/bob"));
        Assert.Equal(HttpStatusCode.NotFound, await api.DeleteAsync("permissions/%2F/bob"));

        var topic = new JsonObject { ["exchange"] = "amq.topic", ["write"] = "^w", ["read"] = "^r" };
        Assert.Equal(HttpStatusCode.Created, (await api.PutAsync("topic-permissions/%2F/bob", topic)).Status);
        Assert.Equal("amq.topic", (string?)(await api.GetAsync("topic-permissions/%2F/bob"))[0]!["exchange"]);
        Assert.Equal(HttpStatusCode.NoContent, await api.DeleteAsync("topic-permissions/%2F/bob"));
        Assert.Equal(HttpStatusCode.NoContent, await api.DeleteAsync("users/bob"));
        Assert.Equal(HttpStatusCode.NotFound, await api.DeleteAsync("users/bob"));
    }
}
