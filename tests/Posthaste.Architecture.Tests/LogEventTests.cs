using Microsoft.CodeAnalysis.CSharp.Syntax;
using Posthaste.Broker.Auditing;

namespace Posthaste.Architecture.Tests;

/// <summary>
/// What is logged has an id that people build alerts on: unique, documented, and never used for anything else.
/// </summary>
public sealed class LogEventTests
{
    private static readonly string[] Direct =
        ["LogTrace", "LogDebug", "LogInformation", "LogWarning", "LogError", "LogCritical"];

    private sealed record LogEvent(int Id, string Name, string Level, string Message, string At);

    [Fact]
    public void Every_event_has_an_id_of_its_own()
    {
        var events = Events();
        var ids = events.Select(entry => (entry.Id, entry.At))
            .Concat(AuditEvents.All.Select(entry => (entry.Id, At: "the audit log")));
        var shared = ids.GroupBy(entry => entry.Id)
            .Where(same => same.Key <= 0 || same.Count() > 1)
            .Select(same => $"{same.Key}: {string.Join(", ", same.Select(entry => entry.At))}");
        Assert.Empty(shared);
    }

    /// <summary>When an event is added, changed or gone, paste what this test prints.</summary>
    [Fact]
    public void The_table_of_events_is_the_codes_own()
    {
        var rows = Events().OrderBy(entry => entry.Id)
            .Select(entry => $"| {entry.Id} | `{entry.Name}` | {entry.Level} | {entry.Message} |");
        string[] head = ["| Id | Event | Level | What it says |", "|---|---|---|---|"];
        var table = string.Join('\n', head.Concat(rows));
        var text = File.ReadAllText(Path.Combine(SourceFile.RepositoryRoot, "docs", "observability.md"));
        Assert.True(
            text.Contains(table, StringComparison.Ordinal),
            $"The log events of docs/observability.md have to be:\n{table}");
    }

    [Fact]
    public void Nothing_is_logged_without_one()
    {
        var found =
            from file in SourceFile.Under("src")
            from call in file.Root.DescendantNodes().OfType<InvocationExpressionSyntax>()
            where call.Expression is MemberAccessExpressionSyntax access
                && Direct.Contains(access.Name.Identifier.Text)
            select file.At(call);
        Assert.Empty(found);
    }

    private static List<LogEvent> Events() =>
    [
        .. from file in SourceFile.Under("src")
           from method in file.Root.DescendantNodes().OfType<MethodDeclarationSyntax>()
           from attribute in method.AttributeLists.SelectMany(list => list.Attributes)
           where attribute.Name.ToString() == "LoggerMessage"
           select Read(file, method, attribute),
    ];

    private static LogEvent Read(SourceFile file, MethodDeclarationSyntax method, AttributeSyntax attribute)
    {
        var arguments = attribute.ArgumentList!.Arguments;
        var id = Argument(arguments, "EventId", 0);
        var level = Argument(arguments, "Level", 1);
        var message = Argument(arguments, "Message", 2);
        return new LogEvent(
            id is null ? 0 : int.Parse(id.ToString()), method.Identifier.Text,
            level is MemberAccessExpressionSyntax access ? access.Name.Identifier.Text : "",
            message is null ? "" : TextOf(message), file.At(method));
    }

    private static ExpressionSyntax? Argument(
        IReadOnlyList<AttributeArgumentSyntax> arguments, string name, int position) =>
        arguments.FirstOrDefault(argument => argument.NameEquals?.Name.Identifier.Text == name)?.Expression
        ?? arguments.Skip(position).Take(1).FirstOrDefault(argument => argument.NameEquals is null)?.Expression;

    /// <summary>A text may be put together from several, for the lines to fit.</summary>
    private static string TextOf(ExpressionSyntax text) => text switch
    {
        LiteralExpressionSyntax literal => literal.Token.ValueText,
        BinaryExpressionSyntax sum => TextOf(sum.Left) + TextOf(sum.Right),
        _ => throw new InvalidOperationException($"The message {text} is no plain text."),
    };
}
