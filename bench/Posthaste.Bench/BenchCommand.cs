using System.CommandLine;
using Posthaste.Bench.Brokers;
using Posthaste.Bench.Reports;
using Posthaste.Bench.Workloads;
using Spectre.Console;

namespace Posthaste.Bench;

/// <summary>The command line: compare, run, operating, list, calibrate.</summary>
internal static class BenchCommand
{
    internal const int ExitFailed = 1;
    private const int ExitUsage = 2;

    private static readonly Option<string[]> Workloads = Names(
        "--workloads", "Which workloads, comma-separated; all if left out.");

    private static readonly Option<string[]> Brokers = Names(
        "--brokers", "Which brokers, comma-separated; ratios compare the first with the best of the others.",
        PosthasteBroker.BrokerName, MosquittoBroker.BrokerName, RabbitMqBroker.BrokerName);

    private static readonly Option<int> Rounds = Number("--rounds", "How often each workload runs on each broker.", 3);
    private static readonly Option<int> Seconds = Number("--seconds", "Measured time, where a workload has one.", 8);
    private static readonly Option<int> WarmUp = Number("--warm-up", "Seconds of load before measuring.", 2);
    private static readonly Option<int> InFlight = Number(
        "--in-flight", "The most messages published but not yet delivered, throughput workloads.", 20_000);
    private static readonly Option<int> Backlog = Number("--backlog", "Messages, backlog workloads.", 2_000_000);
    private static readonly Option<int> Queues = Number("--queues", "Queues, queues workload.", 10_000);

    private static readonly Option<int?> Connections = new("--connections")
    {
        Description = "Connections, idle workloads; each has its own number if left out.",
    };

    internal static readonly Option<string?> JsonFile = new("--json") { Description = "Write all results here." };
    internal static readonly Option<string?> MarkdownFile = new("--markdown") { Description = "Write the table here." };

    internal static readonly Option<string> WorkDirectory = new("--work-dir")
    {
        Description = "Where the brokers keep their data; on a real disk, or syncs cost nothing.",
        DefaultValueFactory = _ => Path.Combine(Path.GetTempPath(), "posthaste-bench"),
    };

    internal static readonly Option<string> Posthaste = new("--posthaste")
    {
        Description = "The posthaste.dll to measure.",
        DefaultValueFactory = _ => PosthasteBroker.FindAssembly(),
    };

    public static RootCommand Create()
    {
        Command compare = WithLoadOptions(new Command("compare", "Measure brokers in turn and compare medians."));
        compare.Options.Add(Workloads);
        compare.Options.Add(Brokers);
        compare.Options.Add(Rounds);
        compare.SetAction((result, cancellation) => Task.Run(
            () => Guard(() => Compare(
                result, result.GetValue(Workloads)!, result.GetValue(Brokers)!, result.GetValue(Rounds), cancellation)),
            cancellation));

        Option<string> workload = new("--workload") { Description = "The workload.", Required = true };
        Option<string> broker = new("--broker")
        {
            Description = "The broker.",
            DefaultValueFactory = _ => PosthasteBroker.BrokerName,
        };
        Command run = WithLoadOptions(new Command("run", "Measure one workload on one broker once."));
        run.Options.Add(workload);
        run.Options.Add(broker);
        run.SetAction((result, cancellation) => Task.Run(
            () => Guard(() => Compare(
                result, [result.GetValue(workload)!], [result.GetValue(broker)!], rounds: 1, cancellation)),
            cancellation));

        Command list = new("list", "Name the workloads.");
        list.SetAction(_ => List());
        Command calibrate = new("calibrate", "Measure the load itself, without a broker.");
        calibrate.Options.Add(Seconds);
        calibrate.SetAction(result => Calibrate(TimeSpan.FromSeconds(result.GetValue(Seconds))));
        return new RootCommand("Measures brokers of AMQP 0-9-1, MQTT and STOMP side by side with one neutral load.")
        {
            compare,
            run,
            OperatingCommand.Create(),
            list,
            calibrate,
        };
    }

    /// <summary>Says in one line what the user has to change: a wrong name, a broker that is not there.</summary>
    internal static int Guard(Func<int> action)
    {
        try
        {
            return action();
        }
        catch (Exception e) when (e is ArgumentException or FileNotFoundException)
        {
            AnsiConsole.MarkupLineInterpolated($"[red]{e.Message}[/]");
            return ExitUsage;
        }
        catch (OperationCanceledException)
        {
            AnsiConsole.MarkupLine("[yellow]cancelled[/]");
            return ExitFailed;
        }
    }

    private static int Compare(
        ParseResult arguments, string[] workloads, string[] brokers, int rounds, CancellationToken cancellation)
    {
        IAnsiConsole console = AnsiConsole.Console;
        string workDirectory = arguments.GetValue(WorkDirectory)!;
        Machine machine = DescribeMachine(console, workDirectory);
        string assembly = arguments.GetValue(Posthaste)!;
        Runner runner = new(console, ReadLoad(arguments), (name, protocol) => name switch
        {
            PosthasteBroker.BrokerName => new PosthasteBroker(workDirectory, assembly, protocol),
            MosquittoBroker.BrokerName => protocol == Protocol.Mqtt ? new MosquittoBroker(workDirectory) : null,
            RabbitMqBroker.BrokerName => new RabbitMqBroker(workDirectory, protocol),
            _ => throw new ArgumentException($"there is no broker '{name}'"),
        });
        IReadOnlyList<RunResult> results = runner.Run(Catalog.Select(workloads), brokers, rounds, cancellation);
        Comparison comparison = new(brokers, results);
        ComparisonWriter.WriteTable(console, comparison);
        WriteFile(arguments.GetValue(JsonFile), () => ComparisonWriter.ToJson(results, machine));
        WriteFile(arguments.GetValue(MarkdownFile), () => ComparisonWriter.ToMarkdown(comparison, machine));
        return comparison.Failures.Count == 0 ? 0 : ExitFailed;
    }

    internal static Machine DescribeMachine(IAnsiConsole console, string workDirectory)
    {
        Directory.CreateDirectory(workDirectory);
        Machine machine = Machine.Describe(workDirectory);
        console.MarkupLineInterpolated($"[grey]{machine}[/]");
        if (machine.SyncsMeanNothing)
        {
            console.MarkupLineInterpolated($"[yellow]{workDirectory} is in memory: a sync costs nothing there.[/]");
        }

        return machine;
    }

    internal static WorkloadOptions ReadLoad(ParseResult arguments) => new(
        TimeSpan.FromSeconds(arguments.GetValue(WarmUp)),
        TimeSpan.FromSeconds(arguments.GetValue(Seconds)),
        arguments.GetValue(InFlight),
        arguments.GetValue(Backlog),
        arguments.GetValue(Queues),
        arguments.GetValue(Connections));

    private static int List()
    {
        Table table = new Table().Border(TableBorder.Rounded).AddColumns("workload", "what it does");
        foreach (Workload workload in Catalog.All)
        {
            table.AddRow(Markup.Escape(workload.Name), Markup.Escape(workload.Description));
        }

        AnsiConsole.Write(table);
        return 0;
    }

    private static int Calibrate(TimeSpan duration)
    {
        Table table = new Table().Border(TableBorder.Rounded).AddColumns("load", "msg/s", "load thread's CPU ns/msg");
        foreach (int bodyBytes in new[] { 16, 1024 })
        {
            Add($"publish {bodyBytes} B", Calibration.Publish(bodyBytes, duration));
            Add($"consume {bodyBytes} B", Calibration.Consume(bodyBytes, duration));
        }

        AnsiConsole.Write(table);
        return 0;

        void Add(string name, Calibration.Figure figure) => table.AddRow(
            name, ComparisonWriter.Format(figure.PerSecond), ComparisonWriter.Format(figure.CpuNanosPerMessage));
    }

    internal static void WriteFile(string? path, Func<string> content)
    {
        if (path is not null)
        {
            File.WriteAllText(path, content());
        }
    }

    internal static Command WithLoadOptions(Command command)
    {
        Option[] options =
        [
            Seconds, WarmUp, InFlight, Backlog, Queues, Connections, JsonFile, MarkdownFile, WorkDirectory, Posthaste,
        ];
        foreach (Option option in options)
        {
            command.Options.Add(option);
        }

        return command;
    }

    internal static Option<string[]> Names(string name, string description, params string[] defaults) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => defaults,
        CustomParser = result => [.. result.Tokens.SelectMany(token => token.Value.Split(','))],
        AllowMultipleArgumentsPerToken = true,
    };

    internal static Option<int> Number(string name, string description, int value)
    {
        Option<int> option = new(name) { Description = description, DefaultValueFactory = _ => value };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && int.TryParse(text, out int number) && number < 1)
            {
                result.AddError($"{name} must be at least 1");
            }
        });
        return option;
    }
}
