using System.CommandLine;
using Posthaste.Bench.Brokers;
using Posthaste.Bench.Operating;
using Posthaste.Bench.Reports;
using Posthaste.Bench.Workloads;
using Spectre.Console;

namespace Posthaste.Bench;

/// <summary>The command that measures what operating costs the hot path.</summary>
internal static class OperatingCommand
{
    /// <summary>The name of a mode: another build, as it is by default.</summary>
    private const string BeforeMode = "before";

    private static readonly string[] DefaultWorkloads = ["transient-16", "persistent-1k", "mqtt-qos0-1to1"];

    private static readonly Option<string[]> Workloads = BenchCommand.Names(
        "--workloads", "Which throughput workloads, comma-separated.", DefaultWorkloads);

    private static readonly Option<string[]> Modes = BenchCommand.Names(
        "--modes", "Which modes, comma-separated; all if left out.");

    private static readonly Option<int> Rounds = BenchCommand.Number(
        "--rounds", "How often each mode runs.", 7);

    private static readonly Option<string?> Before = new("--before")
    {
        Description = "A posthaste.dll of an earlier build, to compare with as it is by default.",
    };

    public static Command Create()
    {
        Command command = BenchCommand.WithLoadOptions(
            new Command("operating", "Measure what statistics, permissions, policies, limits and onlookers cost."));
        command.Options.Add(Workloads);
        command.Options.Add(Modes);
        command.Options.Add(Rounds);
        command.Options.Add(Before);
        command.SetAction((result, cancellation) => Task.Run(
            () => BenchCommand.Guard(() => Run(result, cancellation)), cancellation));
        return command;
    }

    private static int Run(ParseResult arguments, CancellationToken cancellation)
    {
        IAnsiConsole console = AnsiConsole.Console;
        string workDirectory = arguments.GetValue(BenchCommand.WorkDirectory)!;
        Machine machine = BenchCommand.DescribeMachine(console, workDirectory);
        string assembly = arguments.GetValue(BenchCommand.Posthaste)!;
        string? before = arguments.GetValue(Before);
        Dictionary<string, OperatingMode> modes =
            OperatingMode.Select(arguments.GetValue(Modes)!).ToDictionary(mode => mode.Name);
        string[] names = before is null ? [.. modes.Keys] : [.. modes.Keys, BeforeMode];
        Runner runner = new(console, BenchCommand.ReadLoad(arguments), (name, protocol) => name == BeforeMode
            ? new PosthasteBroker(workDirectory, before!, protocol)
            : new OperatedBroker(workDirectory, assembly, protocol, modes[name]));
        IReadOnlyList<Workload> workloads = Catalog.Select(arguments.GetValue(Workloads)!);
        if (workloads.FirstOrDefault(workload => workload is not FlowWorkload) is { } other)
        {
            throw new ArgumentException($"'{other.Name}' is no throughput workload: it has no CPU per message");
        }

        IReadOnlyList<RunResult> results =
            runner.Run(workloads, names, arguments.GetValue(Rounds), cancellation);
        IReadOnlyList<OperatingCostRow> rows = OperatingCost.Compare(names, results);
        OperatingCostWriter.WriteTable(console, rows);
        BenchCommand.WriteFile(
            arguments.GetValue(BenchCommand.JsonFile), () => ComparisonWriter.ToJson(results, machine));
        BenchCommand.WriteFile(
            arguments.GetValue(BenchCommand.MarkdownFile), () => OperatingCostWriter.ToMarkdown(rows, machine));
        return ComparisonWriter.WriteFailures(console, results) ? BenchCommand.ExitFailed : 0;
    }
}
