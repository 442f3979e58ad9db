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
internal sealed record ObjectMetric<T>(string Name, string Help, Func<T, double> Value);

/// <summary>Metrics that are asked for together, by the name that RabbitMQ's `family` parameter has for them.</summary>
internal abstract class MetricFamily(string name)
{
    public string Name { get; } = name;

    public abstract void Write(MetricsText to, Scrape scrape, Detail detail);

    /// <summary>Counters end in `_total`, by Prometheus' rules.</summary>
    protected static string TypeOf(string metric) =>
        metric.EndsWith("_total", StringComparison.Ordinal) ? "counter" : "gauge";

    protected static string Prefixed(string metric, Detail detail) =>
        metric.StartsWith("posthaste_", StringComparison.Ordinal) ? metric
            : (detail == Detail.Detailed ? "rabbitmq_detailed_" : "rabbitmq_") + metric;
}

/// <summary>Metrics of many objects: their sum, or each.</summary>
internal sealed class ObjectFamily<T>(
    string name, Func<Scrape, IReadOnlyList<T>> rows, Func<T, Label[]> labels, ObjectMetric<T>[] metrics)
    : MetricFamily(name)
{
    public override void Write(MetricsText to, Scrape scrape, Detail detail)
    {
        var all = rows(scrape);
        foreach (var metric in metrics)
        {
            var metricName = Prefixed(metric.Name, detail);
            to.Family(metricName, TypeOf(metric.Name), metric.Help);
            if (detail == Detail.Sums)
            {
                to.Sample(metricName, all.Sum(metric.Value));
                continue;
            }

            foreach (var row in all) to.Sample(metricName, metric.Value(row), labels(row));
        }
    }
}

/// <summary>Metrics of the broker as a whole, the same in every detail.</summary>
internal sealed class NodeFamily(string name, ObjectMetric<Scrape>[] metrics) : MetricFamily(name)
{
    public override void Write(MetricsText to, Scrape scrape, Detail detail)
    {
        foreach (var metric in metrics)
        {
            var metricName = Prefixed(metric.Name, detail);
            to.Family(metricName, TypeOf(metric.Name), metric.Help);
            to.Sample(metricName, metric.Value(scrape));
        }
    }
}
