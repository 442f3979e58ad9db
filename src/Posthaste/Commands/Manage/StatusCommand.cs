using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Posthaste.Terminal;

namespace Posthaste.Commands.Manage;

/// <summary><c>posthaste status</c>: a broker at a glance.</summary>
internal static class StatusCommand
{
    public static Command Create()
    {
        var command = new ManualCommand("status", "Show what a broker holds, does and complains about.",
            """
            Examples:
              posthaste status
              posthaste status --api http://ops:secret@broker:15672 --json | jq .overview.queue_totals
            """)
        { ApiOptions.Api, ApiOptions.Json };
        command.SetAction(RunAsync);
        return command;
    }

    /// <summary>An amount of bytes, for people.</summary>
    internal static string Bytes(JsonNode? bytes) => bytes is null
        ? "?"
        : (bytes.GetValue<double>() / 1e6).ToString("#,0 MB", CultureInfo.InvariantCulture);

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        using var client = ApiOptions.Connect(parsed);
        var overview = (await client.GetAsync("overview", cancellation))!.AsObject();
        var nodes = (await client.GetAsync("nodes", cancellation))!.AsArray();
        if (parsed.GetValue(ApiOptions.Json))
        {
            JsonOutput.Write(new JsonObject { ["overview"] = overview.DeepClone(), ["nodes"] = nodes.DeepClone() });
            return ExitCode.Ok;
        }

        Screen.Title($"{overview["product_name"] ?? "RabbitMQ"} " +
            $"{overview["product_version"] ?? overview["rabbitmq_version"]}, {overview["cluster_name"]}");
        foreach (var node in nodes) WriteNode(node!.AsObject());
        var listeners = overview["listeners"]!.AsArray()
            .Select(static listener => $"{listener!["protocol"]} {listener["ip_address"]}:{listener["port"]}");
        Screen.Fact("listening", string.Join(", ", listeners));
        Screen.Fact("objects", Counts(overview["object_totals"]));
        Screen.Fact("messages", Counts(overview["queue_totals"]));
        Screen.Fact("a second", Rates(overview["message_stats"]));
        return ExitCode.Ok;
    }

    private static void WriteNode(JsonObject node)
    {
        var uptime = TimeSpan.FromMilliseconds(node["uptime"]?.GetValue<double>() ?? 0);
        Screen.Fact("node", $"{node["name"]}, up {Age(uptime)}, {Bytes(node["mem_used"])} of memory");
        var alarms = node.Where(static member => member.Key.EndsWith("_alarm", StringComparison.Ordinal))
            .Where(static member => member.Value is JsonValue value && value.TryGetValue<bool>(out var on) && on)
            .Select(static member => member.Key[..^"_alarm".Length]).ToList();
        Screen.Fact("alarms", alarms.Count == 0 ? "none" : $"{string.Join(", ", alarms)}: publishers are held");
        if (node["pinned"] is not JsonObject pinned) return;
        Screen.Fact("stored", $"{Bytes(pinned["journal_bytes"])} of journal, {Bytes(pinned["segment_bytes"])} of "
            + $"segments, {Bytes(pinned["memory_bytes"])} in memory only");
        if (pinned["longest_unacknowledged"] is not JsonObject row) return;
        var age = TimeSpan.FromMilliseconds(
            Column.Find(row, "oldest_unacknowledged.age_ms")?.GetValue<double>() ?? 0);
        Screen.Fact("unacked", $"{Age(age)}: {Holder(row)}");
    }

    /// <summary>Who has a delivery: the queue, the connection or channel, and the user.</summary>
    internal static string Holder(JsonObject row)
    {
        var oldest = row["oldest_unacknowledged"]!;
        return $"queue '{row["queue"]}' in '{row["vhost"]}', {oldest["channel"] ?? oldest["connection"]} "
            + $"of user '{oldest["user"]}'";
    }

    internal static string Age(TimeSpan age) => age.TotalDays >= 1
        ? $"{(int)age.TotalDays} d {age.Hours} h"
        : age.TotalHours >= 1 ? $"{age.Hours} h {age.Minutes} min" : $"{age.Minutes} min {age.Seconds} s";

    private static string Counts(JsonNode? counts) => string.Join(", ", (counts as JsonObject ?? [])
        .Where(static count => count.Value is JsonValue)
        .Select(static count => $"{new Column("", count.Key).Text((JsonObject)count.Value!.Parent!)} " +
            count.Key.Replace("messages_", "", StringComparison.Ordinal)));

    private static string Rates(JsonNode? statistics)
    {
        var rates = (statistics as JsonObject ?? [])
            .Where(static member => member.Key.EndsWith("_details", StringComparison.Ordinal))
            .Select(static member => (Name: member.Key[..^"_details".Length],
                Rate: Column.Find(member.Value, "rate")?.GetValue<double>() ?? 0))
            .Where(static member => member.Rate > 0)
            .Select(static member => FormattableString.Invariant($"{member.Rate:#,0.#} {member.Name}"));
        return string.Join(", ", rates) is { Length: > 0 } text ? text : "nothing";
    }
}
