using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Posthaste.Broker.Statistics;

namespace Posthaste.Management.Tests;

/// <summary>Prometheus' metrics, under RabbitMQ's names.</summary>
public sealed partial class MetricsTests(ApiHost api) : IClassFixture<ApiHost>
{
    /// <summary>Every metric that RabbitMQ's dashboard "Overview" asks for, of 3.13.7 and of 4.3.</summary>
    private static readonly string[] OfOverview =
    [
        "rabbitmq_build_info", "rabbitmq_channels", "rabbitmq_channels_closed_total", "rabbitmq_channels_opened_total",
        "rabbitmq_connections", "rabbitmq_connections_closed_total", "rabbitmq_connections_opened_total",
        "rabbitmq_consumers", "rabbitmq_disk_space_available_bytes", "rabbitmq_disk_space_available_limit_bytes",
        "rabbitmq_erlang_uptime_seconds", "rabbitmq_global_consumers", "rabbitmq_global_messages_acknowledged_total",
        "rabbitmq_global_messages_confirmed_total", "rabbitmq_global_messages_delivered_consume_auto_ack_total",
        "rabbitmq_global_messages_delivered_consume_manual_ack_total",
        "rabbitmq_global_messages_delivered_get_auto_ack_total",
        "rabbitmq_global_messages_delivered_get_manual_ack_total", "rabbitmq_global_messages_delivered_total",
        "rabbitmq_global_messages_get_empty_total", "rabbitmq_global_messages_received_confirm_total",
        "rabbitmq_global_messages_received_total", "rabbitmq_global_messages_redelivered_total",
        "rabbitmq_global_messages_routed_total", "rabbitmq_global_messages_unroutable_dropped_total",
        "rabbitmq_global_messages_unroutable_returned_total", "rabbitmq_global_publishers", "rabbitmq_identity_info",
        "rabbitmq_message_size_bytes_bucket", "rabbitmq_message_size_bytes_count", "rabbitmq_message_size_bytes_sum",
        "rabbitmq_process_max_fds", "rabbitmq_process_max_tcp_sockets", "rabbitmq_process_open_fds",
        "rabbitmq_process_open_tcp_sockets", "rabbitmq_process_resident_memory_bytes", "rabbitmq_queue_messages_ready",
        "rabbitmq_queue_messages_unacked", "rabbitmq_queues", "rabbitmq_queues_created_total",
        "rabbitmq_queues_declared_total", "rabbitmq_queues_deleted_total", "rabbitmq_resident_memory_limit_bytes",
    ];

    /// <summary>What its other dashboards ask for: all of it is in the list of what cannot be.</summary>
    private static readonly string[] OfOthers =
    [
        "rabbitmq_raft_term", "rabbitmq_raft_commit_index", "rabbitmq_raft_commit_latency_seconds",
        "rabbitmq_raft_last_written_index", "rabbitmq_raft_log_commit_index", "rabbitmq_raft_log_last_written_index",
        "rabbitmq_raft_log_snapshot_index", "rabbitmq_raft_snapshot_index",
        "rabbitmq_global_stream_error_access_refused_total", "erlang_vm_memory_bytes_total", "erlang_vm_process_count",
        "erlang_vm_statistics_reductions_total", "erlang_mnesia_held_locks", "erlang_vm_allocators",
        "erlang_vm_dist_node_state",
    ];

    /// <summary>The buckets of message sizes by the names that it has for them.</summary>
    private static readonly string[] SizesOfOverview =
        ["100.0", "1000.0", "10000.0", "100000.0", "1e+06", "1e+07", "5e+07", "1e+08", "+Inf"];

    /// <summary>What people watch besides.</summary>
    private static readonly string[] AskedFor =
    [
        "rabbitmq_alarms_memory_used_watermark", "rabbitmq_alarms_free_disk_space_watermark",
        "rabbitmq_auth_attempts_failed_total", "rabbitmq_global_messages_dead_lettered_rejected_total",
    ];

    [Fact]
    public async Task Dashboards_find_what_they_ask_for()
    {
        await api.PutAsync("queues/%2F/measured", new JsonObject());
        using var client = new FakeClient(api.Broker, "measured");
        var text = await TextAsync("metrics");
        var series = Series().Matches(text).Select(static match => match.Groups[1].Value).ToHashSet();
        Assert.Empty(OfOverview.Concat(AskedFor).Except(series));
    }

    [Fact]
    public async Task Message_sizes_come_in_the_buckets_of_the_dashboard()
    {
        await api.PutAsync("queues/%2F/sized", new JsonObject());
        using var client = new FakeClient(api.Broker, "sized");
        var text = await TextAsync("metrics");
        Assert.All(SizesOfOverview, size => Assert.Contains(
            $$"""rabbitmq_message_size_bytes_bucket{protocol="amqp091",le="{{size}}"} """, text,
            StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_refused_login_is_counted_by_protocol()
    {
        var before = FailedLogins(await TextAsync("metrics"));
        await api.SendAsync(HttpMethod.Get, "overview", user: "nobody");
        Assert.Equal(before + 1, FailedLogins(await TextAsync("metrics")));
        Assert.True((long)(await api.GetAsync("nodes"))[0]!["login_failures"]! > before);
    }

    [Fact]
    public async Task Who_holds_memory_is_seen_in_metrics_and_rows()
    {
        await api.PutAsync("queues/%2F/holder", new JsonObject());
        await api.PostAsync("exchanges/%2F/amq.default/publish", new JsonObject
        {
            ["routing_key"] = "holder",
            ["payload"] = "x",
            ["payload_encoding"] = "string",
            ["properties"] = new JsonObject(),
        });
        api.Sample();
        Assert.Contains(
            "\nposthaste_queue_pinned_memory_bytes{vhost=\"/\",queue=\"holder\"} 262144\n",
            await TextAsync("metrics/per-object"), StringComparison.Ordinal);
        var queue = await api.GetAsync("queues/%2F/holder");
        Assert.Equal(262_144, (long)queue["pinned"]!["memory_bytes"]!);
        Assert.Equal(0, (long)queue["pinned"]!["journal_bytes"]!);
        Assert.Null(queue["oldest_unacknowledged"]);
        var pinned = (await api.GetAsync("nodes"))[0]!["pinned"]!;
        Assert.Contains(pinned["by"]!.AsArray(), row => (string?)row!["queue"] == "holder");
        api.AddUser("sees-little", "management");
        Assert.Null((await api.GetAsync("nodes", "sees-little"))[0]!["pinned"]);
    }

    [Fact]
    public async Task Dead_letters_show_with_their_reason_in_row_and_metrics()
    {
        await api.PutAsync("queues/%2F/dying", new JsonObject
        {
            ["arguments"] = new JsonObject
            {
                ["x-max-length"] = 0,
                ["x-dead-letter-exchange"] = "",
                ["x-dead-letter-routing-key"] = "nowhere",
            },
        });
        await api.PostAsync("exchanges/%2F/amq.default/publish", new JsonObject
        {
            ["routing_key"] = "dying",
            ["payload"] = "x",
            ["payload_encoding"] = "string",
            ["properties"] = new JsonObject(),
        });

        // It dies on a thread of the broker's own.
        var dying = api.Broker.Queues.Single(static queue => queue.Name == "dying");
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (dying.Meter?.Now.Of(Metric.DeadMaxLength) != 1) await Task.Delay(5, deadline.Token);
        api.Sample();
        var stats = (await api.GetAsync("queues/%2F/dying"))["message_stats"]!;
        Assert.Equal(1, (long)stats["dead_letter_maxlen"]!);
        Assert.Equal(0.2, (double)stats["dead_letter_maxlen_details"]!["rate"]!, precision: 3);
        Assert.Null(stats["dead_letter_rejected"]);
        Assert.Equal(1, (long)(await api.GetAsync("overview"))["message_stats"]!["dead_letter_maxlen"]!);
        Assert.Contains(
            "\nposthaste_queue_messages_dead_lettered_maxlen_total{vhost=\"/\",queue=\"dying\"} 1\n",
            await TextAsync("metrics/per-object"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("metrics", "aggregated")]
    [InlineData("metrics/per-object", "per-object")]
    [InlineData("metrics/detailed?family=queue_metrics", "detailed")]
    public async Task Dashboards_find_the_labels_that_they_join_by(string path, string endpoint)
    {
        var text = await TextAsync(path);
        Assert.Matches(
            "\nrabbitmq_identity_info\\{rabbitmq_node=\"[^\"]+\",rabbitmq_cluster=\"[^\"]+\",.*"
            + $"rabbitmq_endpoint=\"{endpoint}\"\\}} 1\n", text);
        Assert.Matches(
            "\nrabbitmq_build_info\\{rabbitmq_version=\"3[^\"]+\",erlang_version=\"[^\"]*\",.*\\} 1\n", text);
    }

    /// <summary>What cannot be is said, by how its names begin.</summary>
    [Fact]
    public void The_documentation_knows_what_cannot_be()
    {
        var absent = AbsentName().Matches(File.ReadAllText(Documentation()))
            .Select(static match => match.Groups[1].Value).ToList();
        Assert.All(OfOthers, name => Assert.Contains(
            absent, start => name.StartsWith(start, StringComparison.Ordinal)));
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

    private static long FailedLogins(string text) => Failed().Match(text) is { Success: true } match
        ? long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)
        : 0;

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

    [GeneratedRegex(@"^rabbitmq_auth_attempts_failed_total\{protocol=""http""\} (\d+)", RegexOptions.Multiline)]
    private static partial Regex Failed();

    [GeneratedRegex(@"^(\w+)[ {]", RegexOptions.Multiline)]
    private static partial Regex Series();

    [GeneratedRegex(@"^\| `([a-z_0-9]+)…` \|", RegexOptions.Multiline)]
    private static partial Regex AbsentName();

    [GeneratedRegex(@"^\| `([a-z_0-9]+)` \|", RegexOptions.Multiline)]
    private static partial Regex DocumentedName();
}
