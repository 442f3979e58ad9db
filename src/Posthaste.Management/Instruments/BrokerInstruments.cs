using System.Diagnostics.Metrics;
using Posthaste.Broker;
using Posthaste.Broker.Statistics;
using Posthaste.Management.Prometheus;
using Posthaste.Management.Resources;

namespace Posthaste.Management.Instruments;

/// <summary>
/// A broker's metrics as OpenTelemetry has them: instruments of the meter <see cref="MeterName"/>, which whoever
/// listens to that meter reads. What they are is said by the same tables as `/metrics`.
/// </summary>
/// <remarks>
/// Nothing is counted for them: an instrument looks at the broker when it is read, and all of one collection share one
/// look. Only the histogram of the journal's commits is told of each, once a batch. Any thread.
/// </remarks>
public sealed class BrokerInstruments : IDisposable
{
    /// <summary>What a host gives to `AddMeter`.</summary>
    public const string MeterName = "Posthaste";

    private const string CommitDuration = "posthaste.journal.commit.duration";
    private const string CommitHelp = "Write and sync of one batch of the journal; what a confirm waits for";

    /// <summary>
    /// Milliseconds that one look at the broker holds for. 1,000: a collection reads all instruments within less, and
    /// no two collections are closer.
    /// </summary>
    private const long LookMsMax = 1_000;

    private readonly MessageBroker _broker;
    private readonly System.Diagnostics.Metrics.Meter _meter;
    private readonly Lock _lock = new();
    private readonly WeakReference<Scrape?> _look = new(null);
    private long _lookedAt;

    public BrokerInstruments(MessageBroker broker)
    {
        _broker = broker;
        _meter = new System.Diagnostics.Metrics.Meter(new MeterOptions(MeterName) { Version = NodeResource.Version });
        foreach (var metrics in Named()) Create(metrics.Key, [.. metrics]);
        if (broker.LookAtStorage().Commits is { } commits)
        {
            commits.Listener = _meter.CreateHistogram(
                CommitDuration, "s", CommitHelp, tags: null,
                new InstrumentAdvice<double> { HistogramBucketBoundaries = [.. LatencyHistogram.BoundsSeconds] });
        }
    }

    /// <summary>The instruments as the table of docs/observability.md.</summary>
    public static string ToMarkdown()
    {
        var rows = Named().Select(static metrics => Row(
            metrics.Key, KindOf(metrics.First()), metrics.First().Instrument!.Unit,
            string.Join("; ", metrics.Select(static metric => metric.Instrument!.Tag is { } tag
                ? $"`{tag.Key}` = `{tag.Value}`: {metric.Help}" : metric.Help))));
        string[] head = ["| Instrument | Kind | Unit | What |", "|---|---|---|---|"];
        return string.Join('\n', [.. head, .. rows, Row(CommitDuration, "histogram", "s", CommitHelp)]);
    }

    public void Dispose() => _meter.Dispose();

    /// <summary>Whether it is one of these: several brokers have meters of one name.</summary>
    internal bool Has(Instrument instrument) => ReferenceEquals(instrument.Meter, _meter);

    /// <summary>The metrics that are instruments, those of one instrument together.</summary>
    private static IEnumerable<IGrouping<string, BrokerMetric>> Named() => MetricFamily.All
        .SelectMany(static family => family.Whole)
        .Where(static metric => metric.Instrument is not null)
        .GroupBy(static metric => metric.Instrument!.Name);

    private static string Row(string name, string kind, string unit, string what) =>
        $"| `{name}` | {kind} | `{unit}` | {what} |";

    /// <summary>Ages are what they are; all else that goes up and down can be added up.</summary>
    private static string KindOf(BrokerMetric metric) =>
        metric.IsCounter ? "counter" : metric.Instrument!.Unit == "s" ? "gauge" : "up-down counter";

    private void Create(string name, BrokerMetric[] metrics)
    {
        var unit = metrics[0].Instrument!.Unit;
        var help = metrics.Length == 1 ? metrics[0].Help : null;
        switch (KindOf(metrics[0]))
        {
            case "counter": _meter.CreateObservableCounter(name, () => ReadWhole(metrics), unit, help); break;
            case "gauge": _meter.CreateObservableGauge(name, () => Read(metrics), unit, help); break;
            default: _meter.CreateObservableUpDownCounter(name, () => ReadWhole(metrics), unit, help); break;
        }
    }

    private IEnumerable<Measurement<long>> ReadWhole(BrokerMetric[] metrics) =>
        Read(metrics).Select(static measured => new Measurement<long>((long)measured.Value, measured.Tags));

    private IEnumerable<Measurement<double>> Read(BrokerMetric[] metrics)
    {
        var look = Look();
        foreach (var metric in metrics)
        {
            foreach (var reading in metric.Read(look))
            {
                if (!double.IsNaN(reading.Value)) yield return new(reading.Value, Tags(metric, reading));
            }
        }
    }

    private static IEnumerable<KeyValuePair<string, object?>> Tags(BrokerMetric metric, Reading reading)
    {
        if (metric.Instrument!.Tag is { } tag) yield return tag;
        if (reading.Protocol is { } protocol) yield return new("network.protocol.name", protocol);
    }

    private Scrape Look()
    {
        lock (_lock)
        {
            var now = Environment.TickCount64;
            if (now - _lookedAt <= LookMsMax && _look.TryGetTarget(out var known) && known is not null) return known;
            var look = new Scrape(_broker, static _ => true);
            _look.SetTarget(look);
            _lookedAt = now;
            return look;
        }
    }
}
