using System.Diagnostics;
using System.Reflection;
using System.Text.Json.Nodes;
using Posthaste.Broker;
using Posthaste.Broker.Flow;
using Posthaste.Broker.Scheduling;
using Posthaste.Management.Http;

namespace Posthaste.Management.Resources;

/// <summary>`overview`, `nodes`, `extensions`: the broker as a whole.</summary>
internal sealed class NodeResource(IReadOnlyList<ListenerRow> listeners) : IResource
{
    /// <summary>The name of the one node.</summary>
    public static string Name => MessageBroker.NodeName;

    /// <summary>The product's version.</summary>
    public static readonly string Version = typeof(NodeResource).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    public void Map(ApiRoutes routes)
    {
        routes.Get("overview", new Overview(listeners).ShowAsync);
        routes.Get("nodes", static request => Json.WriteAsync(request.Context, new JsonArray(Describe(request))));
        routes.Get("nodes/{name}", request => request[1] == Name
            ? Json.WriteAsync(request.Context, Describe(request))
            : throw ApiError.NotFound());
        routes.Get("extensions", static request => Json.WriteAsync(request.Context, new JsonArray()));
    }

    public static JsonObject Describe(ListenerRow listener) => new()
    {
        ["node"] = Name,
        ["protocol"] = listener.Protocol,
        ["ip_address"] = listener.Address,
        ["port"] = listener.Port,
    };

    private static JsonObject Describe(ApiRequest request)
    {
        using var process = Process.GetCurrentProcess();
        var alarms = request.Broker.Alarms.Active;
        var statistics = request.Broker.Statistics;
        var row = new JsonObject
        {
            ["name"] = Name,
            ["type"] = "disc",
            ["running"] = true,
            ["os_pid"] = $"{Environment.ProcessId}",
            ["mem_used"] = process.WorkingSet64,
            ["mem_limit"] = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
            ["mem_alarm"] = alarms.HasFlag(ResourceAlarm.Memory),
            ["fd_used"] = ProcessFiles.OpenCount,
            ["fd_total"] = ProcessFiles.Max,
            ["sockets_used"] = request.Broker.Connections.Count(),
            ["sockets_total"] = request.Broker.Options.ConnectionsMax,
            ["disk_free"] = request.Broker.LookAtStorage().DiskFreeBytes,
            ["disk_free_limit"] = request.Broker.Options.DiskFreeBytesMin,
            ["disk_free_alarm"] = alarms.HasFlag(ResourceAlarm.Disk),
            ["journal_alarm"] = alarms.HasFlag(ResourceAlarm.Journal),
            ["processors"] = Environment.ProcessorCount,
            ["uptime"] = request.Broker.NowMs - new DateTimeOffset(process.StartTime).ToUnixTimeMilliseconds(),
            ["quota_held_connections"] = statistics.QuotaHolds.Current,
            ["quota_held_ms"] = (long)statistics.QuotaHolds.Total.TotalMilliseconds,
            ["login_failures"] = statistics.Logins.Values.Sum(static counts => counts.Failed),
            ["scheduled_messages"] = request.Broker.VirtualHosts.SelectMany(ScheduledMessages.In)
                .Sum(static scheduled => scheduled.Count),
            ["server_time_ms"] = request.Broker.NowMs,
        };
        if (request.SeesAll) row["pinned"] = PinRows.OfNode(request.Broker);
        return row;
    }
}
