using System.CommandLine;
using System.Text.Json.Nodes;
using Posthaste.Api;
using Posthaste.Server;
using Posthaste.Terminal;

namespace Posthaste.Commands.Manage;

/// <summary>
/// <c>posthaste dead-letters</c>: what died and why, and back to where it died; <c>posthaste queues move</c>: the same
/// machinery to any queue.
/// </summary>
internal static class DeadLetterCommands
{
    private static readonly Argument<string> Queue = ChangeCommand.NameOf("queue");
    private static readonly Argument<string> Target = new("target") { Description = "Queue that gets the messages." };

    private static readonly Option<bool> Yes = new("--yes")
    {
        Description = "Do it. Without it the command only says what it would do.",
    };

    private static readonly Option<string?> DiedIn = new("--died-in")
    {
        Description = "Only what died last in this queue.",
        HelpName = "QUEUE",
    };

    private static readonly Option<string?> Reason = new("--reason")
    {
        Description = "Only what died last of this: rejected, expired, maxlen or delivery_limit.",
        HelpName = "REASON",
    };

    private static readonly Option<DateTimeOffset?> From = new("--from")
    {
        Description = "Only what died last at this time or later, such as 2030-01-31T08:00Z.",
        HelpName = "TIME",
    };

    private static readonly Option<DateTimeOffset?> Until = new("--until")
    {
        Description = "Only what died last at this time or before.",
        HelpName = "TIME",
    };

    private static readonly Option<string?> Header = new("--header")
    {
        Description = "Only what has this header with this value.",
        HelpName = "NAME=VALUE",
    };

    private static readonly Option<long?> Count = new("--count") { Description = "Messages at most.", HelpName = "N" };

    private static readonly Option<int?> Rate = new("--rate")
    {
        Description = "Messages a second at most.",
        HelpName = "N",
    };

    private static readonly Option[] Choices =
    [
        ApiOptions.Api, ApiOptions.VirtualHost, DiedIn, Reason, From, Until, Header, Count, Rate, Yes, ApiOptions.Json,
    ];

    private static readonly Column[] Groups =
    [
        new("died in", "queue"),
        new("reason", "reason"),
        Column.Number("messages", "messages"),
        Column.Number("deaths", "deaths"),
        new("first", "first"),
        new("last", "last"),
    ];

    public static Command Create()
    {
        var redrive = new Command("redrive", "Send dead letters back to the queue where they died last.") { Queue };
        AddChoices(redrive, parsed => MoveAsync(parsed, "redrive", destination: null));
        var command = new ManualCommand(
            "dead-letters", "Show a queue's dead letters by origin and reason; redrive them.",
            """
            Messages move together with the record of it: whatever happens, each is in one queue or the other.

            Examples:
              posthaste dead-letters orders.dead
              posthaste dead-letters redrive orders.dead --reason rejected            says what it would do
              posthaste dead-letters redrive orders.dead --reason rejected --rate 50 --yes
            """)
        { Queue, ApiOptions.Api, ApiOptions.VirtualHost, ApiOptions.Json, redrive };
        command.SetAction(ShowAsync);
        return command;
    }

    /// <summary><c>posthaste queues move</c>.</summary>
    public static Command CreateMove()
    {
        var move = new Command("move", "Move messages from one queue to another.") { Queue, Target };
        AddChoices(move, parsed => MoveAsync(parsed, "move", parsed.GetRequiredValue(Target)));
        return move;
    }

    private static void AddChoices(Command command, Func<ParseResult, Func<CancellationToken, Task<int>>> action)
    {
        foreach (var choice in Choices) command.Add(choice);
        command.SetAction((parsed, cancellation) => action(parsed)(cancellation));
    }

    private static async Task<int> ShowAsync(ParseResult parsed, CancellationToken cancellation)
    {
        using var client = ApiOptions.Connect(parsed);
        var summary = (await client.GetAsync(PathOf(parsed, "dead-letters"), cancellation))!.AsObject();
        if (parsed.GetValue(ApiOptions.Json))
        {
            JsonOutput.Write(summary);
            return ExitCode.Ok;
        }

        var groups = summary["groups"]!.AsArray().Select(static group => group!.AsObject()).ToList();
        foreach (var group in groups)
        {
            group["first"] = Time(group["first_death_ms"]!.GetValue<long>());
            group["last"] = Time(group["last_death_ms"]!.GetValue<long>());
        }

        Screen.Table(Groups, groups);
        if (summary["is_complete"]?.GetValue<bool>() == false)
            Screen.Error($"looked at the first {summary["scanned"]} of {summary["messages"]} messages only");
        return ExitCode.Ok;
    }

    private static Func<CancellationToken, Task<int>> MoveAsync(
        ParseResult parsed, string action, string? destination) => async cancellation =>
    {
        var body = ReadChoices(parsed);
        if (destination is not null) body["destination"] = destination;
        using var client = ApiOptions.Connect(parsed);
        var result = (await client.SendLongAsync(HttpMethod.Post, PathOf(parsed, action), body, cancellation))!;
        if (parsed.GetValue(ApiOptions.Json)) JsonOutput.Write(result.AsObject());
        else Report(result.AsObject(), parsed.GetValue(Yes));
        if (result["stopped"] is not { } stopped) return ExitCode.Ok;
        Screen.Error($"ended early: {stopped}");
        return ExitCode.Failed;
    };

    private static JsonObject ReadChoices(ParseResult parsed)
    {
        var choices = new JsonObject
        {
            ["dry_run"] = !parsed.GetValue(Yes),
            ["queue"] = parsed.GetValue(DiedIn),
            ["reason"] = parsed.GetValue(Reason),
            ["from_ms"] = parsed.GetValue(From)?.ToUnixTimeMilliseconds(),
            ["until_ms"] = parsed.GetValue(Until)?.ToUnixTimeMilliseconds(),
            ["count"] = parsed.GetValue(Count),
            ["rate"] = parsed.GetValue(Rate),
        };
        if (parsed.GetValue(Header) is { } header)
        {
            if (header.Split('=', 2) is not [{ Length: > 0 } name, var value])
                throw new PosthasteConfigurationException($"--header is '{header}'; it has to be NAME=VALUE");
            choices["header"] = name;
            choices["header_value"] = value;
        }

        foreach (var (name, value) in choices.ToList())
            if (value is null) choices.Remove(name);
        return choices;
    }

    private static void Report(JsonObject result, bool isDone)
    {
        var targets = result["targets"]!.AsObject();
        foreach (var (queue, count) in targets) Screen.Line($"{count,14}  to {queue}");
        Screen.Line(isDone
            ? $"{result["moved"]} moved of {result["matched"]} that match; {result["scanned"]} looked at"
            : $"{result["matched"]} match of {result["scanned"]} looked at; --yes moves them");
    }

    private static string Time(long unixMs) =>
        DateTimeOffset.FromUnixTimeMilliseconds(unixMs).ToString("u");

    private static string PathOf(ParseResult parsed, string action) => ApiClient.Path(
        "queues", parsed.GetRequiredValue(ApiOptions.VirtualHost), parsed.GetRequiredValue(Queue), action);
}
