using System.CommandLine;
using System.Text.Json.Nodes;
using Posthaste.Api;

namespace Posthaste.Commands.Manage;

/// <summary><c>posthaste exchanges</c>: list, declare, delete.</summary>
internal static class ExchangeCommands
{
    private static readonly Argument<string> Exchange = ChangeCommand.NameOf("exchange");

    private static readonly Option<string> Type = new("--type")
    {
        Description = "direct, fanout, topic, headers or any other that the broker knows.",
        HelpName = "TYPE",
        DefaultValueFactory = _ => "direct",
    };

    private static readonly Option<bool> Transient = new("--transient")
    {
        Description = "Gone with the broker. Without it the exchange is durable.",
    };

    private static readonly Option<bool> AutoDelete = new("--auto-delete")
    {
        Description = "Deleted with its last binding.",
    };

    private static readonly Option<bool> Internal = new("--internal")
    {
        Description = "Nobody may publish to it: messages come by bindings from other exchanges.",
    };

    private static readonly Option<string[]> Argument = Arguments.Create(
        "--argument", "An argument of the declaration, such as alternate-exchange=lost. Repeatable.");

    private static readonly Option<bool> IfUnused = new("--if-unused") { Description = "Only if nothing is bound." };

    public static Command Create()
    {
        var command = new ManualCommand("exchanges", "List exchanges; declare and delete them.",
            """
            Examples:
              posthaste exchanges --vhost orders
              posthaste exchanges declare events --type topic --argument alternate-exchange=unrouted
              posthaste exchanges delete events --if-unused
            """)
        {
            ChangeCommand.Create("declare", "Make an exchange, unless it is there with the same properties.",
                Declare, Exchange, ApiOptions.VirtualHost, Type, Transient, AutoDelete, Internal, Argument),
            ChangeCommand.Create("delete", "Delete an exchange and its bindings.",
                parsed => new Change(HttpMethod.Delete,
                    PathOf(parsed) + (parsed.GetValue(IfUnused) ? "?if-unused=true" : ""), "deleted"),
                Exchange, ApiOptions.VirtualHost, IfUnused),
        };
        return command.ListsWith("exchanges", byVirtualHost: true,
            new Column("vhost", "vhost"),
            new Column("name", "name"),
            new Column("type", "type"),
            new Column("durable", "durable"),
            new Column("auto-delete", "auto_delete"),
            new Column("internal", "internal"),
            Column.Number("in/s", "message_stats.publish_in_details.rate"),
            Column.Number("out/s", "message_stats.publish_out_details.rate"),
            new Column("policy", "policy"));
    }

    private static Change Declare(ParseResult parsed) => new(HttpMethod.Put, PathOf(parsed), "declared", new JsonObject
    {
        ["type"] = parsed.GetRequiredValue(Type),
        ["durable"] = !parsed.GetValue(Transient),
        ["auto_delete"] = parsed.GetValue(AutoDelete),
        ["internal"] = parsed.GetValue(Internal),
        ["arguments"] = Arguments.Read(parsed, Argument),
    });

    private static string PathOf(ParseResult parsed) => ApiClient.Path(
        "exchanges", parsed.GetRequiredValue(ApiOptions.VirtualHost), parsed.GetRequiredValue(Exchange));
}
