using System.Net;
using System.Text.Json.Nodes;
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

    /// <summary>The API, with its audit log at hand.</summary>
    public sealed class RecordingHost : ApiHost
    {
        internal AuditRecorder Recorder { get; } = new();

        private protected override Microsoft.Extensions.Logging.ILoggerFactory Loggers => Recorder;
    }
}
