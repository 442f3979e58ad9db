namespace Posthaste.Management.Prometheus;

/// <summary>How much is asked for.</summary>
internal enum Detail
{
    /// <summary>`/metrics`: sums.</summary>
    Sums,

    /// <summary>`/metrics/per-object`: each object by itself.</summary>
    PerObject,

    /// <summary>`/metrics/detailed`: chosen families, each object by itself, under names of their own.</summary>
    Detailed,
}

/// <summary>One metric of a kind of object.</summary>
/// <param name="Name">Behind the prefix.</param>
/// <param name="Help">For people.</param>
/// <param name="Value">Of one object.</param>
/// <param name="Instrument">Under which name OpenTelemetry has it of the whole broker; null where another metric says
/// the same, or a sum would say nothing.</param>
internal sealed record ObjectMetric<T>(
    string Name, string Help, Func<T, double> Value, InstrumentName? Instrument = null)
{
    /// <summary>The objects' values as one; their sum unless said otherwise.</summary>
    public Func<IEnumerable<double>, double> Together { get; init; } = Enumerable.Sum;
}

/// <summary>Metrics that are asked for together, by the name that RabbitMQ's `family` parameter has for them.</summary>
internal abstract class MetricFamily(string name)
{
    /// <summary>All there are, in the order of `/metrics`.</summary>
    public static IReadOnlyList<MetricFamily> All { get; } = [.. NodeFamilies.All, .. ObjectFamilies.All];

    public string Name { get; } = name;

    /// <summary>Its metrics of the broker as a whole.</summary>
    public abstract IEnumerable<BrokerMetric> Whole { get; }

    public virtual void Write(MetricsText to, Scrape scrape, Detail detail)
    {
        foreach (var metric in Whole)
        {
            var metricName = Prefixed(metric.Name, detail);
            to.Family(metricName, metric.IsCounter ? "counter" : "gauge", metric.Help);
            foreach (var reading in metric.Read(scrape)) to.Sample(metricName, reading.Value, reading.Labels);
        }
    }

    protected static string Prefixed(string metric, Detail detail) =>
        metric.StartsWith("posthaste_", StringComparison.Ordinal) ? metric
            : metric.StartsWith("global_", StringComparison.Ordinal) ? "rabbitmq_" + metric
            : (detail == Detail.Detailed ? "rabbitmq_detailed_" : "rabbitmq_") + metric;
}

/// <summary>Metrics of many objects: all together, or each.</summary>
internal sealed class ObjectFamily<T>(
    string name, Func<Scrape, IReadOnlyList<T>> rows, Func<T, Label[]> labels, ObjectMetric<T>[] metrics)
    : MetricFamily(name)
{
    public override IEnumerable<BrokerMetric> Whole => metrics.Select(metric => new BrokerMetric(
        metric.Name, metric.Help, metric.Instrument,
        scrape => [new(metric.Together(rows(scrape).Select(metric.Value)))]));

    public override void Write(MetricsText to, Scrape scrape, Detail detail)
    {
        if (detail == Detail.Sums)
        {
            base.Write(to, scrape, detail);
            return;
        }

        foreach (var metric in metrics)
        {
            var metricName = Prefixed(metric.Name, detail);
            to.Family(metricName, BrokerMetric.IsCounterName(metric.Name) ? "counter" : "gauge", metric.Help);
            foreach (var row in rows(scrape)) to.Sample(metricName, metric.Value(row), labels(row));
        }
    }
}

/// <summary>Metrics of the broker as a whole, the same in every detail.</summary>
internal sealed class NodeFamily(string name, ObjectMetric<Scrape>[] metrics) : MetricFamily(name)
{
    public override IEnumerable<BrokerMetric> Whole => metrics.Select(static metric => new BrokerMetric(
        metric.Name, metric.Help, metric.Instrument, scrape => [new(metric.Value(scrape))]));
}
