using System.Net;
using System.Text.Json.Nodes;

namespace Posthaste.Management.Tests;

/// <summary>
/// Definition files of others, unchanged: one that a RabbitMQ 3.10.8 has exported, one of RabbitMQ 4 and one of LavinMQ
/// in the shapes that these export.
/// </summary>
public sealed class ForeignDefinitionTests : IAsyncLifetime
{
    private readonly ApiHost _api = new();

    public ValueTask InitializeAsync() => _api.InitializeAsync();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    [Fact]
    public async Task What_a_rabbitmq_has_exported_goes_in_twice_and_comes_out_the_same()
    {
        var file = await ImportTwiceAsync("rabbitmq-3.10.8.json");

        // What does not survive a restart is taken in, and not exported.
        Assert.False((bool)(await _api.GetAsync("queues/shop/classic.transient"))["durable"]!);
        Assert.False((bool)(await _api.GetAsync("exchanges/shop/orders.transient"))["durable"]!);

        var exported = await _api.GetAsync("definitions");
        foreach (var kind in (string[])
            ["users", "permissions", "topic_permissions", "parameters", "global_parameters", "policies", "exchanges",
                "queues", "bindings"])
        {
            Assert.Equal(Texts(file[kind]!, kind), Texts(exported[kind]!, kind));
        }

        Assert.Equal(
            file["vhosts"]!.AsArray().Select(static host => (string)host!["name"]!).Order(StringComparer.Ordinal),
            exported["vhosts"]!.AsArray().Select(static host => (string)host!["name"]!));
        Assert.True(_api.Broker.Users.TryGet("orders-app", out var user));
        Assert.True(user.Passwords[0].Verify("s3cret"));
        Assert.Equal("rabbit-of-the-shop", _api.Broker.ClusterName);
        var quorum = await _api.GetAsync("queues/shop/orders.quorum");
        Assert.Equal(("quorum", "quorum", "ceiling"), (
            (string?)quorum["type"], (string?)quorum["policy"], (string?)quorum["operator_policy"]));
    }

    [Fact]
    public async Task What_comes_out_goes_into_another_broker_and_comes_out_of_it_the_same()
    {
        await ImportTwiceAsync("rabbitmq-3.10.8.json");
        var exported = await _api.GetAsync("definitions");
        await using var other = new ApiHost();
        await other.InitializeAsync();
        Assert.Equal(HttpStatusCode.NoContent, (await other.PostAsync("definitions", exported)).Status);
        Assert.Equal(exported.ToJsonString(), (await other.GetAsync("definitions")).ToJsonString());
    }

    [Fact]
    public async Task A_file_of_rabbitmq_4_goes_in_twice()
    {
        await ImportTwiceAsync("rabbitmq-4.json");
        var orders = await _api.GetAsync("queues/shop/orders");
        Assert.Equal(("quorum", "bounded", "ceiling"), (
            (string?)orders["type"], (string?)orders["policy"], (string?)orders["operator_policy"]));
        Assert.Equal(9, (int)(await _api.GetAsync("vhost-limits/shop"))[0]!["value"]!["max-queues"]!);
        Assert.Equal("eu-1", (string?)(await _api.GetAsync("global-parameters/cluster_tags"))["value"]!["region"]);
    }

    [Fact]
    public async Task A_file_of_lavinmq_goes_in_twice()
    {
        await ImportTwiceAsync("lavinmq-2.json");
        var orders = await _api.GetAsync("queues/shop/orders");
        Assert.Equal(("bounded", "ceiling", 50), (
            (string?)orders["policy"], (string?)orders["operator_policy"],
            (int)orders["effective_policy_definition"]!["max-length"]!));
        Assert.Equal("x-delayed-message", (string?)(await _api.GetAsync("exchanges/shop/later"))["type"]);
        Assert.Equal(3, (int)(await _api.GetAsync("vhost-limits/shop"))[0]!["value"]!["max-connections"]!);
        Assert.Contains(
            (await _api.GetAsync("queues/shop/orders/bindings")).AsArray(),
            static binding => (string?)binding!["source"] == "later");
    }

    private async Task<JsonNode> ImportTwiceAsync(string name)
    {
        var path = Path.Combine(AppContext.BaseDirectory, "Definitions", name);
        var text = await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken);
        for (var i = 0; i < 2; i++)
        {
            var (status, body) = await _api.SendAsync(HttpMethod.Post, "definitions", raw: text);
            Assert.True(status == HttpStatusCode.NoContent, $"{status}: {body}");
        }

        return JsonNode.Parse(text)!;
    }

    /// <summary>Items in one order, members too; without what is not exported.</summary>
    private static IEnumerable<string> Texts(JsonNode items, string kind) => items.AsArray()
        .Where(item => IsDurable(item!, kind))
        .Select(item => Ordered(kind == "queues" ? WithType(item!) : item)!.ToJsonString())
        .Order(StringComparer.Ordinal);

    private static bool IsDurable(JsonNode item, string kind) =>
        (bool?)item["durable"] != false && (kind != "bindings" || (string?)item["source"] != "orders.transient");

    /// <summary>Queues say their type when they are exported.</summary>
    private static JsonNode WithType(JsonNode queue)
    {
        var typed = queue.DeepClone();
        typed["arguments"]!["x-queue-type"] ??= "classic";
        typed["type"] = (string)typed["arguments"]!["x-queue-type"]!;
        return typed;
    }

    private static JsonNode? Ordered(JsonNode? node) => node switch
    {
        JsonObject members => new JsonObject(members.OrderBy(static member => member.Key, StringComparer.Ordinal)
            .Where(member => !IsAlgorithmOfNothing(members, member.Key))
            .Select(static member => KeyValuePair.Create(member.Key, Ordered(member.Value)))),
        JsonArray items => new JsonArray([.. items.Select(Ordered)]),
        _ => node?.DeepClone(),
    };

    /// <summary>A user without a password has no algorithm either, here.</summary>
    private static bool IsAlgorithmOfNothing(JsonObject user, string member) =>
        member == "hashing_algorithm" && (string?)user["password_hash"] == "";
}
