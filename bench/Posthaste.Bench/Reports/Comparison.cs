namespace Posthaste.Bench.Reports;

/// <summary>Median, least and greatest of one metric over the rounds.</summary>
internal sealed record Spread(double Median, double Min, double Max)
{
    public static Spread Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        int middle = sorted.Length / 2;
        double median = sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        return new Spread(median, sorted[0], sorted[^1]);
    }
}

/// <summary>One line of the comparison: a metric of a workload, by broker.</summary>
/// <param name="Workload">The workload's name.</param>
/// <param name="Metric">The metric; its value is of no interest.</param>
/// <param name="Spreads">One a broker, in the order of <see cref="Comparison.Brokers"/>; null where it gave no
/// figure.</param>
internal sealed record ComparisonRow(string Workload, Metric Metric, IReadOnlyList<Spread?> Spreads)
{
    /// <summary>
    /// How many times better the first broker's median is than the best one of the others; null where that says
    /// nothing.
    /// </summary>
    public double? Ratio
    {
        get
        {
            double[] others = [.. Spreads.Skip(1).OfType<Spread>().Select(spread => spread.Median)];
            return Spreads is [{ Median: > 0 } first, ..] && others.Length > 0 && others.Min() > 0
                ? Metric.Better switch
                {
                    Better.Higher => first.Median / others.Max(),
                    Better.Lower => others.Min() / first.Median,
                    _ => null,
                }
                : null;
        }
    }
}

/// <summary>All rounds' results side by side.</summary>
internal sealed class Comparison
{
    public Comparison(IReadOnlyList<string> brokers, IReadOnlyList<RunResult> results)
    {
        Brokers = brokers;
        Servers = [.. results.Select(result => result.Server).Where(server => server.Length > 0).Distinct()];
        Failures = [.. results.Where(result => result.Failure is not null)];
        Rows = [.. results.GroupBy(result => result.Workload).SelectMany(Compare)];
    }

    public IReadOnlyList<string> Brokers { get; }

    /// <summary>Products and versions as the brokers introduced themselves.</summary>
    public IReadOnlyList<string> Servers { get; }

    public IReadOnlyList<ComparisonRow> Rows { get; }

    public IReadOnlyList<RunResult> Failures { get; }

    private IEnumerable<ComparisonRow> Compare(IGrouping<string, RunResult> results) =>
        from metrics in results.SelectMany(result => result.Metrics).GroupBy(metric => metric.Name)
        select new ComparisonRow(
            results.Key,
            metrics.First(),
            [.. Brokers.Select(broker => SpreadOf(results.Where(result => result.Broker == broker), metrics.Key))]);

    private static Spread? SpreadOf(IEnumerable<RunResult> results, string metric)
    {
        double[] values =
        [
            .. results.SelectMany(result => result.Metrics).Where(m => m.Name == metric).Select(m => m.Value),
        ];
        return values.Length == 0 ? null : Spread.Of(values);
    }
}
