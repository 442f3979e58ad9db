using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Posthaste.Broker.Security.Access;
using Posthaste.Management.Resources;
using Posthaste.Testing;

namespace Posthaste.Management.Tests;

/// <summary>What is changed through the API is recorded, with who did it.</summary>
public sealed class AuditTests(AuditTests.RecordingHost api) : IClassFixture<AuditTests.RecordingHost>
{
    [Fact]
    public async Task A_change_is_recorded_with_who_did_it_and_without_what_it_said()
    {
        var user = new JsonObject { ["password"] = "hunter2", ["tags"] = "management" };
        Assert.Equal(HttpStatusCode.Created, (await api.PutAsync("users/audited%2Fone", user)).Status);
        var entry = Assert.Single(api.Recorder.Of("UserChanged"), static text => text.Contains("audited"));
        Assert.StartsWith(
            "UserChanged: User 'guest', Listener 'http', From '127.0.0.1:", entry, StringComparison.Ordinal);
        Assert.EndsWith("Subject 'PUT /api/users/audited%2Fone'", entry, StringComparison.Ordinal);
        Assert.DoesNotContain(api.Recorder.Entries, static recorded => recorded.Text.Contains("hunter2"));
    }

    [Fact]
    public async Task Definitions_that_are_read_are_recorded_and_other_reading_is_not()
    {
        await api.GetAsync("definitions?columns=users");
        Assert.Contains(api.Recorder.Of("DefinitionsExported"), static text => text.EndsWith("GET /api/definitions'"));
        var count = api.Recorder.Of("OtherAction").Count;
        await api.GetAsync("queues");
        Assert.Equal(count, api.Recorder.Of("OtherAction").Count);
        Assert.Empty(api.Recorder.Of("LoginSucceeded"));
    }

    [Fact]
    public async Task What_is_refused_is_recorded_once()
    {
        api.AddUser("lowly", "management");
        Assert.Equal(HttpStatusCode.Unauthorized, await api.DeleteAsync("users/guest", "lowly"));
        var entry = Assert.Single(api.Recorder.Of("AccessDenied"), static text => text.Contains("'lowly'"));
        Assert.EndsWith(
            "Subject 'DELETE /api/users/guest', Detail 'Not administrator user'", entry, StringComparison.Ordinal);

        api.AddUser("tagless");
        Assert.Equal(HttpStatusCode.Unauthorized, await api.DeleteAsync("users/guest", "tagless"));
        Assert.Single(api.Recorder.Of("AccessDenied"), static text => text.Contains("'tagless'"));
        Assert.Equal(HttpStatusCode.Unauthorized, await api.DeleteAsync("users/guest", "nobody"));
        Assert.Single(api.Recorder.Of("LoginFailed"), static text => text.Contains("'nobody'"));
    }

    /// <summary>What a user may not who may enter, and nothing else; and what one with a tag may not do.</summary>
    [Theory]
    [InlineData("PUT", "queues/%2F/new")]
    [InlineData("DELETE", "queues/%2F/kept")]
    [InlineData("DELETE", "queues/%2F/kept/contents")]
    [InlineData("POST", "queues/%2F/kept/get", """{"count":1,"ackmode":"ack_requeue_true","encoding":"auto"}""")]
    [InlineData("GET", "queues/%2F/kept/browse")]
    [InlineData("GET", "queues/%2F/kept/dead-letters")]
    [InlineData("POST", "queues/%2F/kept/redrive")]
    [InlineData("POST", "queues/%2F/kept/move", """{"destination":"other"}""")]
    [InlineData("PUT", "exchanges/%2F/new", """{"type":"topic"}""")]
    [InlineData("DELETE", "exchanges/%2F/kept")]
    [InlineData("POST", "exchanges/%2F/kept/publish", """{"routing_key":"k","payload":"x"}""")]
    [InlineData("POST", "bindings/%2F/e/kept/q/kept", """{"routing_key":"k"}""")]
    [InlineData("POST", "bindings/%2F/e/kept/e/amq.topic", """{"routing_key":"k"}""")]
    [InlineData("DELETE", "bindings/%2F/e/kept/q/kept/bound")]
    [InlineData("GET", "queues/closed")]
    [InlineData("PUT", "queues/closed/new")]
    [InlineData("GET", "users")]
    [InlineData("PUT", "users/new", """{"password":"x","tags":""}""")]
    [InlineData("DELETE", "users/guest")]
    [InlineData("POST", "users/bulk-delete", """{"users":["guest"]}""")]
    [InlineData("PUT", "permissions/%2F/denied", """{"configure":".*","write":".*","read":".*"}""")]
    [InlineData("DELETE", "permissions/%2F/guest")]
    [InlineData("PUT", "topic-permissions/%2F/denied", """{"exchange":"amq.topic","write":".*","read":".*"}""")]
    [InlineData("PUT", "vhosts/new")]
    [InlineData("PUT", "policies/%2F/new", """{"pattern":".*","definition":{"max-length":1}}""")]
    [InlineData("DELETE", "policies/%2F/new")]
    [InlineData("PUT", "operator-policies/%2F/new", """{"pattern":".*","definition":{"max-length":1}}""")]
    [InlineData("PUT", "vhost-limits/%2F/max-queues", """{"value":1}""")]
    [InlineData("PUT", "user-limits/denied/max-connections", """{"value":-1}""")]
    [InlineData("GET", "definitions")]
    [InlineData("POST", "definitions", """{"users":[]}""")]
    [InlineData("PUT", "global-parameters/cluster_name", """{"value":"theirs"}""")]
    [InlineData("PUT", "cluster-name", """{"name":"theirs"}""")]
    public async Task What_is_denied_is_answered_with_401_and_recorded(string method, string path, string? body = null)
    {
        await PrepareDeniedAsync();
        var before = api.Recorder.Of("AccessDenied").Count;
        var (status, answer) = await api.SendAsync(new HttpMethod(method), path, raw: body, user: "denied");
        Assert.Equal(HttpStatusCode.Unauthorized, status);
        Assert.Equal("not_authorised", (string?)answer!["error"]);
        var entry = Assert.Single(api.Recorder.Of("AccessDenied").Skip(before));
        Assert.Contains(
            $"User 'denied', Listener 'http', From '127.0.0.1:", entry, StringComparison.Ordinal);
        Assert.Contains($"Subject '{method} /api/{path}'", entry, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_may_not_see_the_metrics_is_recorded()
    {
        await PrepareDeniedAsync();
        var before = api.Recorder.Of("AccessDenied").Count;
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{api.Port}/metrics");
        request.Headers.Add("X-Forwarded-For", "192.0.2.1");
        request.Headers.Authorization = new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String("denied:denied"u8));
        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Contains(
            "'GET /metrics'", Assert.Single(api.Recorder.Of("AccessDenied").Skip(before)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("DELETE", "queues/{vhost}/{name}/contents", "QueuePurged")]
    [InlineData("DELETE", "queues/{vhost}/{name}", "TopologyChanged")]
    [InlineData("POST", "queues/{vhost}/{name}/get", "MessagesTaken")]
    [InlineData("POST", "exchanges/{vhost}/{name}/publish", "MessagePublished")]
    [InlineData("POST", "definitions/{vhost}", "DefinitionsImported")]
    [InlineData("DELETE", "connections/username/{user}", "ConnectionClosed")]
    [InlineData("PUT", "topic-permissions/{vhost}/{user}", "PermissionChanged")]
    [InlineData("PUT", "vhosts/{vhost}", "VirtualHostChanged")]
    [InlineData("PUT", "operator-policies/{vhost}/{name}", "PolicyChanged")]
    [InlineData("POST", "something/new", "OtherAction")]
    [InlineData("GET", "users", null)]
    [InlineData("GET", "connections/{name}", null)]
    public void Every_path_has_its_event(string method, string path, string? expected) =>
        Assert.Equal(expected, RequestAudit.KindOf(method, path)?.Name);

    private async Task PrepareDeniedAsync()
    {
        foreach (var queue in (string[])["kept", "other"]) await api.PutAsync($"queues/%2F/{queue}", new JsonObject());
        await api.PutAsync("exchanges/%2F/kept", new JsonObject
        {
            ["type"] = "x-delayed-message",
            ["arguments"] = new JsonObject { ["x-delayed-type"] = "topic" },
        });
        await api.PostAsync("bindings/%2F/e/kept/q/kept", new JsonObject { ["routing_key"] = "bound" });
        api.Broker.AddVirtualHost("closed");
        api.AddUser("denied", "management");
        Assert.Null(api.Broker.Users.SetPermission("denied", "/", Permission.Create("^$", "^$", "^$")));
    }

    /// <summary>The API, with its audit log at hand.</summary>
    public sealed class RecordingHost : ApiHost
    {
        internal AuditRecorder Recorder { get; } = new();

        private protected override Microsoft.Extensions.Logging.ILoggerFactory Loggers => Recorder;
    }
}
