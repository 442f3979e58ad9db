using System.CommandLine;
using System.Text.Json.Nodes;
using Posthaste.Api;

namespace Posthaste.Commands.Manage;

/// <summary><c>posthaste queues</c>: what is in them; declare, purge, delete.</summary>
internal static class QueueCommands
{
    private static readonly Argument<string> Queue = ChangeCommand.NameOf("queue");

    private static readonly Option<string> Type = new("--type")
    {
        Description = "classic, quorum or stream, as the broker offers them.",
        HelpName = "TYPE",
    };

    private static readonly Option<bool> Transient = new("--transient")
    {
        Description = "Gone with the broker. Without it the queue is durable.",
    };

    private static readonly Option<bool> AutoDelete = new("--auto-delete")
    {
        Description = "Deleted when its last consumer leaves.",
    };

    private static readonly Option<string[]> Argument = Arguments.Create(
        "--argument", "An argument of the declaration, such as x-max-length=1000. Repeatable.");

    private static readonly Option<bool> IfEmpty = new("--if-empty") { Description = "Only if nothing is in it." };
    private static readonly Option<bool> IfUnused = new("--if-unused") { Description = "Only if nobody consumes." };

    public static Command Create()
    {
        var command = new ManualCommand("queues", "List queues; declare, purge, delete them and move messages.",
            """
            Examples:
              posthaste queues --sort messages
              posthaste queues --vhost orders --name retry --json | jq .messages
              posthaste queues declare orders --type quorum --argument x-delivery-limit=5
              posthaste queues purge orders
              posthaste queues move orders parked --count 100
              posthaste queues delete orders --if-empty
            """)
        {
            ChangeCommand.Create("declare", "Make a queue, unless it is there with the same properties.",
                Declare, Queue, ApiOptions.VirtualHost, Type, Transient, AutoDelete, Argument),
            ChangeCommand.Create("purge", "Remove the messages that are ready in a queue.",
                parsed => new Change(HttpMethod.Delete, PathOf(parsed) + "/contents", "purged"),
                Queue, ApiOptions.VirtualHost),
            ChangeCommand.Create("delete", "Delete a queue and what is in it.",
                parsed => new Change(HttpMethod.Delete, PathOf(parsed) + Conditions(parsed), "deleted"),
                Queue, ApiOptions.VirtualHost, IfEmpty, IfUnused),
            DeadLetterCommands.CreateMove(),
        };
        return command.ListsWith("queues", byVirtualHost: true,
            new Column("vhost", "vhost"),
            new Column("name", "name"),
            new Column("type", "type"),
            Column.Number("ready", "messages_ready"),
            Column.Number("unacked", "messages_unacknowledged"),
            Column.Number("in/s", "message_stats.publish_details.rate"),
            Column.Number("out/s", "message_stats.deliver_get_details.rate"),
            Column.Number("consumers", "consumers"),
            new Column("policy", "policy"),
            new Column("state", "state"));
    }

    private static Change Declare(ParseResult parsed)
    {
        var arguments = Arguments.Read(parsed, Argument);
        if (parsed.GetValue(Type) is { } type) arguments["x-queue-type"] = type;
        return new Change(HttpMethod.Put, PathOf(parsed), "declared", new JsonObject
        {
            ["durable"] = !parsed.GetValue(Transient),
            ["auto_delete"] = parsed.GetValue(AutoDelete),
            ["arguments"] = arguments,
        });
    }

    private static string PathOf(ParseResult parsed) => ApiClient.Path(
        "queues", parsed.GetRequiredValue(ApiOptions.VirtualHost), parsed.GetRequiredValue(Queue));

    private static string Conditions(ParseResult parsed)
    {
        var conditions = new List<string>();
        if (parsed.GetValue(IfEmpty)) conditions.Add("if-empty=true");
        if (parsed.GetValue(IfUnused)) conditions.Add("if-unused=true");
        return conditions.Count == 0 ? "" : "?" + string.Join('&', conditions);
    }
}
