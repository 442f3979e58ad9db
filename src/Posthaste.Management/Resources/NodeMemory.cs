using System.Text.Json.Nodes;
using Posthaste.Management.Http;

namespace Posthaste.Management.Resources;

/// <summary>
/// What the memory of the process is used for, under those of RabbitMQ's names that mean the same here. They add up to
/// `total.rss`.
/// </summary>
internal static class NodeMemory
{
    private const long Whole = 100;

    public static JsonObject Describe(ApiRequest request)
    {
        var (parts, rss) = Measure(request);
        var memory = Row(parts, static bytes => bytes);
        memory["total"] = new JsonObject
        {
            ["rss"] = rss,
            ["allocated"] = GC.GetGCMemoryInfo().TotalCommittedBytes,
            ["erlang"] = GC.GetTotalMemory(forceFullCollection: false),
        };
        memory["strategy"] = "rss";
        return new JsonObject { ["memory"] = memory };
    }

    /// <summary>In percent; what is there at all is one at least, as in RabbitMQ.</summary>
    public static JsonObject DescribeRelative(ApiRequest request)
    {
        var (parts, rss) = Measure(request);
        var memory = Row(parts, bytes => bytes == 0 ? 0 : Math.Max(1, bytes * Whole / rss));
        memory["total"] = Whole;
        return new JsonObject { ["memory"] = memory };
    }

    private static ((string Name, long Bytes)[] Parts, long Rss) Measure(ApiRequest request)
    {
        var rss = Math.Max(1, Environment.WorkingSet);
        var storage = request.Broker.LookAtStorage();
        var committed = Math.Min(rss, GC.GetGCMemoryInfo().TotalCommittedBytes);
        var used = Math.Min(committed, GC.GetTotalMemory(forceFullCollection: false));
        var messages = Math.Min(used, storage.ResidentBytes + storage.TransientBytes);
        return (
            [
                ("binary", messages), ("other_proc", used - messages), ("allocated_unused", committed - used),
                ("other_system", rss - committed),
            ], rss);
    }

    private static JsonObject Row((string Name, long Bytes)[] parts, Func<long, long> show) =>
        new(parts.Select(part => KeyValuePair.Create(part.Name, (JsonNode?)show(part.Bytes))));
}
