using Posthaste.Broker.Flow;
using Posthaste.Broker.Statistics;

namespace Posthaste.Management.Prometheus;

/// <summary>Families of the broker as a whole.</summary>
internal static class NodeFamilies
{
    public static IEnumerable<MetricFamily> All =>
    [
        new NodeFamily("connection_churn_metrics",
        [
            new("connections_opened_total", "Connections opened", static s => Churn(s).ConnectionsOpened.Total,
                new("posthaste.connection.opened", "{connection}")),
            new("connections_closed_total", "Connections closed", static s => Churn(s).ConnectionsClosed.Total,
                new("posthaste.connection.closed", "{connection}")),
            new("channels_opened_total", "Channels opened", static s => Churn(s).ChannelsOpened.Total,
                new("posthaste.channel.opened", "{channel}")),
            new("channels_closed_total", "Channels closed", static s => Churn(s).ChannelsClosed.Total,
                new("posthaste.channel.closed", "{channel}")),
            new("queues_declared_total", "Queues declared", static s => Churn(s).QueuesDeclared.Total,
                new("posthaste.queue.declared", "{declaration}")),
            new("queues_created_total", "Queues created", static s => Churn(s).QueuesCreated.Total,
                new("posthaste.queue.created", "{queue}")),
            new("queues_deleted_total", "Queues deleted", static s => Churn(s).QueuesDeleted.Total,
                new("posthaste.queue.deleted", "{queue}")),
        ]),
        new NodeFamily("object_totals",
        [
            new("connections", "Connections open", static s => s.Connections.Count),
            new("channels", "Channels open", static s => s.Channels.Count,
                new("posthaste.channel.count", "{channel}")),
            new("consumers", "Consumers", static s => s.Queues.Sum(queue => queue.Queue.ConsumerCount)),
            new("queues", "Queues", static s => s.Queues.Count,
                new("posthaste.queue.count", "{queue}")),
        ]),
        new NodeFamily("node_coarse_metrics",
        [
            new("process_resident_memory_bytes", "Memory of the process", static s => s.Process.WorkingSet64,
                new("posthaste.memory.usage", "By")),
            new("process_open_fds", "Files and sockets open", static _ => ProcessFiles.OpenCount ?? double.NaN,
                new("posthaste.file.open.count", "{file}")),
            new("process_open_tcp_sockets", "Connections open", static s => s.Connections.Count),
            new("disk_space_available_bytes", "Room on the disk of the data directory",
                static s => s.Storage.DiskFreeBytes ?? double.NaN,
                new("posthaste.disk.available", "By")),
        ]),
        new NodeFamily("node_metrics",
        [
            new("resident_memory_limit_bytes", "Memory that the process may have",
                static _ => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
                new("posthaste.memory.limit", "By")),
            new("process_max_fds", "Files and sockets that may be open",
                static _ => ProcessFiles.Max ?? double.NaN,
                new("posthaste.file.open.limit", "{file}")),
            new("process_max_tcp_sockets", "Connections that may be open",
                static s => s.Broker.Options.ConnectionsMax),
            new("erlang_uptime_seconds", "Seconds since the broker's process has begun",
                static s => (s.Broker.NowMs - new DateTimeOffset(s.Process.StartTime).ToUnixTimeMilliseconds())
                    / 1_000.0),
            new("disk_space_available_limit_bytes", "Room at which publishers are stopped",
                static s => s.Broker.Options.DiskFreeBytesMin,
                new("posthaste.disk.limit", "By")),
        ]),
        new NodeFamily("node_persister_metrics",
        [
            new("io_sync_ops_total", "Batches of the journal that were written and synced",
                static s => s.Storage.Commits is { } commits ? Sum(commits.Counts) : 0),
            new("io_sync_time_seconds_total", "Time that took", static s => s.Storage.Commits?.SumSeconds ?? 0),
            new("io_write_ops_total", "Writes to the journal",
                static s => s.Storage.Commits is { } commits ? Sum(commits.Counts) : 0),
            new("io_write_bytes_total", "Bytes written to the journal", static s => s.Storage.CommittedBytes,
                new("posthaste.journal.written", "By")),
        ]),
        new NodeFamily("alarms",
        [
            new("alarms_memory_used_watermark", "1 while publishers are stopped for memory",
                static s => Alarm(s, ResourceAlarm.Memory),
                AlarmName("memory")),
            new("alarms_free_disk_space_watermark", "1 while publishers are stopped for the disk",
                static s => Alarm(s, ResourceAlarm.Disk),
                AlarmName("disk")),
            new("posthaste_alarms_journal_failed", "1 when the journal has failed and takes nothing more",
                static s => Alarm(s, ResourceAlarm.Journal),
                AlarmName("journal")),
        ]),
        new NodeFamily("posthaste_storage",
        [
            new("posthaste_journal_bytes", "Bytes from the journal's first to its last record",
                static s => s.Storage.JournalBytes,
                new("posthaste.journal.size", "By")),
            new("posthaste_journal_files", "Files that hold the journal", static s => s.Storage.JournalFileCount,
                new("posthaste.journal.file.count", "{file}")),
            new("posthaste_journal_uncommitted_bytes", "Bytes on their way to the disk",
                static s => s.Storage.UncommittedBytes,
                new("posthaste.journal.uncommitted", "By")),
            new("posthaste_journal_resident_bytes", "Bytes of the journal in memory",
                static s => s.Storage.ResidentBytes,
                new("posthaste.journal.resident", "By")),
            new("posthaste_segment_bytes", "Bytes in the segment files of long backlogs",
                static s => s.Storage.SegmentBytes,
                new("posthaste.segment.size", "By")),
            new("posthaste_segment_files", "Segment files", static s => s.Storage.SegmentFileCount,
                new("posthaste.segment.file.count", "{file}")),
            new("posthaste_transient_bytes", "Bytes of messages that are in memory alone",
                static s => s.Storage.TransientBytes,
                new("posthaste.transient.size", "By")),
        ]),
        new CommitLatencyFamily(),
        new NodeFamily("posthaste_scheduling",
        [
            new("posthaste_scheduled_messages", "Messages that wait for their time",
                static s => s.Scheduled.Sum(static of => of.Count),
                new("posthaste.message.scheduled", "{message}")),
            new("posthaste_scheduled_messages_due", "Messages whose time has come, on their way to their queues",
                static s => s.Scheduled.Sum(static of => of.DueCount)),
            new("posthaste_scheduled_bytes", "Bytes of the bodies that wait",
                static s => s.Scheduled.Sum(static of => of.BodyBytes),
                new("posthaste.message.scheduled.size", "By")),
        ]),
        new NodeFamily("posthaste_quotas",
        [
            new("posthaste_quota_held_seconds_total", "Time for which connections were not read because of a quota",
                static s => s.Broker.Statistics.QuotaHolds.Total.TotalSeconds),
            new("posthaste_quota_holds_total", "How often connections were not read because of a quota",
                static s => s.Broker.Statistics.QuotaHolds.Count,
                new("posthaste.quota.hold", "{hold}")),
            new("posthaste_quota_held_connections", "Connections that are not read now because of a quota",
                static s => s.Broker.Statistics.QuotaHolds.Current,
                new("posthaste.quota.connection.count", "{connection}")),
        ]),
        new LoginFamily(),
        new MessageSizeFamily(),
        new GlobalFamily(),
    ];

    private static Churn Churn(Scrape scrape) => scrape.Broker.Statistics.Churn;

    private static double Alarm(Scrape scrape, ResourceAlarm alarm) =>
        scrape.Broker.Alarms.Active.HasFlag(alarm) ? 1 : 0;

    private static InstrumentName AlarmName(string alarm) =>
        new("posthaste.alarm", "1") { Tag = new("posthaste.alarm.name", alarm) };

    private static long Sum(ReadOnlySpan<long> counts)
    {
        var sum = 0L;
        foreach (var count in counts) sum += count;
        return sum;
    }
}
