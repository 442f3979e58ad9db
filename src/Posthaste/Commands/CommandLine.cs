using System.CommandLine;
using Posthaste.Commands.Audit;
using Posthaste.Commands.Data;
using Posthaste.Commands.Manage;
using Posthaste.Commands.Manage.Doctor;
using Posthaste.Server;
using Posthaste.Terminal;

namespace Posthaste.Commands;

/// <summary>
/// The commands of <c>posthaste</c>, and the one place where what went wrong becomes a message and an exit code.
/// </summary>
internal static class CommandLine
{
    /// <summary>
    /// Seconds that a command gets to end after Ctrl+C or SIGTERM: the drain of connections and the last sync, with
    /// room.
    /// </summary>
    private const int TerminationSecondsMax = 30;

    private const string Manual =
        """
        Examples:
          posthaste serve                                  a durable broker, its data in ./posthaste-data
          posthaste publish --queue orders '{"id": 1}'     a message, confirmed when it is on disk
          posthaste consume --queue orders                 and out again
          posthaste bench                                  how fast that is on this machine
          posthaste status                                 what a running broker holds and does
          posthaste doctor                                 what to change, if anything

        Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 data directory, 4 can't listen.
        """;

    private static readonly Option<bool> Verbose = new("--verbose")
    {
        Description = "Show the whole error, stack trace included, when something fails.",
        Recursive = true,
    };

    public static async Task<int> RunAsync(string[] args)
    {
        var root = Build();
        // Alone it can't know what is wanted of it, so it says what there is.
        var parsed = root.Parse(args.Length == 0 ? ["--help"] : args);
        if (parsed.Errors.Count > 0 && parsed.Action is not ManualHelp)
        {
            foreach (var error in parsed.Errors) Screen.Error(error.Message);
            Screen.Error($"see: posthaste {string.Join(' ', PathOf(parsed.CommandResult))}--help");
            return ExitCode.Usage;
        }

        try
        {
            var invocation = new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = TimeSpan.FromSeconds(TerminationSecondsMax),
            };
            return await parsed.InvokeAsync(invocation);
        }
        catch (Exception exception)
        {
            Screen.Error(parsed.GetValue(Verbose) ? exception.ToString() : Screen.OneLine(exception.Message));
            return CodeFor(exception);
        }
    }

    internal static RootCommand Build()
    {
        var root = new RootCommand("A message broker for the clients you already have.")
        {
            ServeCommand.Create(),
            PublishCommand.Create(),
            ConsumeCommand.Create(),
            BenchCommand.Create(),
            DataCommand.Create(),
            AuditCommands.Create(),
            StatusCommand.Create(),
            TopCommand.Create(),
            DoctorCommand.Create(),
            QueueCommands.Create(),
            ExchangeCommands.Create(),
            BindingCommands.Create(),
            DeadLetterCommands.Create(),
            ScheduledCommands.Create(),
            ConnectionCommands.Create(),
            ConnectionCommands.CreateChannels(),
            ConnectionCommands.CreateConsumers(),
            VirtualHostCommands.Create(),
            TraceCommands.Create(),
            UserCommands.Create(),
            PermissionCommands.Create(),
            PolicyCommands.Create(),
            PolicyCommands.CreateOperator(),
            DefinitionCommands.Create(),
        };
        root.Options.Add(Verbose);
        ManualHelp.Install(root, Manual);
        return root;
    }

    private static int CodeFor(Exception exception) => exception switch
    {
        PosthasteConfigurationException => ExitCode.Usage,
        PosthasteDataException => ExitCode.Data,
        PosthasteListenException => ExitCode.Listen,
        _ => ExitCode.Failed,
    };

    /// <summary>The words that lead to a command, each followed by a space.</summary>
    private static IEnumerable<string> PathOf(System.CommandLine.Parsing.CommandResult result)
    {
        var names = new Stack<string>();
        for (var at = result; at.Parent is System.CommandLine.Parsing.CommandResult parent; at = parent)
            names.Push(at.Command.Name);
        return names.Append("");
    }
}
