using System.Net;
using System.Text.Json.Nodes;

namespace Posthaste.Management.Tests;

/// <summary>`policies` and `operator-policies`.</summary>
public sealed class PolicyTests(ApiHost api) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task A_policy_is_set_shown_where_it_counts_replaced_and_removed()
    {
        await api.PutAsync("queues/%2F/p-queue", new JsonObject());
        await api.PutAsync("exchanges/%2F/p-exchange", new JsonObject { ["type"] = "fanout" });
        Assert.Null((await api.GetAsync("queues/%2F/p-queue"))["policy"]);

        var policy = Policy("^p-", """{"max-length":10,"alternate-exchange":"amq.fanout"}""", "all");
        Assert.Equal(HttpStatusCode.Created, (await api.PutAsync("policies/%2F/p", policy)).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await api.PutAsync("policies/%2F/p", policy)).Status);
        var ceiling = Policy("^p-", """{"max-length":4,"expires":60000}""", "queues");
        Assert.Equal(HttpStatusCode.Created, (await api.PutAsync("operator-policies/%2F/c", ceiling)).Status);

        var shown = await api.GetAsync("policies/%2F/p");
        Assert.Equal(("/", "p", "^p-", "all", 0), (
            (string?)shown["vhost"], (string?)shown["name"], (string?)shown["pattern"], (string?)shown["apply-to"],
            (int)shown["priority"]!));
        Assert.Contains(
            (await api.GetAsync("operator-policies")).AsArray(), item => (string?)item!["name"] == "c");
        var queue = await api.GetAsync("queues/%2F/p-queue");
        Assert.Equal(("p", "c"), ((string?)queue["policy"], (string?)queue["operator_policy"]));
        Assert.Equal(4, (int)queue["effective_policy_definition"]!["max-length"]!);
        Assert.Equal(60_000, (int)queue["effective_policy_definition"]!["expires"]!);
        var exchange = await api.GetAsync("exchanges/%2F/p-exchange");
        Assert.Equal(("p", null), ((string?)exchange["policy"], (string?)exchange["operator_policy"]));

        Assert.Equal(HttpStatusCode.NoContent, await api.DeleteAsync("policies/%2F/p"));
        Assert.Equal(HttpStatusCode.NotFound, await api.DeleteAsync("policies/%2F/p"));
        Assert.Equal(HttpStatusCode.NoContent, await api.DeleteAsync("operator-policies/%2F/c"));
        Assert.Null((await api.GetAsync("queues/%2F/p-queue"))["policy"]);
    }

    [Theory]
    [InlineData("""{"pattern":"^a"}""", "[{key_missing,definition}]")]
    [InlineData("""{"definition":{"max-length":1}}""", "[{key_missing,pattern}]")]
    [InlineData("""{"pattern":"^a","definition":{}}""", "Validation failed\n\nno policy provided\n")]
    [InlineData(
        """{"pattern":"^a","definition":{"foo":1}}""",
        "Validation failed\n\n[{<<\"foo\">>,1}] are not recognised policy settings\n")]
    [InlineData(
        """{"pattern":"^a","definition":{"max-length":"x"}}""",
        "Validation failed\n\n<<\"x\">> is not a valid maximum length\n")]
    [InlineData("""{"pattern":"(","definition":{"max-length":1}}""", "pattern should be regular expression")]
    [InlineData("""{"pattern":"a","definition":{"max-length":1},"apply-to":"x"}""", "apply-to 'x' unrecognised")]
    [InlineData("""{"pattern":"a","definition":{"max-length":1},"priority":"x"}""", "priority")]
    public async Task What_is_no_policy_is_refused_in_RabbitMQs_words(string body, string reason)
    {
        var (status, answer) = await api.SendAsync(HttpMethod.Put, "policies/%2F/bad", raw: body);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(reason, (string?)answer!["reason"], StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await api.SendAsync(HttpMethod.Get, "policies/%2F/bad")).Status);
    }

    [Fact]
    public async Task Policymakers_make_policies_where_they_may_be_and_only_administrators_limit_them()
    {
        api.AddUser("p-maker", "policymaker");
        api.AddUser("p-viewer", "monitoring");
        var body = Policy("^none$", """{"max-length":10}""", "all");
        Assert.Equal(HttpStatusCode.Unauthorized, (await api.PutAsync("policies/%2F/m", body, "p-viewer")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await api.PutAsync("policies/%2F/m", body, "p-maker")).Status);
        await api.PutAsync(
            "permissions/%2F/p-maker",
            new JsonObject { ["configure"] = "", ["write"] = "", ["read"] = "" });
        Assert.Equal(HttpStatusCode.Created, (await api.PutAsync("policies/%2F/m", body, "p-maker")).Status);
        Assert.Single(
            (await api.GetAsync("policies/%2F", "p-maker")).AsArray(), item => (string?)item!["name"] == "m");
        Assert.Equal(
            HttpStatusCode.Unauthorized, (await api.PutAsync("operator-policies/%2F/m", body, "p-maker")).Status);
        Assert.Equal(HttpStatusCode.NoContent, await api.DeleteAsync("policies/%2F/m", "p-maker"));
    }

    private static JsonObject Policy(string pattern, string definition, string appliesTo) => new()
    {
        ["pattern"] = pattern,
        ["definition"] = JsonNode.Parse(definition),
        ["priority"] = 0,
        ["apply-to"] = appliesTo,
    };
}
