using Posthaste.Bench.Operating;
using Posthaste.Bench.Reports;

namespace Posthaste.Bench.Tests;

public sealed class OperatingCostTests
{
    [Fact]
    public void Each_mode_is_compared_with_the_first_in_the_same_round()
    {
        // The machine was twice as slow in the second round: the costs are the same all the same.
        IReadOnlyList<OperatingCostRow> rows = OperatingCost.Compare(
            ["plain", "watched"],
            [Run("plain", 1, 1.0), Run("watched", 1, 1.02), Run("watched", 2, 2.04), Run("plain", 2, 2.0)]);

        Assert.Equal(["plain", "watched"], rows.Select(row => row.Mode));
        Assert.Equal(new Spread(0, 0, 0), rows[0].Percent);
        Assert.Equal(1.5, rows[0].CpuMicros.Median);
        Assert.Equal(2, rows[1].Percent.Min, tolerance: 1e-9);
        Assert.Equal(2, rows[1].Percent.Max, tolerance: 1e-9);
    }

    [Fact]
    public void A_round_without_the_first_mode_is_left_out_and_so_is_a_mode_without_rounds()
    {
        RunResult failed = new("w", "plain", "", 2, [], "broken");
        IReadOnlyList<OperatingCostRow> rows = OperatingCost.Compare(
            ["plain", "watched", "guarded"],
            [Run("plain", 1, 1.0), Run("watched", 1, 1.1), failed, Run("watched", 2, 5.0), Run("guarded", 2, 5.0)]);

        Assert.Equal(["plain", "watched"], rows.Select(row => row.Mode));
        Assert.Equal(10, rows[1].Percent.Max, tolerance: 1e-9);
    }

    [Fact]
    public void Workloads_are_compared_each_by_itself()
    {
        IReadOnlyList<OperatingCostRow> rows = OperatingCost.Compare(
            ["plain", "guarded"],
            [
                Run("plain", 1, 1.0), Run("guarded", 1, 1.5),
                Run("plain", 1, 4.0, "other"), Run("guarded", 1, 5.0, "other"),
            ]);

        Assert.Equal([0.0, 50.0, 0.0, 25.0], rows.Select(row => row.Percent.Median));
    }

    [Fact]
    public void The_first_mode_is_always_among_those_that_run()
    {
        Assert.Equal(["plain", "guarded"], OperatingMode.Select(["guarded"]).Select(mode => mode.Name));
        Assert.Equal(OperatingMode.All, OperatingMode.Select([]));
        Assert.Throws<ArgumentException>(() => OperatingMode.Select(["idle"]));
    }

    private static RunResult Run(string mode, int round, double cpuMicros, string workload = "w") => new(
        workload, mode, "", round, [Metric.Cost(OperatingCost.Metric, "us/msg", cpuMicros)], Failure: null);
}
