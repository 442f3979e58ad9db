using System.Diagnostics;

namespace Posthaste.Management.Tests;

/// <summary>The tool that comes with RabbitMQ's management plug-in, unchanged.</summary>
public sealed class RabbitMqAdminTests(ApiHost api) : IClassFixture<ApiHost>
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task It_declares_lists_publishes_gets_purges_and_deletes()
    {
        Assert.Contains("queue declared", await RunAsync("declare", "queue", "name=tool", "durable=true"));
        Assert.Contains("exchange declared", await RunAsync("declare", "exchange", "name=tools", "type=topic"));
        Assert.Contains("binding declared", await RunAsync(
            "declare", "binding", "source=tools", "destination=tool", "routing_key=a.#"));
        Assert.Contains("Message published", await RunAsync(
            "publish", "exchange=tools", "routing_key=a.b", "payload=hello"));
        Assert.Contains("NOT routed", await RunAsync("publish", "exchange=tools", "routing_key=b", "payload=x"));
        var listed = await RunAsync("-f", "tsv", "list", "queues", "name", "messages");
        Assert.Contains("tool\t1", listed);
        Assert.Contains("hello", await RunAsync("get", "queue=tool", "ackmode=ack_requeue_true"));
        Assert.Contains("purged", await RunAsync("purge", "queue", "name=tool"));
        Assert.Contains("No items", await RunAsync("get", "queue=tool"));
        Assert.Contains("tools", await RunAsync("-f", "tsv", "list", "bindings", "source", "destination"));
        Assert.Contains("queue deleted", await RunAsync("delete", "queue", "name=tool"));
        Assert.Contains("exchange deleted", await RunAsync("delete", "exchange", "name=tools"));
    }

    [Fact]
    public async Task It_manages_users_and_virtual_hosts()
    {
        Assert.Contains("vhost declared", await RunAsync("declare", "vhost", "name=its"));
        Assert.Contains("user declared", await RunAsync("declare", "user", "name=it", "password=p", "tags=management"));
        Assert.Contains("permission declared", await RunAsync(
            "declare", "permission", "vhost=its", "user=it", "configure=.*", "write=.*", "read=.*"));
        Assert.Contains("it\t", await RunAsync("-f", "tsv", "list", "users", "name", "tags"));
        Assert.Contains("its", await RunAsync("-f", "tsv", "list", "permissions", "vhost", "user"));
        Assert.Contains("posthaste@", await RunAsync("-f", "tsv", "show", "overview", "node"));
        Assert.Contains("posthaste@", await RunAsync("-f", "tsv", "list", "nodes", "name"));
        Assert.Contains("user deleted", await RunAsync("delete", "user", "name=it"));
    }

    [Fact]
    public async Task It_lists_all_columns_of_queues_channels_and_consumers()
    {
        await RunAsync("declare", "queue", "name=watched");
        using var client = new FakeClient(api.Broker, "watched");
        Assert.Contains("127.0.0.1:40000 -> 127.0.0.1:5672 (1)\tguest", await RunAsync(
            "-f", "tsv", "list", "channels", "name", "user"));
        Assert.Contains("tag\twatched", await RunAsync(
            "-f", "tsv", "list", "consumers", "consumer_tag", "queue.name"));
        foreach (var list in new[] { "channels", "consumers", "queues", "connections", "exchanges", "vhosts" })
            Assert.DoesNotContain("Traceback", await RunAsync("-d", "10", "-f", "long", "list", list));
        Assert.Contains(
            "message_stats.publish_details.rate", await RunAsync("-d", "10", "-f", "tsv", "list", "channels"));
        Assert.Contains(
            "queue_totals.messages_details.rate", await RunAsync("-d", "10", "-f", "tsv", "show", "overview"));
    }

    [Fact]
    public async Task It_manages_policies()
    {
        await RunAsync("declare", "queue", "name=its-limited");
        Assert.Contains("policy declared", await RunAsync(
            "declare", "policy", "name=its", "pattern=^its-", "definition={\"max-length\":7}", "apply-to=queues",
            "priority=3"));
        Assert.Contains("operator_policy declared", await RunAsync(
            "declare", "operator_policy", "name=ceiling", "pattern=^its-", "definition={\"max-length\":5}",
            "apply-to=queues"));
        Assert.Contains("its\t^its-\t3", await RunAsync(
            "-f", "tsv", "list", "policies", "name", "pattern", "priority"));
        Assert.Contains("ceiling", await RunAsync("-f", "tsv", "list", "operator_policies", "name"));
        Assert.Contains("its-limited\tits\tceiling\t5", await RunAsync(
            "-f", "tsv", "list", "queues", "name", "policy", "operator_policy",
            "effective_policy_definition.max-length"));
        Assert.Contains("policy deleted", await RunAsync("delete", "policy", "name=its"));
        Assert.Contains("operator_policy deleted", await RunAsync("delete", "operator_policy", "name=ceiling"));
        Assert.Contains("queue deleted", await RunAsync("delete", "queue", "name=its-limited"));
    }

    [Fact]
    public async Task It_manages_parameters_and_limits()
    {
        await RunAsync("declare", "vhost", "name=bounded");
        Assert.Contains("vhost_limit declared", await RunAsync(
            "declare", "vhost_limit", "vhost=bounded", "name=max-queues", "value=5"));
        Assert.Contains("max-queues", await RunAsync("-f", "tsv", "list", "vhost_limits"));
        Assert.Contains("parameter declared", await RunAsync(
            "-V", "bounded", "declare", "parameter", "component=vhost-limits", "name=limits",
            "value={\"max-connections\":7}"));
        Assert.Contains("vhost-limits", await RunAsync("-f", "tsv", "list", "parameters", "component", "name"));
        Assert.Contains("parameter deleted", await RunAsync(
            "-V", "bounded", "delete", "parameter", "component=vhost-limits", "name=limits"));
        Assert.Contains("vhost deleted", await RunAsync("delete", "vhost", "name=bounded"));
    }

    [Fact]
    public async Task It_exports_and_imports()
    {
        var file = Path.Combine(Path.GetTempPath(), $"definitions-{Guid.NewGuid():n}.json");
        try
        {
            await RunAsync("declare", "queue", "name=kept", "durable=true");
            Assert.Contains("Exported definitions", await RunAsync("export", file));
            await RunAsync("delete", "queue", "name=kept");
            Assert.Contains("Uploaded definitions", await RunAsync("import", file));
            Assert.Contains("kept", await RunAsync("-f", "tsv", "list", "queues", "name"));
        }
        finally
        {
            File.Delete(file);
        }
    }

    private async Task<string> RunAsync(params string[] arguments)
    {
        var tool = Find();
        Assert.SkipWhen(tool is null, "rabbitmqadmin is not there (Debian: rabbitmq-server)");
        var start = new ProcessStartInfo("python3") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])[tool!, "-P", $"{api.Port}", "-H", "127.0.0.1", .. arguments])
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Deadline);
        Assert.True(process.ExitCode == 0, $"{string.Join(' ', arguments)}: {await output}{await error}");
        return await output + await error;
    }

    /// <summary>As `eng/test.cs` has fetched it, or of a RabbitMQ on this machine.</summary>
    private static string? Find()
    {
        var fetched = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../tools/rabbitmqadmin"));
        const string server = "/usr/lib/rabbitmq/lib";
        if (File.Exists(fetched)) return fetched;
        return Directory.Exists(server)
            ? Directory.EnumerateFiles(server, "rabbitmqadmin", SearchOption.AllDirectories).FirstOrDefault()
            : null;
    }
}
