using Posthaste.Bench.Reports;

namespace Posthaste.Bench.Tests;

public sealed class ComparisonTests
{
    [Fact]
    public void The_spread_is_the_median_with_least_and_greatest()
    {
        Assert.Equal(new Spread(3, 1, 9), Spread.Of([9, 1, 3]));
        Assert.Equal(new Spread(2.5, 1, 4), Spread.Of([4, 2, 1, 3]));
    }

    [Fact]
    public void Ratios_say_how_much_better_the_first_broker_is_in_the_metrics_own_direction()
    {
        Comparison comparison = new(
            ["a", "b"],
            [
                Result("a", Metric.Rate("rate", "/s", 300), Metric.Cost("cpu", "us", 2), Metric.Note("lag", "us", 1)),
                Result("b", Metric.Rate("rate", "/s", 100), Metric.Cost("cpu", "us", 8), Metric.Note("lag", "us", 1)),
            ]);

        Assert.Equal([3.0, 4.0, null], comparison.Rows.Select(row => row.Ratio));
    }

    [Fact]
    public void A_failed_run_has_no_figures_and_is_listed()
    {
        RunResult failed = new("w", "a", "", 1, [], "broken");
        Comparison comparison = new(["a", "b"], [failed, Result("b", Metric.Rate("rate", "msg/s", 100))]);
        ComparisonRow row = Assert.Single(comparison.Rows);
        Assert.Null(row.Spreads[0]);
        Assert.Null(row.Ratio);
        Assert.Equal([failed], comparison.Failures);
    }

    [Theory]
    [InlineData(0.5712, "0.571")]
    [InlineData(45.61, "45.6")]
    [InlineData(9012, "9012")]
    [InlineData(108_200, "108 k")]
    [InlineData(1_234_567, "1.23 M")]
    public void Figures_have_three_digits(double value, string text) =>
        Assert.Equal(text, ComparisonWriter.Format(value));

    private static RunResult Result(string broker, params Metric[] metrics) => new("w", broker, "", 1, metrics, null);
}
