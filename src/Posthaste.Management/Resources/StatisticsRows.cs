using System.Text.Json.Nodes;
using Posthaste.Broker.Statistics;
using Posthaste.Management.Http;

namespace Posthaste.Management.Resources;

/// <summary>Counts, rates and samples in RabbitMQ's shapes.</summary>
internal static class StatisticsRows
{
    private static readonly (Metric Metric, string Name)[] Publishing =
    [
        (Metric.Published, "publish"), (Metric.Confirmed, "confirm"),
        (Metric.ReturnedUnroutable, "return_unroutable"), (Metric.DroppedUnroutable, "drop_unroutable"),
    ];

    private static readonly (Metric Metric, string Name)[] Delivering =
    [
        (Metric.Delivered, "deliver"), (Metric.DeliveredNoAck, "deliver_no_ack"), (Metric.Got, "get"),
        (Metric.GotNoAck, "get_no_ack"), (Metric.GotEmpty, "get_empty"), (Metric.Redelivered, "redeliver"),
        (Metric.Acknowledged, "ack"),
    ];

    private static readonly (Metric Metric, string Name)[] Dying =
    [
        (Metric.DeadRejected, "dead_letter_rejected"), (Metric.DeadExpired, "dead_letter_expired"),
        (Metric.DeadMaxLength, "dead_letter_maxlen"), (Metric.DeadDeliveryLimit, "dead_letter_delivery_limit"),
    ];

    private static readonly Metric[] DeliveredOrGot =
        [Metric.Delivered, Metric.DeliveredNoAck, Metric.Got, Metric.GotNoAck];

    private static readonly (Metric Metric, string Name)[] Exchanging =
        [(Metric.Published, "publish_in"), (Metric.Enqueued, "publish_out")];

    private static readonly (Metric Metric, string Name)[] Transferring =
        [(Metric.ReceivedBytes, "recv_oct"), (Metric.SentBytes, "send_oct")];

    /// <summary>`message_stats` of channels, connections, virtual hosts and the broker.</summary>
    public static JsonObject OfClients(Meter meter, SampleWindow window)
    {
        var now = meter.Now;
        var stats = new JsonObject();
        Add(stats, meter, in now, Publishing, window);
        AddDeliveries(stats, meter, in now, window);
        return stats;
    }

    /// <summary>`message_stats` of a queue: what was published is what entered it.</summary>
    public static JsonObject OfQueue(Meter meter, SampleWindow window)
    {
        var now = meter.Now;
        var stats = new JsonObject();
        Add(stats, meter, in now, [(Metric.Enqueued, "publish")], window);
        AddDeliveries(stats, meter, in now, window);
        return stats;
    }

    /// <summary>`message_stats` of an exchange.</summary>
    public static JsonObject OfExchange(Meter meter, SampleWindow window)
    {
        var now = meter.Now;
        var stats = new JsonObject();
        Add(stats, meter, in now, Exchanging, window);
        return stats;
    }

    /// <summary>`messages`, `messages_ready` and `messages_unacknowledged` with their details.</summary>
    /// <param name="row">Where they are added.</param>
    /// <param name="meter">For rates and samples; null for something that never had a message.</param>
    /// <param name="ready">Now.</param>
    /// <param name="unacknowledged">Now.</param>
    /// <param name="window">Which samples to add.</param>
    public static void AddDepth(JsonObject row, Meter? meter, long ready, long unacknowledged, SampleWindow window)
    {
        Add(row, "messages", ready + unacknowledged, meter, [Metric.Ready, Metric.Unacknowledged], window);
        Add(row, "messages_ready", ready, meter, [Metric.Ready], window);
        Add(row, "messages_unacknowledged", unacknowledged, meter, [Metric.Unacknowledged], window);
    }

    /// <summary>`recv_oct`, `send_oct` and, of a connection, `recv_cnt`, `send_cnt`.</summary>
    public static void AddBytes(JsonObject row, Meter meter, SampleWindow window)
    {
        var now = meter.Now;
        Add(row, meter, in now, Transferring, window);
        row["recv_cnt"] = now.Of(Metric.Reads);
        row["send_cnt"] = now.Of(Metric.Flushes);
    }

    /// <summary>`churn_rates` of the overview.</summary>
    public static JsonObject Of(Churn churn)
    {
        var row = new JsonObject();
        Add("connection_created", churn.ConnectionsOpened);
        Add("connection_closed", churn.ConnectionsClosed);
        Add("channel_created", churn.ChannelsOpened);
        Add("channel_closed", churn.ChannelsClosed);
        Add("queue_declared", churn.QueuesDeclared);
        Add("queue_created", churn.QueuesCreated);
        Add("queue_deleted", churn.QueuesDeleted);
        return row;

        void Add(string name, ChurnCount count)
        {
            row[name] = count.Total;
            row[name + "_details"] = new JsonObject { ["rate"] = count.Rate };
        }
    }

    /// <summary>Adds up counts and rates, member by member.</summary>
    public static JsonObject Sum(JsonObject left, JsonObject right)
    {
        foreach (var (name, value) in right)
        {
            left[name] = value switch
            {
                JsonObject details => Sum(left[name] as JsonObject ?? [], details).DeepClone(),
                JsonValue number when number.TryGetValue<long>(out var count) => count + ((long?)left[name] ?? 0),
                _ => (double)value! + ((double?)left[name] ?? 0),
            };
        }

        return left;
    }

    /// <summary>
    /// What lists of connections and channels can be sorted by without making their rows; null for anything else.
    /// </summary>
    public static Func<T, SortValue>? SortKey<T>(string column, Func<T, Meter> meterOf) => column switch
    {
        "message_stats.publish_details.rate" => item => meterOf(item).Rate(Metric.Published),
        "message_stats.confirm_details.rate" => item => meterOf(item).Rate(Metric.Confirmed),
        "message_stats.deliver_get_details.rate" => item => DeliverGetRate(meterOf(item)),
        "message_stats.ack_details.rate" => item => meterOf(item).Rate(Metric.Acknowledged),
        "recv_oct_details.rate" => item => meterOf(item).Rate(Metric.ReceivedBytes),
        "send_oct_details.rate" => item => meterOf(item).Rate(Metric.SentBytes),
        _ => null,
    };

    /// <summary>Messages per second in any of the four ways: what lists are sorted by.</summary>
    public static double DeliverGetRate(Meter? meter) => meter is null ? 0 : DeliveredOrGot.Sum(meter.Rate);

    private static void AddDeliveries(JsonObject stats, Meter meter, in MetricValues now, SampleWindow window)
    {
        Add(stats, meter, in now, Delivering, window);
        Add(stats, "deliver_get", now.DeliveredOrGot, meter, DeliveredOrGot, window);
        AddDeaths(stats, meter, in now, window);
    }

    /// <summary>Where nothing dies there is nothing to show.</summary>
    private static void AddDeaths(JsonObject stats, Meter meter, in MetricValues now, SampleWindow window)
    {
        foreach (var (metric, name) in Dying)
        {
            if (now.Of(metric) > 0) Add(stats, name, now.Of(metric), meter, [metric], window);
        }
    }

    private static void Add(
        JsonObject row, Meter meter, in MetricValues now, (Metric Metric, string Name)[] metrics, SampleWindow window)
    {
        foreach (var (metric, name) in metrics) Add(row, name, now.Of(metric), meter, [metric], window);
    }

    private static void Add(
        JsonObject row, string name, long value, Meter? meter, ReadOnlySpan<Metric> metrics, SampleWindow window)
    {
        row[name] = value;
        var details = new JsonObject { ["rate"] = Rate(meter, metrics) };
        if (!window.IsEmpty && meter is not null) AddSamples(details, meter, metrics, window);
        row[name + "_details"] = details;
    }

    private static double Rate(Meter? meter, ReadOnlySpan<Metric> metrics)
    {
        var rate = 0.0;
        if (meter is null) return rate;
        foreach (var metric in metrics) rate += meter.Rate(metric);
        return rate;
    }

    private static void AddSamples(
        JsonObject details, Meter meter, ReadOnlySpan<Metric> metrics, SampleWindow window)
    {
        MetricSample[] sums = [.. meter.History(metrics[0], window.AgeMs, window.StepMs)];
        foreach (var metric in metrics[1..])
        {
            var samples = meter.History(metric, window.AgeMs, window.StepMs);
            for (var i = 0; i < Math.Min(sums.Length, samples.Count); i++)
                sums[i] = sums[i] with { Value = sums[i].Value + samples[i].Value };
        }

        if (sums.Length == 0) return;
        details["samples"] = new JsonArray([.. sums.Select(
            static sample => new JsonObject { ["sample"] = sample.Value, ["timestamp"] = sample.AtMs })]);
        var seconds = (sums[0].AtMs - sums[^1].AtMs) / 1_000.0;
        details["avg_rate"] = seconds > 0 ? (sums[0].Value - sums[^1].Value) / seconds : 0;
        details["avg"] = sums.Average(static sample => (double)sample.Value);
    }
}
