using System.Globalization;
using System.Text;
using Posthaste.Bench.Reports;
using Spectre.Console;

namespace Posthaste.Bench.Operating;

/// <summary>Shows what operating costs, to a person or as a page.</summary>
internal static class OperatingCostWriter
{
    private static readonly string[] Heads = ["workload", "mode", "broker CPU, us/msg", "on top of the first mode"];

    public static void WriteTable(IAnsiConsole console, IReadOnlyList<OperatingCostRow> rows)
    {
        Table table = new Table().Border(TableBorder.Rounded).AddColumns(Heads);
        foreach (OperatingCostRow row in rows)
        {
            table.AddRow([.. Cells(row, rows[0].Mode).Select(Markup.Escape)]);
        }

        console.Write(table);
    }

    public static string ToMarkdown(IReadOnlyList<OperatingCostRow> rows, Machine machine)
    {
        StringBuilder text = new();
        text.AppendLine($"{machine}.").AppendLine();
        text.AppendLine($"| {string.Join(" | ", Heads)} |").AppendLine("|---|---|---:|---:|");
        foreach (OperatingCostRow row in rows)
        {
            text.AppendLine($"| {string.Join(" | ", Cells(row, rows[0].Mode))} |");
        }

        return text.ToString();
    }

    private static string[] Cells(OperatingCostRow row, string first) =>
    [
        row.Workload,
        row.Mode,
        $"{Micros(row.CpuMicros.Median)} ({Micros(row.CpuMicros.Min)}..{Micros(row.CpuMicros.Max)})",
        row.Mode == first
            ? ""
            : $"{Percent(row.Percent.Median)} % ({Percent(row.Percent.Min)}..{Percent(row.Percent.Max)})",
    ];

    private static string Micros(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);

    private static string Percent(double value) => value.ToString("+0.0;-0.0;0.0", CultureInfo.InvariantCulture);
}
