using System.Text.Json.Nodes;
using Posthaste.Broker;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Sessions;
using Posthaste.Broker.Statistics;

namespace Posthaste.Management.Resources;

/// <summary>
/// What queues keep of memory and disk, and which client keeps the oldest delivery. Posthaste's own members of rows.
/// </summary>
internal static class PinRows
{
    /// <summary>Queues named by the node's row: those that a person would look at first.</summary>
    private const int QueuesNamed = 5;

    /// <summary>`pinned` and `oldest_unacknowledged` of a queue that has messages.</summary>
    public static void AddTo(JsonObject row, BrokerQueue queue)
    {
        var pins = queue.Host.Broker.LookAtPins().Of(queue);
        if (pins == QueuePins.None) return;
        row["pinned"] = Describe(pins);
        if (pins.OldestUnacked is { } oldest) row["oldest_unacknowledged"] = Describe(oldest);
    }

    /// <summary>
    /// `pinned` of the node: what is in use, the queues that hold most of it, and the one whose delivery has been out
    /// for the longest.
    /// </summary>
    public static JsonObject OfNode(MessageBroker broker)
    {
        var storage = broker.LookAtStorage();
        var pins = broker.LookAtPins().ByQueue;
        var most = pins.OrderByDescending(static pair => pair.Value.Bytes).Take(QueuesNamed);
        var row = new JsonObject
        {
            ["memory_bytes"] = storage.TransientBytes,
            ["journal_bytes"] = storage.JournalBytes,
            ["segment_bytes"] = storage.SegmentBytes,
            ["by"] = new JsonArray([.. most.Select(static pair => DescribeQueue(pair.Key, pair.Value))]),
        };
        var oldest = pins.Where(static pair => pair.Value.OldestUnacked is not null)
            .OrderByDescending(static pair => pair.Value.OldestUnacked!.AgeMs).Take(1);
        foreach (var (queue, held) in oldest) row["longest_unacknowledged"] = DescribeQueue(queue, held);
        return row;
    }

    private static JsonObject DescribeQueue(BrokerQueue queue, QueuePins pins)
    {
        var row = Describe(pins);
        row["vhost"] = queue.Host.Name;

        // No client knows the queue of an exchange's delayed messages.
        if (queue.Definition.Settings.DelayedFor is { } exchange) row["delayed_by"] = exchange;
        else row["queue"] = queue.Name;
        if (pins.OldestUnacked is { } oldest) row["oldest_unacknowledged"] = Describe(oldest);
        return row;
    }

    private static JsonObject Describe(QueuePins pins) => new()
    {
        ["memory_bytes"] = pins.MemoryBytes,
        ["journal_bytes"] = pins.JournalBytes,
        ["journal_position"] = pins.JournalPosition,
        ["segment_bytes"] = pins.SegmentBytes,
    };

    private static JsonObject Describe(OldestDelivery oldest) => new()
    {
        ["age_ms"] = oldest.AgeMs,
        ["consumer_tag"] = oldest.ConsumerTag,
        ["connection"] = oldest.Connection.Name,
        ["channel"] = oldest.Channel?.Name,
        ["user"] = oldest.Connection.User.Name,
    };
}
