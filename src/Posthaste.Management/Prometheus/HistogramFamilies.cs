using System.Globalization;
using Posthaste.Broker.Statistics;

namespace Posthaste.Management.Prometheus;

/// <summary>How long write and sync of the journal took.</summary>
internal sealed class CommitLatencyFamily() : MetricFamily("posthaste_storage")
{
    private const string Metric = "posthaste_journal_commit_duration_seconds";

    private static readonly string[] Bounds =
        [.. LatencyHistogram.BoundsSeconds.ToArray().Select(
            static bound => bound.ToString(CultureInfo.InvariantCulture))];

    /// <summary>None: OpenTelemetry's histogram is told of each commit (`BrokerInstruments`).</summary>
    public override IEnumerable<BrokerMetric> Whole => [];

    public override void Write(MetricsText to, Scrape scrape, Detail detail)
    {
        if (scrape.Storage.Commits is not { } commits) return;
        to.Family(Metric, "histogram", "Write and sync of one batch of the journal");
        to.Histogram(Metric, Bounds, commits.Counts, commits.SumSeconds);
    }
}

/// <summary>How large the messages are that clients publish, by protocol.</summary>
internal sealed class MessageSizeFamily() : MetricFamily("message_size_metrics")
{
    private const string Metric = "rabbitmq_message_size_bytes";

    /// <summary>As RabbitMQ's dashboards ask for them, whatever the version of Prometheus makes of numbers.</summary>
    private static readonly string[] Bounds = [.. SizeHistogram.BoundsBytes.ToArray().Select(NameOf)];

    /// <summary>None: OpenTelemetry's histograms are told of each value, and no message is told to anybody.</summary>
    public override IEnumerable<BrokerMetric> Whole => [];

    public override void Write(MetricsText to, Scrape scrape, Detail detail)
    {
        to.Family(Metric, "histogram", "Bytes of the bodies that clients published");
        foreach (var sample in scrape.Protocols)
        {
            to.Histogram(
                Metric, Bounds, sample.Sizes.Counts, sample.Sizes.SumBytes, new Reading(0, sample.Protocol).Labels);
        }
    }

    /// <summary>`100.0`, `1e+06`: what Go prints for a float, and so Prometheus from version 3 on.</summary>
    private static string NameOf(long bytes) => bytes < 1_000_000
        ? bytes.ToString("0.0", CultureInfo.InvariantCulture)
        : ((double)bytes).ToString("0e+00", CultureInfo.InvariantCulture);
}
