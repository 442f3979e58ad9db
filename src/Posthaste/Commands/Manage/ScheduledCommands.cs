using System.CommandLine;
using Posthaste.Api;
using Posthaste.Terminal;

namespace Posthaste.Commands.Manage;

/// <summary><c>posthaste scheduled</c>: messages that wait for their time; cancel them.</summary>
internal static class ScheduledCommands
{
    private static readonly Argument<string> Exchange = ChangeCommand.NameOf("exchange");

    private static readonly Argument<string?> Id = new("id")
    {
        Description = "Which message, as 'messages' shows it. Left out: all that wait in the exchange.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<int> Count = new("--count")
    {
        Description = "Messages to show, the next first.",
        HelpName = "N",
        DefaultValueFactory = _ => 100,
    };

    private static readonly Column[] Messages =
    [
        new("id", "id"),
        new("due", "due"),
        new("key", "routing_key"),
        Column.Number("bytes", "payload_bytes"),
    ];

    public static Command Create()
    {
        var messages = new Command("messages", "Show messages that wait in an exchange, by their time.")
        {
            Exchange, ApiOptions.Api, ApiOptions.VirtualHost, Count, ApiOptions.Json,
        };
        messages.SetAction(ShowAsync);
        return new ManualCommand("scheduled", "List exchanges that delay messages; show and cancel messages.",
            """
            Examples:
              posthaste scheduled
              posthaste scheduled messages reminders --count 10
              posthaste scheduled cancel reminders 42
            """)
        {
            messages,
            ChangeCommand.Create("cancel", "Cancel delayed messages: they are never published.",
                parsed => new Change(HttpMethod.Delete, PathOf(parsed, parsed.GetValue(Id)), "cancelled"),
                Exchange, Id, ApiOptions.VirtualHost),
        }
        .ListsWith("scheduled", byVirtualHost: true,
            new Column("vhost", "vhost"),
            new Column("exchange", "name"),
            Column.Number("waiting", "messages"),
            Column.Number("due", "messages_due"),
            Column.Number("bytes", "message_bytes"));
    }

    private static async Task<int> ShowAsync(ParseResult parsed, CancellationToken cancellation)
    {
        using var client = ApiOptions.Connect(parsed);
        var path = $"{PathOf(parsed, id: null)}?count={parsed.GetValue(Count)}";
        var answer = (await client.GetAsync(path, cancellation))!.AsObject();
        var rows = answer["items"]!.AsArray().Select(static row => row!.AsObject()).ToList();
        if (parsed.GetValue(ApiOptions.Json))
        {
            foreach (var row in rows) JsonOutput.Write(row);
            return ExitCode.Ok;
        }

        foreach (var row in rows) row["due"] = Time(row["due_ms"]!.GetValue<long>());
        Screen.Table(Messages, rows);
        return ExitCode.Ok;
    }

    private static string Time(long unixMs) => DateTimeOffset.FromUnixTimeMilliseconds(unixMs).ToString("u");

    private static string PathOf(ParseResult parsed, string? id)
    {
        var path = ApiClient.Path(
            "scheduled", parsed.GetRequiredValue(ApiOptions.VirtualHost), parsed.GetRequiredValue(Exchange));
        return id is null ? path : $"{path}/{Uri.EscapeDataString(id)}";
    }
}
