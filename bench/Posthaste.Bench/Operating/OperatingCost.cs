using Posthaste.Bench.Reports;

namespace Posthaste.Bench.Operating;

/// <summary>What one mode costs a workload.</summary>
/// <param name="Workload">The workload's name.</param>
/// <param name="Mode">The mode's name.</param>
/// <param name="CpuMicros">Broker CPU per message in microseconds, over the rounds.</param>
/// <param name="Percent">
/// What is on top of the first mode in the same round, in percent of it. Rounds are compared with themselves because a
/// shared machine is slower for minutes and then faster again.
/// </param>
internal sealed record OperatingCostRow(string Workload, string Mode, Spread CpuMicros, Spread Percent);

/// <summary>Compares each mode with the first one, round by round.</summary>
internal static class OperatingCost
{
    public const string Metric = "broker CPU";

    /// <summary>One row for each workload and mode that has a round in which both it and the first mode ran.</summary>
    public static IReadOnlyList<OperatingCostRow> Compare(IReadOnlyList<string> modes, IReadOnlyList<RunResult> results)
    {
        List<OperatingCostRow> rows = [];
        foreach (IGrouping<string, RunResult> workload in results.GroupBy(result => result.Workload))
        {
            Dictionary<int, double> plain = Cpu(workload, modes[0]);
            foreach (string mode in modes)
            {
                Dictionary<int, double> cpu = Cpu(workload, mode);
                double[] percents =
                [
                    .. cpu.Where(round => plain.ContainsKey(round.Key))
                        .Select(round => ((round.Value / plain[round.Key]) - 1) * 100),
                ];
                if (percents.Length > 0)
                {
                    rows.Add(new(workload.Key, mode, Spread.Of(cpu.Values), Spread.Of(percents)));
                }
            }
        }

        return rows;
    }

    // By round; a round that failed has none.
    private static Dictionary<int, double> Cpu(IEnumerable<RunResult> results, string mode) => (
        from result in results
        where result.Broker == mode
        from metric in result.Metrics
        where metric.Name == Metric
        select (result.Round, metric.Value)).ToDictionary();
}
