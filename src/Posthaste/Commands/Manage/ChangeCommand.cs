using System.CommandLine;
using System.Text.Json.Nodes;
using Posthaste.Terminal;

namespace Posthaste.Commands.Manage;

/// <summary>One request that changes something.</summary>
/// <param name="Method">PUT, POST or DELETE.</param>
/// <param name="Path">Below <c>/api/</c>, escaped.</param>
/// <param name="Done">What to say when it is done.</param>
/// <param name="Body">What goes with it; null for nothing.</param>
internal sealed record Change(HttpMethod Method, string Path, string Done, JsonNode? Body = null);

/// <summary>
/// Commands that are one request to the management API. They are silent for programs, and say to a person what was
/// done: the API answers when the change is on disk.
/// </summary>
internal static class ChangeCommand
{
    public static Command Create(
        string name, string summary, Func<ParseResult, Change> read, params Symbol[] symbols)
    {
        var command = new Command(name, summary) { ApiOptions.Api };
        foreach (var symbol in symbols)
        {
            if (symbol is Argument argument) command.Add(argument);
            else command.Add((Option)symbol);
        }

        command.SetAction(async (parsed, cancellation) =>
        {
            var change = read(parsed);
            using var client = ApiOptions.Connect(parsed);
            await client.SendAsync(change.Method, change.Path, change.Body, cancellation);
            Screen.Done(change.Done);
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>A required argument that is a name.</summary>
    public static Argument<string> NameOf(string what) =>
        new(what) { Description = $"Name of the {what}.", HelpName = what.ToUpperInvariant() };
}
