using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Statistics;
using Posthaste.Core.Catalog;
using Posthaste.Core.Queues;
using Posthaste.Management.Http;

namespace Posthaste.Management.Resources;

/// <summary>What is shown of a queue.</summary>
internal static class QueueRows
{
    /// <summary>Bytes of an entry's index in memory; see <see cref="QueueEntry"/>.</summary>
    private const int EntryBytes = 24;

    /// <summary>What an empty queue costs, about.</summary>
    private const int QueueBytes = 1024;

    /// <summary>What a list can be sorted by without making its rows; null for anything else.</summary>
    public static Func<BrokerQueue, SortValue>? SortKey(string column) => column switch
    {
        "vhost" => static queue => queue.Host.Name,
        "type" => static queue => QueueTypes.NameOf(queue.Definition.Settings.Type),
        "messages" => static queue => queue.MessageCount + queue.UnackedCount,
        "messages_ready" => static queue => queue.MessageCount,
        "messages_unacknowledged" => static queue => queue.UnackedCount,
        "consumers" => static queue => queue.ConsumerCount,
        "message_stats.publish_details.rate" => static queue => queue.Meter?.Rate(Metric.Enqueued) ?? 0,
        "message_stats.deliver_get_details.rate" => static queue => StatisticsRows.DeliverGetRate(queue.Meter),
        "message_stats.ack_details.rate" => static queue => queue.Meter?.Rate(Metric.Acknowledged) ?? 0,
        _ => null,
    };

    /// <summary>
    /// What a query asks for that does without statistics (`disable_stats`): whether it wants numbers of messages all
    /// the same (`enable_queue_totals`); null for whole rows.
    /// </summary>
    public static bool? DepthOf(IQueryCollection query) =>
        query["disable_stats"] == "true" ? query["enable_queue_totals"] == "true" : null;

    /// <summary>The row without statistics, for those who ask often.</summary>
    public static JsonObject DescribeBriefly(BrokerQueue queue, bool withDepth)
    {
        var row = Define(queue);
        if (withDepth)
        {
            long ready = queue.MessageCount, unacknowledged = queue.UnackedCount;
            row["messages"] = ready + unacknowledged;
            row["messages_ready"] = ready;
            row["messages_unacknowledged"] = unacknowledged;
        }

        PolicyResource.AddTo(row, queue.Policies);
        return row;
    }

    public static JsonObject Describe(BrokerQueue queue, SampleWindows windows) =>
        Describe(queue, queue.Look(), windows);

    /// <summary>The row, and what only a request for one queue shows.</summary>
    public static JsonObject DescribeWhole(BrokerQueue queue, SampleWindows windows)
    {
        var look = queue.Look();
        var row = Describe(queue, look, windows);
        row["consumer_details"] = new JsonArray(
            [.. look.Consumers.Select(consumer => ConsumerResource.Describe(new ConsumerRow(queue, consumer)))]);
        row["deliveries"] = new JsonArray();
        row["incoming"] = new JsonArray();
        return row;
    }

    private static JsonObject Describe(BrokerQueue queue, QueueLook look, SampleWindows windows)
    {
        long ready = queue.MessageCount, unacknowledged = queue.UnackedCount;
        var resident = Math.Min(look.ResidentCount, ready + unacknowledged);
        var row = Define(queue);
        row["consumers"] = queue.ConsumerCount;
        row["consumer_capacity"] = Capacity(queue);
        row["consumer_utilisation"] = Capacity(queue);
        row["exclusive_consumer_tag"] = look.Consumers.FirstOrDefault(static item => item.Exclusive)?.ConsumerTag;
        row["single_active_consumer_tag"] = look.ActiveConsumer?.ConsumerTag;
        row["message_bytes"] = look.ReadyBytes;
        row["message_bytes_ready"] = look.ReadyBytes;
        row["messages_ram"] = resident;
        row["messages_paged_out"] = ready + unacknowledged - resident;
        row["memory"] = QueueBytes + (EntryBytes * look.ResidentCount);
        if (queue.Host.Broker.NowMs - look.LastUsedMs > BrokerStatistics.PeriodMs)
            row["idle_since"] = Time(look.LastUsedMs);
        StatisticsRows.AddDepth(row, queue.Meter, ready, unacknowledged, windows.Lengths);
        if (queue.Meter is { } meter) row["message_stats"] = StatisticsRows.OfQueue(meter, windows.Messages);
        PolicyResource.AddTo(row, queue.Policies);
        PinRows.AddTo(row, queue);
        return row;
    }

    /// <summary>What it was declared as.</summary>
    private static JsonObject Define(BrokerQueue queue)
    {
        var definition = queue.Definition;
        return new JsonObject
        {
            ["name"] = queue.Name,
            ["vhost"] = queue.Host.Name,
            ["type"] = QueueTypes.NameOf(definition.Settings.Type),
            ["durable"] = definition.Durable,
            ["exclusive"] = definition.Exclusive,
            ["auto_delete"] = definition.AutoDelete,
            ["arguments"] = Json.From(definition.Arguments),
            ["state"] = "running",
            ["node"] = NodeResource.Name,
        };
    }

    /// <summary>A queue that never had a message has consumers that would take one.</summary>
    private static double Capacity(BrokerQueue queue) =>
        queue.Meter?.ConsumerCapacity ?? (queue.ConsumerCount > 0 ? 1 : 0);

    private static string Time(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms)
        .ToString("yyyy-MM-dd'T'HH:mm:ss.fffzzz", CultureInfo.InvariantCulture);
}
