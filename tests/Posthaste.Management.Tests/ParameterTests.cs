using System.Net;
using System.Text.Json.Nodes;

namespace Posthaste.Management.Tests;

/// <summary>`parameters` and `global-parameters`, in RabbitMQ's words.</summary>
public sealed class ParameterTests(ApiHost api) : IClassFixture<ApiHost>
{
    [Theory]
    [InlineData("""{"region":"eu","ring":2,"canary":false,"contacts":["ä@example.org"],"none":null}""")]
    [InlineData("17")]
    [InlineData("\"text\"")]
    [InlineData("null")]
    public async Task A_global_parameter_is_any_json(string value)
    {
        var body = $$"""{"value":{{value}}}""";
        Assert.Equal(HttpStatusCode.Created, (await SendAsync(HttpMethod.Put, "global-parameters/any", body)).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(HttpMethod.Put, "global-parameters/any", body)).Status);
        var shown = await api.GetAsync("global-parameters/any");
        Assert.Equal("any", (string?)shown["name"]);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(value), shown["value"]));
        Assert.Contains((await api.GetAsync("global-parameters")).AsArray(), item => (string?)item!["name"] == "any");
        var exported = (await api.GetAsync("definitions"))["global_parameters"]!.AsArray();
        Assert.Contains(exported, item => JsonNode.DeepEquals(item, shown));
        Assert.Equal(HttpStatusCode.NoContent, await api.DeleteAsync("global-parameters/any"));
        Assert.Equal(HttpStatusCode.NotFound, await api.DeleteAsync("global-parameters/any"));
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(HttpMethod.Get, "global-parameters/any")).Status);
    }

    [Fact]
    public async Task The_cluster_has_the_name_that_it_is_given()
    {
        Assert.StartsWith("posthaste@", (string?)(await api.GetAsync("cluster-name"))["name"]);
        var (status, _) = await api.PutAsync("cluster-name", new JsonObject { ["name"] = "the shop's \"broker\"" });
        Assert.Equal(HttpStatusCode.NoContent, status);
        Assert.Equal("the shop's \"broker\"", (string?)(await api.GetAsync("cluster-name"))["name"]);
        Assert.Equal("the shop's \"broker\"", (string?)(await api.GetAsync("overview"))["cluster_name"]);
        Assert.Equal(
            "the shop's \"broker\"", (string?)(await api.GetAsync("global-parameters/cluster_name"))["value"]);
        (status, var body) = await api.PutAsync("cluster-name", new JsonObject());
        Assert.Equal(
            (HttpStatusCode.BadRequest, "[{key_missing,name}]"), (status, (string?)body!["reason"]));
        Assert.Equal(HttpStatusCode.NoContent, await api.DeleteAsync("global-parameters/cluster_name"));
        Assert.StartsWith("posthaste@", (string?)(await api.GetAsync("cluster-name"))["name"]);
    }

    [Fact]
    public async Task Policies_and_limits_are_parameters_too()
    {
        await api.PutAsync("vhosts/p", new JsonObject());
        var (status, _) = await SendAsync(
            HttpMethod.Put, "parameters/vhost-limits/p/limits", """{"value":{"max-queues":9}}""");
        Assert.Equal(HttpStatusCode.Created, status);
        Assert.Equal(9, (int)(await api.GetAsync("vhost-limits/p"))[0]!["value"]!["max-queues"]!);
        (status, _) = await SendAsync(
            HttpMethod.Put, "parameters/operator_policy/p/ceiling",
            """{"value":{"pattern":"^p","definition":{"max-length":5},"apply-to":"queues","priority":1}}""");
        Assert.Equal(HttpStatusCode.Created, status);
        Assert.Equal(5, (int)(await api.GetAsync("operator-policies/p/ceiling"))["definition"]!["max-length"]!);
        await SendAsync(HttpMethod.Put, "policies/p/mine", """{"pattern":"^p","definition":{"max-length":7}}""");

        string[] all = ["ceiling", "limits"];
        Assert.Equal(all, await NamesAsync("parameters", "p"));
        Assert.Equal(["limits"], await NamesAsync("parameters/vhost-limits", "p"));
        Assert.Equal(["ceiling"], await NamesAsync("parameters/operator_policy/p", "p"));
        Assert.Equal(["mine"], await NamesAsync("parameters/policy/p", "p"));
        Assert.Empty((await api.GetAsync("parameters/shovel")).AsArray());
        var limits = await api.GetAsync("parameters/vhost-limits/p/limits");
        Assert.Equal(
            """{"vhost":"p","component":"vhost-limits","name":"limits","value":{"max-queues":9}}""",
            limits.ToJsonString());

        Assert.Equal(HttpStatusCode.NoContent, await api.DeleteAsync("parameters/vhost-limits/p/limits"));
        Assert.Empty((await api.GetAsync("vhost-limits/p")).AsArray());
        Assert.Equal(HttpStatusCode.NoContent, await api.DeleteAsync("parameters/operator_policy/p/ceiling"));
        Assert.Empty((await api.GetAsync("operator-policies/p")).AsArray());
        Assert.Equal(HttpStatusCode.NotFound, await api.DeleteAsync("parameters/operator_policy/p/ceiling"));
        Assert.Equal(HttpStatusCode.BadRequest, await api.DeleteAsync("parameters/policy/p/mine"));
    }

    [Theory]
    [InlineData("parameters/shovel/%2F/s", """{"value":{}}""", "Validation failed\n\ncomponent shovel not found\n")]
    [InlineData("parameters/policy/%2F/s", """{"value":{}}""", "policies may not be set using this method")]
    [InlineData("parameters/vhost-limits/%2F/limits", "{}", "[{key_missing,value}]")]
    [InlineData("parameters/vhost-limits/%2F/limits", """{"value":7}""", "value has to be an object")]
    [InlineData("parameters/vhost-limits/%2F/limits", """{"value":{"max-queues":"x"}}""", "should be a number")]
    [InlineData("parameters/vhost-limits/%2F/other", """{"value":{"max-queues":1}}""", "is called limits")]
    [InlineData("parameters/operator_policy/%2F/s", """{"value":{"pattern":"^a"}}""", "[{key_missing,definition}]")]
    [InlineData("global-parameters/s", "{}", "[{key_missing,value}]")]
    public async Task What_is_no_parameter_is_refused(string path, string body, string reason)
    {
        var (status, answer) = await SendAsync(HttpMethod.Put, path, body);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(reason, (string?)answer!["reason"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Policymakers_see_parameters_and_keep_global_ones_and_administrators_set_the_rest()
    {
        api.AddUser("viewer", "monitoring");
        api.AddUser("maker", "policymaker");
        foreach (var path in new[] { "parameters", "global-parameters" })
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(HttpMethod.Get, path, user: "viewer")).Status);
            Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Get, path, user: "maker")).Status);
        }

        var value = new JsonObject { ["value"] = 1 };
        Assert.Equal(HttpStatusCode.Created, (await api.PutAsync("global-parameters/m", value, "maker")).Status);
        Assert.Equal(HttpStatusCode.NoContent, await api.DeleteAsync("global-parameters/m", "maker"));
        var (status, _) = await api.PutAsync("parameters/vhost-limits/%2F/limits", value, "maker");
        Assert.Equal(HttpStatusCode.Unauthorized, status);
        (status, _) = await api.PutAsync("cluster-name", new JsonObject { ["name"] = "m" }, "maker");
        Assert.Equal(HttpStatusCode.Unauthorized, status);
    }

    private async Task<string[]> NamesAsync(string path, string host) =>
    [
        .. (await api.GetAsync(path)).AsArray().Where(item => (string?)item!["vhost"] == host)
            .Select(static item => (string)item!["name"]!),
    ];

    private Task<(HttpStatusCode Status, JsonNode? Body)> SendAsync(
        HttpMethod method, string path, string? body = null, string user = "guest") =>
        api.SendAsync(method, path, user: user, raw: body);
}
