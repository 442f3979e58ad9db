using System.CommandLine;
using System.Text.Json.Nodes;
using Posthaste.Api;

namespace Posthaste.Commands.Manage;

/// <summary><c>posthaste permissions</c>: list, set, clear.</summary>
internal static class PermissionCommands
{
    private static readonly Argument<string> User = ChangeCommand.NameOf("user");
    private static readonly Option<string> Configure = Pattern("--configure", "declared and deleted");
    private static readonly Option<string> Write = Pattern("--write", "published to");
    private static readonly Option<string> Read = Pattern("--read", "consumed from");

    private static readonly Option<string> TopicExchange = new("--topic")
    {
        Description = "Restrict the routing keys of this topic exchange instead of names.",
        HelpName = "EXCHANGE",
    };

    public static Command Create() =>
        new ManualCommand("permissions", "List permissions; set and clear them.",
            """
            A permission is three regular expressions over the names of queues and exchanges in one virtual host. An
            expression that is not given matches nothing.

            Examples:
              posthaste permissions set alice --vhost orders --write '^events$' --read '^alice\..*'
              posthaste permissions set alice --topic events --write '^order\.'
              posthaste permissions clear alice --vhost orders
            """)
        {
            ChangeCommand.Create("set", "Say what a user may do in a virtual host.",
                Set, User, ApiOptions.VirtualHost, Configure, Write, Read, TopicExchange),
            ChangeCommand.Create("clear", "Take a user's permission away; its connections there are closed.",
                parsed => new Change(HttpMethod.Delete, PathOf(parsed), "cleared"),
                User, ApiOptions.VirtualHost, TopicExchange),
        }
        .ListsWith("permissions", byVirtualHost: false,
            new Column("user", "user"),
            new Column("vhost", "vhost"),
            new Column("configure", "configure"),
            new Column("write", "write"),
            new Column("read", "read"));

    private static Option<string> Pattern(string name, string what) => new(name)
    {
        Description = $"Regular expression of the names that may be {what}.",
        HelpName = "REGEX",
        DefaultValueFactory = _ => "",
    };

    private static Change Set(ParseResult parsed)
    {
        var body = new JsonObject
        {
            ["write"] = parsed.GetRequiredValue(Write),
            ["read"] = parsed.GetRequiredValue(Read),
        };
        if (parsed.GetValue(TopicExchange) is { } exchange) body["exchange"] = exchange;
        else body["configure"] = parsed.GetRequiredValue(Configure);
        return new Change(HttpMethod.Put, PathOf(parsed), "set", body);
    }

    private static string PathOf(ParseResult parsed) => ApiClient.Path(
        parsed.GetValue(TopicExchange) is null ? "permissions" : "topic-permissions",
        parsed.GetRequiredValue(ApiOptions.VirtualHost), parsed.GetRequiredValue(User));
}
