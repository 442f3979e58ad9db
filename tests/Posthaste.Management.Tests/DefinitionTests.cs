using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Posthaste.Broker.Security.Access;

namespace Posthaste.Management.Tests;

/// <summary>Definition files go out and in again, whole and twice.</summary>
public sealed class DefinitionTests
{
    /// <summary>What a RabbitMQ writes, with what it adds of its own accord.</summary>
    private const string RabbitFile = """
        {"rabbit_version":"3.13.7","rabbitmq_version":"3.13.7","product_name":"RabbitMQ","product_version":"3.13.7",
         "users":[{"name":"app","password_hash":"kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR",
                   "hashing_algorithm":"rabbit_password_hashing_sha256","tags":["management"],
                   "limits":{"max-connections":5}}],
         "vhosts":[{"name":"shop","description":"the shop's","tags":["eu"]}],
         "permissions":[{"user":"app","vhost":"shop","configure":"^app","write":".*","read":".*"}],
         "topic_permissions":[{"user":"app","vhost":"shop","exchange":"amq.topic","write":"^app\\.","read":".*"}],
         "parameters":[{"vhost":"shop","component":"operator_policy","name":"ceiling",
                        "value":{"pattern":".*","definition":{"max-length":500},"priority":0,"apply-to":"queues"}},
                       {"vhost":"shop","component":"vhost-limits","name":"limits","value":{"max-queues":9}}],
         "global_parameters":[{"name":"internal_cluster_id","value":"rabbitmq-cluster-id-x"},
                              {"name":"cluster_name","value":"rabbit@host"}],
         "policies":[{"vhost":"shop","name":"bounded","pattern":"^ord","apply-to":"all","priority":1,
                      "definition":{"max-length":10000,"message-ttl":3600000}}],
         "queues":[{"name":"orders","vhost":"shop","durable":true,"auto_delete":false,
                    "arguments":{"x-queue-type":"quorum","x-dead-letter-exchange":"dlx"}}],
         "exchanges":[{"name":"dlx","vhost":"shop","type":"topic","durable":true,"auto_delete":false,
                       "internal":false,"arguments":{}}],
         "bindings":[{"source":"dlx","vhost":"shop","destination":"orders","destination_type":"queue",
                      "routing_key":"#","arguments":{}}]}
        """;

    [Fact]
    public async Task A_file_of_rabbitmq_is_taken_in_as_it_is_and_twice_and_goes_out_the_same()
    {
        await using var source = await StartAsync();
        Assert.Equal(HttpStatusCode.NoContent, await ImportAsync(source, RabbitFile));
        Assert.Equal(HttpStatusCode.NoContent, await ImportAsync(source, RabbitFile));
        Assert.Equal(HttpStatusCode.OK, (await source.SendAsync(HttpMethod.Get, "whoami")).Status);
        var exported = await source.GetAsync("definitions");

        await using var target = await StartAsync();
        Assert.Equal(HttpStatusCode.NoContent, await ImportAsync(target, exported.ToJsonString()));
        var again = await target.GetAsync("definitions");
        Assert.Equal(exported.ToJsonString(), again.ToJsonString());
        Assert.Equal("rabbit@host", target.Broker.ClusterName);
        Assert.True(target.Broker.Users.TryGet("app", out var app));
        Assert.True(app.Passwords[0].Verify("test12"));
        Assert.Equal(5, app.Limits["max-connections"]);
        var rules = target.Broker.Users.RulesFor("app", "shop");
        Assert.False(rules.May(AccessKind.Configure, "x"));
        Assert.False(rules.MayUseKey(AccessKind.Write, "amq.topic", "x"));
        var orders = await target.GetAsync("queues/shop/orders");
        Assert.Equal(("quorum", "bounded", "ceiling"),
            ((string?)orders["type"], (string?)orders["policy"], (string?)orders["operator_policy"]));
        Assert.Equal(500, (int?)orders["effective_policy_definition"]!["max-length"]);
        var settings = target.Broker.FindVirtualHost("shop")!.Settings;
        Assert.Equal(("the shop's", "eu", 9), (settings.Description, settings.Tags[0], settings.Limits["max-queues"]));
        Assert.Equal(2, (await target.GetAsync("queues/shop/orders/bindings")).AsArray().Count);
    }

    [Theory]
    [InlineData("policies", """{"name":"p","pattern":".*","definition":{"federation-upstream":"x"}}""",
        "policy 'p': ")]
    [InlineData("policies", """{"name":"p","definition":{"max-length":5}}""", "policy 'p': ")]
    [InlineData("parameters", """{"name":"u","component":"federation-upstream","value":{}}""",
        "parameter 'u': component federation-upstream not found: ")]
    [InlineData("parameters", """{"name":"limits","component":"vhost-limits","value":{"max-cats":1}}""",
        "parameter 'limits': ")]
    [InlineData("queues", """{"name":"s","vhost":"shop","arguments":{"x-queue-type":"stream"}}""",
        "queue 's': queue type 'stream' ")]
    public async Task What_would_be_lost_is_refused_before_anything_is_changed(string kind, string item, string reason)
    {
        await using var api = await StartAsync();
        var file = JsonNode.Parse(RabbitFile)!;
        file[kind]!.AsArray().Add(JsonNode.Parse(item));
        var (status, body) = await api.PostAsync("definitions", file);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.StartsWith(reason, (string?)body!["reason"], StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await api.SendAsync(HttpMethod.Get, "vhosts/shop")).Status);
    }

    [Fact]
    public async Task What_is_there_and_differs_is_named()
    {
        await using var api = await StartAsync();
        Assert.Equal(HttpStatusCode.NoContent, await ImportAsync(api, RabbitFile));
        var file = JsonNode.Parse(RabbitFile)!;
        file["exchanges"]![0]!["type"] = "direct";
        var (status, body) = await api.PostAsync("definitions", file);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.StartsWith(
            "exchange 'dlx': inequivalent arg 'type'", (string?)body!["reason"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_of_one_virtual_host_goes_into_another()
    {
        await using var api = await StartAsync();
        Assert.Equal(HttpStatusCode.NoContent, await ImportAsync(api, RabbitFile));
        var file = await api.GetAsync("definitions/shop");
        await api.PutAsync("vhosts/copy", new JsonObject());
        Assert.Equal(HttpStatusCode.NoContent, (await api.PostAsync("definitions/copy", file)).Status);
        Assert.Equal("topic", (string?)(await api.GetAsync("exchanges/copy/dlx"))["type"]);
    }

    [Fact]
    public async Task A_file_comes_by_a_form_and_goes_as_a_download()
    {
        await using var api = await StartAsync();
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{api.Port}/api/") };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", "Z3Vlc3Q6Z3Vlc3Q=");
        using var form = new MultipartFormDataContent { { new StringContent(RabbitFile), "file", "rabbit.json" } };
        using var taken = await http.PostAsync(
            new Uri("definitions", UriKind.Relative), form, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NoContent, taken.StatusCode);
        using var given = await http.GetAsync(
            new Uri("definitions/shop?download=a%20b.json", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal("a b.json", given.Content.Headers.ContentDisposition!.FileName!.Trim('"'));

        using var other = new MultipartFormDataContent { { new StringContent("{}"), "else", "rabbit.json" } };
        using var refused = await http.PostAsync(
            new Uri("definitions", UriKind.Relative), other, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
    }

    private static async Task<ApiHost> StartAsync()
    {
        var host = new ApiHost();
        await host.InitializeAsync();
        return host;
    }

    private static async Task<HttpStatusCode> ImportAsync(ApiHost host, string file) =>
        (await host.SendAsync(HttpMethod.Post, "definitions", raw: file)).Status;
}
