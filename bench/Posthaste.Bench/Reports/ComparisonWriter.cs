using System.Globalization;
using System.Text;
using System.Text.Json;
using Spectre.Console;

namespace Posthaste.Bench.Reports;

/// <summary>
/// Shows a comparison as a table on the console, as Markdown for docs/, and with all single results as JSON.
/// </summary>
internal static class ComparisonWriter
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
    };

    public static void WriteTable(IAnsiConsole console, Comparison comparison)
    {
        Table table = new Table().Border(TableBorder.Rounded).AddColumns("workload", "metric", "unit");
        foreach (string broker in comparison.Brokers)
        {
            table.AddColumn(new TableColumn(broker).RightAligned());
        }

        if (comparison.Brokers.Count > 1)
        {
            table.AddColumn(new TableColumn("better by").RightAligned());
        }

        string previous = "";
        foreach (ComparisonRow row in comparison.Rows)
        {
            if (previous.Length > 0 && row.Workload != previous)
            {
                table.AddEmptyRow();
            }

            string[] cells = [.. Cells(row, comparison.Brokers.Count, first: row.Workload != previous)];
            table.AddRow([.. cells.Select(Markup.Escape)]);
            previous = row.Workload;
        }

        console.Write(table);
        WriteFailures(console, comparison.Failures);
    }

    /// <returns>Whether there was any.</returns>
    public static bool WriteFailures(IAnsiConsole console, IReadOnlyList<RunResult> results)
    {
        RunResult[] failures = [.. results.Where(result => result.Failure is not null)];
        foreach (RunResult failure in failures)
        {
            console.MarkupLineInterpolated(
                $"[red]failed[/] {failure.Workload} on {failure.Broker}, round {failure.Round}: {failure.Failure}");
        }

        return failures.Length > 0;
    }

    public static string ToMarkdown(Comparison comparison, Machine machine)
    {
        StringBuilder text = new();
        string[] heads = ["workload", "metric", "unit", .. comparison.Brokers];
        heads = comparison.Brokers.Count > 1 ? [.. heads, "better by"] : heads;
        text.AppendLine($"{string.Join(", ", comparison.Servers)} on {machine}.").AppendLine();
        text.AppendLine($"| {string.Join(" | ", heads)} |");
        text.AppendLine($"|{string.Concat(heads.Select((_, i) => i < 3 ? "---|" : "---:|"))}");
        foreach (ComparisonRow row in comparison.Rows)
        {
            text.AppendLine($"| {string.Join(" | ", Cells(row, comparison.Brokers.Count, first: true))} |");
        }

        return text.ToString();
    }

    public static string ToJson(IReadOnlyList<RunResult> results, Machine machine) =>
        JsonSerializer.Serialize(new { machine, results }, Json);

    /// <summary>Three significant digits, with k and M for rates.</summary>
    public static string Format(double value) => Math.Abs(value) switch
    {
        >= 1e6 => Digits(value / 1e6) + " M",
        >= 1e4 => Digits(value / 1e3) + " k",
        _ => Digits(value),
    };

    private static IEnumerable<string> Cells(ComparisonRow row, int brokers, bool first)
    {
        yield return first ? row.Workload : "";
        yield return row.Metric.Name;
        yield return row.Metric.Unit;
        foreach (Spread? spread in row.Spreads)
        {
            yield return spread switch
            {
                null => "–",
                { Min: double min, Max: double max } when min == max => Format(min),
                _ => $"{Format(spread.Median)} ({Format(spread.Min)}..{Format(spread.Max)})",
            };
        }

        if (brokers > 1)
        {
            yield return row.Ratio is { } ratio ? Format(ratio) + "x" : "";
        }
    }

    private static string Digits(double value) => value.ToString(
        Math.Abs(value) switch
        {
            >= 100 => "0",
            >= 10 => "0.0",
            >= 1 => "0.00",
            _ => "0.000",
        },
        CultureInfo.InvariantCulture);
}
