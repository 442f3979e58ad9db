namespace Posthaste.Bench.Workloads;

/// <summary>All workloads, in the order in which they run.</summary>
internal static class Catalog
{
    private const int OneKiB = 1024;

    public static IReadOnlyList<Workload> All { get; } =
    [
        new FlowWorkload(
            "transient-16",
            "16 B, 1 publisher, 1 consumer, automatic acknowledgement",
            new FlowSpec { BodyBytes = 16 }),
        new FlowWorkload(
            "transient-1k",
            "1 KiB, 1 publisher, 1 consumer, automatic acknowledgement",
            new FlowSpec { BodyBytes = OneKiB }),
        new FlowWorkload(
            "persistent-1k",
            "1 KiB persistent, confirm window 1,000, manual acknowledgement, prefetch 1,000",
            new FlowSpec { BodyBytes = OneKiB, Persistent = true }),
        new FlowWorkload(
            "persistent-1k-quorum",
            "the same on a quorum queue",
            new FlowSpec { BodyBytes = OneKiB, Persistent = true, QueueType = "quorum" }),
        new FlowWorkload(
            "persistent-1k-4x4",
            "persistent-1k with 4 publishers, 4 queues, 4 consumers",
            new FlowSpec { BodyBytes = OneKiB, Persistent = true, Publishers = 4, Queues = 4 }),
        new FlowWorkload(
            "fanout-10",
            "1 KiB, 1 publisher, fanout exchange to 10 queues, a consumer connection each; counts deliveries",
            new FlowSpec { BodyBytes = OneKiB, Routing = Routing.Fanout, Queues = 10 }),
        new FlowWorkload(
            "topic",
            "1 KiB, topic exchange, 100 bindings *.siteN.unitM.# over 10 queues, 1 matches, 1 consumer connection",
            new FlowSpec { BodyBytes = OneKiB, Routing = Routing.Topic, Queues = 10, OneConsumerConnection = true }),
        new PacedWorkload(
            "paced-2000",
            "1 KiB persistent with confirms at 2,000 a second: latency from the intended send time",
            messagesPerSecond: 2000,
            OneKiB),
        new BacklogWorkload(
            "backlog", "1 KiB persistent without a consumer; SIGKILL, restart, drain", queueType: null),
        new BacklogWorkload(
            "backlog-quorum", "the same on a quorum queue", queueType: "quorum"),
        new QueuesWorkload(
            "queues-10000", "10,000 durable queues, then one confirmed 1 KiB message into each"),
        new IdleWorkload(
            "idle-5000", "5,000 open connections that do nothing"),
    ];

    /// <summary>
    /// The workloads of these names, in the catalog's order; throws for a name that there is none of.
    /// </summary>
    public static IReadOnlyList<Workload> Select(IReadOnlyCollection<string> names)
    {
        string? unknown = names.FirstOrDefault(name => All.All(workload => workload.Name != name));
        return unknown is null
            ? [.. All.Where(workload => names.Count == 0 || names.Contains(workload.Name))]
            : throw new ArgumentException($"there is no workload '{unknown}'; see list");
    }
}
