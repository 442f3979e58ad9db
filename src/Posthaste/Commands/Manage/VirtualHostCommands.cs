using System.CommandLine;
using Posthaste.Api;

namespace Posthaste.Commands.Manage;

/// <summary><c>posthaste vhosts</c>: list, add, delete.</summary>
internal static class VirtualHostCommands
{
    private static readonly Argument<string> VirtualHost = ChangeCommand.NameOf("vhost");

    public static Command Create() =>
        new ManualCommand("vhosts", "List virtual hosts; add and delete them.",
            """
            Examples:
              posthaste vhosts add orders
              posthaste vhosts delete orders       # with every queue and message in it
            """)
        {
            ChangeCommand.Create("add", "Make a virtual host.",
                parsed => new Change(HttpMethod.Put, PathOf(parsed), "added", new System.Text.Json.Nodes.JsonObject()),
                VirtualHost),
            ChangeCommand.Create("delete", "Delete a virtual host, its queues and their messages.",
                parsed => new Change(HttpMethod.Delete, PathOf(parsed), "deleted"), VirtualHost),
        }
        .ListsWith("vhosts", byVirtualHost: false,
            new Column("name", "name"),
            Column.Number("messages", "messages"),
            new Column("description", "description"),
            new Column("tags", "tags"));

    private static string PathOf(ParseResult parsed) => ApiClient.Path("vhosts", parsed.GetRequiredValue(VirtualHost));
}
