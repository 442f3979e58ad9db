using System.Text.Json.Nodes;
using Posthaste.Commands.Manage;
using Posthaste.Commands.Manage.Doctor;
using Spectre.Console;

namespace Posthaste.Terminal;

/// <summary>
/// What the commands print: results to standard output, everything else to standard error, so that a pipe gets
/// results only. Colours and progress only where a person looks.
/// </summary>
internal static class Screen
{
    private const int FactNameWidth = 9;
    private const StringSplitOptions NonEmpty =
        StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries;

    private static readonly IAnsiConsole Out = Create(Console.Out, Console.IsOutputRedirected);
    private static readonly IAnsiConsole Err = Create(Console.Error, Console.IsErrorRedirected);

    /// <summary>Prints a line of the form <c>name text</c>, the name in a column of its own.</summary>
    public static void Fact(string name, string text) =>
        Out.MarkupLine($"[grey]{Markup.Escape(name.PadRight(FactNameWidth))}[/] {Markup.Escape(text)}");

    /// <summary>Prints a line that stands out.</summary>
    public static void Title(string text) => Out.MarkupLine($"[bold green]{Markup.Escape(text)}[/]");

    /// <summary>Prints one line as it is.</summary>
    public static void Line(string text) => Console.Out.WriteLine(text);

    /// <summary>Says on standard error that a change was made, to a person only.</summary>
    public static void Done(string text)
    {
        if (!Console.IsErrorRedirected) Err.MarkupLine($"[green]{Markup.Escape(text)}[/]");
    }

    /// <summary>Prints how a check came out, and below what to change.</summary>
    public static void Verdict(Finding finding)
    {
        var (sign, colour) = finding.Verdict switch
        {
            Commands.Manage.Doctor.Verdict.Good => ("ok", "green"),
            Commands.Manage.Doctor.Verdict.Doubtful => ("note", "yellow"),
            _ => ("fix", "red"),
        };
        var text = $"[bold]{Markup.Escape(finding.Check)}[/]: {Markup.Escape(finding.Fact)}";
        Out.MarkupLine($"[{colour}]{sign,-4}[/] {text}");
        if (finding.Advice is { } advice) Out.MarkupLine($"     {Markup.Escape(advice)}");
    }

    /// <summary>
    /// Prints rows under headings: in columns for a person, with tabs between values (and headings too) for a program.
    /// </summary>
    public static void Table(IReadOnlyList<Column> columns, IReadOnlyList<JsonObject> rows)
    {
        if (!Console.IsOutputRedirected)
        {
            Out.Write(ToTable(columns, rows));
            return;
        }

        Line(string.Join('\t', columns.Select(static column => column.Title)));
        foreach (var row in rows) Line(string.Join('\t', columns.Select(column => column.Text(row))));
    }

    /// <summary>Rows as a table that can be shown again and again.</summary>
    public static Table ToTable(IReadOnlyList<Column> columns, IEnumerable<JsonObject> rows)
    {
        var table = new Table { Border = TableBorder.Simple };
        foreach (var column in columns)
        {
            var header = new TableColumn($"[grey]{Markup.Escape(column.Title)}[/]");
            table.AddColumn(column.IsNumber ? header.RightAligned() : header);
        }

        foreach (var row in rows) table.AddRow([.. columns.Select(column => Markup.Escape(column.Text(row)))]);
        return table;
    }

    /// <summary>
    /// Shows something that changes, in place, until cancelled. Needs a person at the other end.
    /// </summary>
    public static Task LiveAsync(Func<LiveDisplayContext, Task> show) =>
        Out.Live(new Text("")).AutoClear(false).StartAsync(show);

    /// <summary>Asks a person for a secret without showing it; a program sends it as the first line.</summary>
    public static string ReadSecret(string prompt) => Console.IsInputRedirected
        ? Console.In.ReadLine() ?? ""
        : Err.Prompt(new TextPrompt<string>(prompt).Secret().AllowEmpty());

    /// <summary>Says on standard error what went wrong.</summary>
    public static void Error(string text) => Err.MarkupLine($"[red]posthaste:[/] {Markup.Escape(text)}");

    /// <summary>
    /// Shows how far something that takes long has come, on standard error and only to a person. The work reports the
    /// share done (0 to 1) and what to say beside it.
    /// </summary>
    public static Task<TResult> WithProgressAsync<TResult>(
        string description, Func<Action<double, string>, Task<TResult>> work)
    {
        if (Console.IsErrorRedirected) return work((_, _) => { });
        return Err.Progress().AutoClear(true)
            .Columns(new SpinnerColumn(), new ProgressBarColumn(), new PercentageColumn(), new TaskDescriptionColumn())
            .StartAsync(context =>
            {
                var task = context.AddTask(Markup.Escape(description), maxValue: 1);
                return work((share, text) =>
                {
                    task.Value = share;
                    task.Description = Markup.Escape(text);
                });
            });
    }

    /// <summary>A message as one line: those of exceptions often carry more.</summary>
    public static string OneLine(string message) =>
        string.Join(' ', message.Split(['\r', '\n'], NonEmpty)).TrimEnd('.');

    private static IAnsiConsole Create(TextWriter writer, bool isRedirected)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = isRedirected ? AnsiSupport.No : AnsiSupport.Detect,
        });
        // A line for a program stays one line, however long.
        if (isRedirected) console.Profile.Width = int.MaxValue;
        return console;
    }
}
