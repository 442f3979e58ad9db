using System.Diagnostics;
using System.Reflection;
using System.Text.Json.Nodes;
using Posthaste.Broker;
using Posthaste.Broker.Flow;
using Posthaste.Broker.Scheduling;
using Posthaste.Broker.Security;
using Posthaste.Management.Http;

namespace Posthaste.Management.Resources;

/// <summary>`overview` and `nodes`: the broker as a whole.</summary>
internal sealed class NodeResource(ListenerTable listeners) : IResource
{
    /// <summary>The name of the one node.</summary>
    public static string Name => MessageBroker.NodeName;

    /// <summary>The product's version.</summary>
    public static readonly string Version = typeof(NodeResource).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    public void Map(ApiRoutes routes)
    {
        routes.Get("overview", new Overview(listeners).ShowAsync).Says("All that a user may see, in sums.").Samples()
            .ShowsColumns("Overview");
        routes.Get("nodes", static request => Json.WriteAsync(request.Context, Listing.Show(
            request.Context, [Name], static name => name, _ => Describe(request))))
            .Says("The nodes, of which there is one.").Lists("Node");
        routes.Get("nodes/{node}", static request => ShowAsync(request, Describe)).Says("A node.").Shows("Node");
        routes.Get("nodes/{node}/memory", static request => ShowAsync(request, NodeMemory.Describe))
            .For(UserTags.Monitoring).Says("What a node's memory is used for, in bytes.").Shows("NodeMemory");
        routes.Get("nodes/{node}/memory/relative", static request => ShowAsync(request, NodeMemory.DescribeRelative))
            .For(UserTags.Monitoring).Says("What a node's memory is used for, in percent.").Shows("NodeMemory");
    }

    public static JsonObject Describe(ListenerRow listener) => new()
    {
        ["node"] = Name,
        ["protocol"] = listener.Protocol,
        ["ip_address"] = listener.Address,
        ["port"] = listener.Port,
    };

    private static Task ShowAsync(ApiRequest request, Func<ApiRequest, JsonObject> describe) => request[1] == Name
        ? Json.WriteAsync(request.Context, describe(request))
        : throw ApiError.NotFound();

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
            ["proc_used"] = process.Threads.Count,
            ["being_drained"] = false,
            ["rates_mode"] = "basic",
            ["exchange_types"] = Overview.ExchangeTypes(),
            ["auth_mechanisms"] = new JsonArray([.. request.Broker.Authenticator
                .MechanismsFor(NoTransport.Connection)
                .Select(static name => new JsonObject { ["name"] = name, ["enabled"] = true })]),
            ["db_dir"] = request.Broker.Recovery.Directory,

            // Of a RabbitMQ alone: a cluster, plug-ins, files of Erlang's own. Clients read them all the same.
            ["partitions"] = new JsonArray(),
            ["cluster_links"] = new JsonArray(),
            ["enabled_plugins"] = new JsonArray(),
            ["applications"] = new JsonArray(),
            ["contexts"] = new JsonArray(),
            ["config_files"] = new JsonArray(),
            ["log_files"] = new JsonArray(),
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
