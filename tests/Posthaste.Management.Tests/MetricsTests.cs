using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Posthaste.Management.Tests;

/// <summary>Prometheus' metrics, under RabbitMQ's names.</summary>
public sealed partial class MetricsTests(ApiHost api) : IClassFixture<ApiHost>
{
    /// <summary>What the dashboards of RabbitMQ's plug-in ask for, as far as a broker can have it.</summary>
    private static readonly string[] AskedFor =
    [
        "rabbitmq_build_info", "rabbitmq_identity_info", "rabbitmq_connections", "rabbitmq_channels",
        "rabbitmq_consumers", "rabbitmq_queues", "rabbitmq_queue_messages_ready", "rabbitmq_queue_messages_unacked",
        "rabbitmq_global_messages_received_total", "rabbitmq_global_messages_confirmed_total",
        "rabbitmq_global_messages_routed_total", "rabbitmq_global_messages_unroutable_dropped_total",
        "rabbitmq_global_messages_unroutable_returned_total",
        "rabbitmq_global_messages_delivered_consume_manual_ack_total",
        "rabbitmq_global_messages_delivered_consume_auto_ack_total", "rabbitmq_global_messages_acknowledged_total",
        "rabbitmq_global_messages_redelivered_total", "rabbitmq_connections_opened_total",
        "rabbitmq_connections_closed_total", "rabbitmq_channels_opened_total", "rabbitmq_channels_closed_total",
        "rabbitmq_queues_declared_total", "rabbitmq_queues_created_total", "rabbitmq_queues_deleted_total",
        "rabbitmq_process_resident_memory_bytes", "rabbitmq_resident_memory_limit_bytes",
        "rabbitmq_disk_space_available_bytes", "rabbitmq_disk_space_available_limit_bytes",
        "rabbitmq_alarms_memory_used_watermark", "rabbitmq_alarms_free_disk_space_watermark",
    ];

    [Fact]
    public async Task Dashboards_find_what_they_ask_for()
    {
        await api.PutAsync("queues/%2F/measured", new JsonObject());
        using var client = new FakeClient(api.Broker, "measured");
        var names = Names(await TextAsync("metrics"));
        Assert.Empty(AskedFor.Except(names));
    }

    [Fact]
    public async Task Sums_objects_and_families_say_the_same()
    {
        await api.PutAsync("queues/%2F/quote%22d", new JsonObject());
        await api.PostAsync("exchanges/%2F/amq.default/publish", new JsonObject
        {
            ["routing_key"] = "quote\"d",
            ["payload"] = "x",
            ["payload_encoding"] = "string",
            ["properties"] = new JsonObject(),
        });
        const string Labels = "{vhost=\"/\",queue=\"quote\\\"d\"}";
        Assert.Matches(ReadySum(), await TextAsync("metrics"));
        Assert.Contains(
            $"\nrabbitmq_queue_messages_ready{Labels} 1\n", await TextAsync("metrics/per-object"),
            StringComparison.Ordinal);
        var detailed = await TextAsync("metrics/detailed?family=queue_coarse_metrics&vhost=%2F");
        Assert.Contains($"\nrabbitmq_detailed_queue_messages_ready{Labels} 1\n", detailed, StringComparison.Ordinal);
        Assert.DoesNotContain("queue_consumers", detailed, StringComparison.Ordinal);
        Assert.DoesNotContain(
            "quote", await TextAsync("metrics/detailed?family=queue_coarse_metrics&vhost=other"),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_family_is_announced_once_and_before_its_samples()
    {
        var seen = new HashSet<string>();
        var current = "";
        foreach (var line in (await TextAsync("metrics/per-object")).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
            {
                current = line.Split(' ')[2];
                Assert.True(seen.Add(current), $"{current} is announced twice");
            }
            else if (!line.StartsWith('#'))
            {
                Assert.StartsWith(current, line, StringComparison.Ordinal);
                Assert.Matches(Sample(), line);
            }
        }
    }

    [Fact]
    public async Task Who_comes_through_a_proxy_has_to_log_in_and_see_everything()
    {
        api.AddUser("prometheus", "monitoring");
        api.AddUser("mere", "management");
        Assert.Equal(HttpStatusCode.Unauthorized, await ThroughProxyAsync(null));
        Assert.Equal(HttpStatusCode.Unauthorized, await ThroughProxyAsync("mere"));
        Assert.Equal(HttpStatusCode.OK, await ThroughProxyAsync("prometheus"));
    }

    /// <summary>The tables of docs/observability.md have every metric, and none that is not there.</summary>
    [Fact]
    public async Task The_documentation_knows_every_metric()
    {
        await api.PutAsync("queues/%2F/known", new JsonObject());
        using var client = new FakeClient(api.Broker, "known");
        var exported = Names(await TextAsync("metrics"));

        // In memory there is no journal to time.
        exported.Add("posthaste_journal_commit_duration_seconds");
        var documented = DocumentedName().Matches(File.ReadAllText(Documentation()))
            .Select(static match => match.Groups[1].Value).ToHashSet();
        Assert.Empty(exported.Except(documented));
        Assert.Empty(documented.Except(exported));
    }

    internal static string Documentation()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory!.FullName, "Posthaste.slnx"))) directory = directory.Parent;
        return Path.Combine(directory.FullName, "docs", "observability.md");
    }

    private static HashSet<string> Names(string text) =>
        [.. Announced().Matches(text).Select(static match => match.Groups[1].Value)];

    private async Task<string> TextAsync(string path)
    {
        using var http = new HttpClient();
        return await http.GetStringAsync(
            new Uri($"http://127.0.0.1:{api.Port}/{path}"), TestContext.Current.CancellationToken);
    }

    private async Task<HttpStatusCode> ThroughProxyAsync(string? user)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{api.Port}/metrics");
        request.Headers.Add("X-Forwarded-For", "192.0.2.1");
        if (user is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue(
                "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{user}")));
        }

        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        return response.StatusCode;
    }

    [GeneratedRegex(@"\nrabbitmq_queue_messages_ready \d+\n")]
    private static partial Regex ReadySum();

    [GeneratedRegex(@"^# TYPE (\S+) ", RegexOptions.Multiline)]
    private static partial Regex Announced();

    [GeneratedRegex(@"^[a-z_0-9]+(\{[a-z_]+="".*""(,[a-z_]+="".*"")*\})? (-?[0-9.E+-]+|NaN)$")]
    private static partial Regex Sample();

    [GeneratedRegex(@"^\| `([a-z_0-9]+)` \|", RegexOptions.Multiline)]
    private static partial Regex DocumentedName();
}
