using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.OpenApi;
using Posthaste.Management.Http;
using Posthaste.Management.OpenApi;

namespace Posthaste.Management.Tests;

/// <summary>The API's description: whole, valid, and what is really answered.</summary>
public sealed partial class DescriptionTests(ApiHost api) : IClassFixture<ApiHost>
{
    private static readonly IReadOnlyList<ApiRoute> Routes = ManagementServer.Routes(new ListenerTable([])).All;

    /// <summary>What is asked for of each path with variables: objects that <see cref="FillAsync"/> makes.</summary>
    private static readonly (string Path, string Example)[] Examples =
    [
        ("bindings/{vhost}/e/{source}/q/{destination}", "bindings/d/e/d-exchange/q/d-queue"),
        ("bindings/{vhost}/e/{source}/q/{destination}/{key}", "bindings/d/e/d-exchange/q/d-queue/d-key"),
        ("channels/{name}", "channels/127.0.0.1:40000%20-%3E%20127.0.0.1:5672%20(1)"),
        ("connections/{name}", "connections/127.0.0.1:40000%20-%3E%20127.0.0.1:5672"),
        ("connections/{name}/channels", "connections/127.0.0.1:40000%20-%3E%20127.0.0.1:5672/channels"),
        ("connections/username/{user}", "connections/username/guest"),
        ("exchanges/{vhost}/{name}", "exchanges/d/d-exchange"),
        ("exchanges/{vhost}/{name}/bindings/source", "exchanges/d/d-exchange/bindings/source"),
        ("exchanges/{vhost}/{name}/bindings/destination", "exchanges/d/d-exchange/bindings/destination"),
        ("global-parameters/{name}", "global-parameters/d-parameter"),
        ("parameters/{component}", "parameters/vhost-limits"),
        ("parameters/{component}/{vhost}", "parameters/vhost-limits/d"),
        ("parameters/{component}/{vhost}/{name}", "parameters/vhost-limits/d/limits"),
        ("permissions/{vhost}/{user}", "permissions/d/guest"),
        ("permissions/{vhost}/{user}/check", "permissions/d/guest/check?access=read&kind=queue&name=d-queue"),
        ("topic-permissions/{vhost}/{user}", "topic-permissions/d/guest"),
        ("topic-permissions/{vhost}/{user}/{exchange}", "topic-permissions/d/guest/amq.topic"),
        ("policies/{vhost}/{name}", "policies/d/d-policy"),
        ("operator-policies/{vhost}/{name}", "operator-policies/d/d-policy"),
        ("queues/{vhost}/{name}", "queues/d/d-queue"),
        ("queues/{vhost}/{name}/bindings", "queues/d/d-queue/bindings"),
        ("queues/{vhost}/{name}/browse", "queues/d/d-queue/browse"),
        ("queues/{vhost}/{name}/dead-letters", "queues/d/d-queue/dead-letters"),
        ("scheduled/{vhost}/{exchange}", "scheduled/d/d-delayed"),
        ("user-limits/{user}", "user-limits/guest"),
        ("users/{name}", "users/guest"),
        ("users/{name}/permissions", "users/guest/permissions"),
        ("users/{name}/topic-permissions", "users/guest/topic-permissions"),
        ("auth/hash_password/{password}", "auth/hash_password/secret"),
        ("health/checks/port-listener/{port}", "health/checks/port-listener/5672"),
        ("health/checks/protocol-listener/{protocols}", "health/checks/protocol-listener/amqp"),
        ("health/checks/certificate-expiration/{within}/{unit}", "health/checks/certificate-expiration/1/days"),
    ];

    /// <summary>Paths that have no example: what they ask for is never there.</summary>
    private static readonly string[] Without =
        [
            "bindings/{vhost}/e/{source}/e/{destination}/{key}", "connections/{name}/sessions", "moves/{vhost}/{id}",
            "queues/{vhost}/{name}/browse/{id}",
        ];

    [Fact]
    public void Every_route_says_what_it_does()
    {
        Assert.All(Routes, static route => Assert.True(
            route.Summary.EndsWith('.'), $"{route.Method} {route.Path} has no description"));
        Assert.All(Routes, static route => Assert.True(
            route.Method != "GET" || route.Answer is AnswerKind.One or AnswerKind.List,
            $"{route.Path} does not say what it answers"));
        Assert.All(Routes, static route => Assert.All(
            Variable().Matches(route.Path), static variable => Assert.Contains(
                variable.Groups[1].Value, ApiDocument.Variables)));
    }

    [Fact]
    public void Every_schema_is_used()
    {
        var text = string.Join(' ', ApiSchemas.All.Values.Concat(
            Routes.SelectMany(static route => new[] { route.Body, route.Schema, route.Failure })));
        Assert.All(ApiSchemas.All.Keys.Except(["Error", "Rate"]), name => Assert.Matches($@"\b{name}\b", text));
    }

    [Fact]
    public async Task It_is_served_to_anybody_and_a_reader_of_openapi_finds_no_fault()
    {
        using var http = new HttpClient();
        var text = await http.GetStringAsync(
            new Uri($"http://127.0.0.1:{api.Port}/api/openapi.json"), TestContext.Current.CancellationToken);
        var read = OpenApiDocument.Parse(text, "json");
        Assert.Empty(read.Diagnostic!.Errors);
        Assert.Empty(read.Diagnostic.Warnings);
        Assert.Equal(
            Routes.Select(static route => $"{route.Method} /{route.Path}").Order(StringComparer.Ordinal),
            read.Document!.Paths.SelectMany(static path => path.Value.Operations!.Select(
                operation => $"{operation.Key} {path.Key}")).Order(StringComparer.Ordinal));
        var ids = read.Document.Paths.SelectMany(static path => path.Value.Operations!.Values)
            .Select(static operation => operation.OperationId).ToList();
        Assert.Equal(ids.Count, ids.Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public async Task What_is_answered_is_what_is_described()
    {
        await FillAsync();
        using var client = new FakeClient(api.Broker, "d-queue", "d");
        api.Sample();
        var check = new SchemaCheck(await api.GetAsync("openapi.json"));
        foreach (var route in Routes.Where(static route => route.Method == "GET"))
        {
            if (Without.Contains(route.Path)) continue;
            var path = Example(route.Path);
            var (status, answer) = await api.SendAsync(HttpMethod.Get, path);
            Assert.True(status == HttpStatusCode.OK, $"{path}: {status}");
            var differences = check.Differences(check.AnswerOf($"/{route.Path}", "get"), answer);
            Assert.True(differences.Count == 0, $"{path}: {string.Join("; ", differences)}");
            if (route.Answer != AnswerKind.List) continue;
            var page = await api.GetAsync($"{path}?page=1&page_size=5");
            differences = check.Differences(check.AnswerOf($"/{route.Path}", "get"), page);
            Assert.True(differences.Count == 0, $"{path}?page=1: {string.Join("; ", differences)}");
        }
    }

    [Theory]
    [InlineData("queues/{vhost}/{name}/get", "queues/d/d-queue/get", """{"count":1}""")]
    [InlineData("exchanges/{vhost}/{name}/publish", "exchanges/d/amq.default/publish",
        """{"routing_key":"d-queue","payload":"x","properties":{}}""")]
    [InlineData("exchanges/{vhost}/{name}/explain", "exchanges/d/d-exchange/explain", """{"routing_key":"x"}""")]
    [InlineData("queues/{vhost}/{name}/move", "queues/d/d-queue/move", """{"destination":"d-moved","dry_run":true}""")]
    [InlineData("queues/{vhost}/{name}/redrive", "queues/d/d-queue/redrive", """{"dry_run":true}""")]
    public async Task So_is_what_is_answered_to_posts(string route, string path, string body)
    {
        await FillAsync();
        var (status, answer) = await api.SendAsync(HttpMethod.Post, path, raw: body);
        Assert.Equal(HttpStatusCode.OK, status);
        var check = new SchemaCheck(await api.GetAsync("openapi.json"));
        Assert.Empty(check.Differences(check.AnswerOf($"/{route}", "post"), answer));
    }

    private static string Example(string path) =>
        Examples.FirstOrDefault(example => example.Path == path).Example
        ?? path.Replace("{vhost}", "d", StringComparison.Ordinal)
            .Replace("{node}", Uri.EscapeDataString(Broker.MessageBroker.NodeName), StringComparison.Ordinal)
            .Replace("{pattern}", "x", StringComparison.Ordinal)
            .Replace("{source}", "d-exchange", StringComparison.Ordinal)
            .Replace("{destination}", "d-inner", StringComparison.Ordinal);

    /// <summary>One of each kind. Any number of times.</summary>
    private async Task FillAsync()
    {
        (string Path, string Body)[] puts =
        [
            ("vhosts/d", "{}"),
            ("exchanges/d/d-exchange", """{"type":"topic","arguments":{"a":[1,{"b":null}]}}"""),
            ("exchanges/d/d-inner", """{"type":"fanout"}"""),
            ("exchanges/d/d-delayed", """{"type":"x-delayed-message","arguments":{"x-delayed-type":"direct"}}"""),
            ("queues/d/d-queue", """{"arguments":{"x-max-length":10}}"""),
            ("queues/d/d-moved", "{}"),
            ("policies/d/d-policy", """{"pattern":"^d","definition":{"max-length":5}}"""),
            ("operator-policies/d/d-policy", """{"pattern":"^d","definition":{"max-length":5}}"""),
            ("vhost-limits/d/max-queues", """{"value":100}"""),
            ("user-limits/guest/max-channels", """{"value":1000}"""),
            ("topic-permissions/d/guest", """{"exchange":"amq.topic","write":".*","read":".*"}"""),
            ("global-parameters/d-parameter", """{"value":{"a":1}}"""),
        ];
        foreach (var (path, body) in puts)
        {
            var (status, _) = await api.SendAsync(HttpMethod.Put, path, raw: body);
            Assert.True(status is HttpStatusCode.Created or HttpStatusCode.NoContent, $"{path}: {status}");
        }

        await api.PostAsync(
            "bindings/d/e/d-exchange/q/d-queue", new JsonObject { ["routing_key"] = "d-key" });
        await api.PostAsync("bindings/d/e/d-exchange/e/d-inner", new JsonObject { ["routing_key"] = "#" });
        await api.SendAsync(
            HttpMethod.Post, "exchanges/d/d-exchange/publish",
            raw: """{"routing_key":"d-key","payload":"x","properties":{"headers":{"h":1}}}""");
        await api.SendAsync(HttpMethod.Post, "queues/d/d-queue/move", raw: """{"destination":"d-moved"}""");
        await api.SendAsync(
            HttpMethod.Post, "exchanges/d/d-delayed/publish",
            raw: """{"routing_key":"d-queue","payload":"x","properties":{"headers":{"x-delay":3600000}}}""");
    }

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex Variable();
}
