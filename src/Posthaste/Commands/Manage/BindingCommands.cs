using System.CommandLine;
using System.Text.Json.Nodes;
using Posthaste.Api;

namespace Posthaste.Commands.Manage;

/// <summary><c>posthaste bindings</c>: list, add, remove.</summary>
internal static class BindingCommands
{
    /// <summary>How the API names a binding whose key is empty and that has no arguments.</summary>
    private const string EmptyKey = "~";

    private static readonly Argument<string> Source = new("source") { Description = "Exchange that routes." };
    private static readonly Argument<string> Target = new("target") { Description = "Queue (or exchange) that gets." };

    private static readonly Option<bool> ToExchange = new("--to-exchange")
    {
        Description = "The target is an exchange.",
    };

    private static readonly Option<string> Key = new("--key")
    {
        Description = "Routing key or pattern.",
        HelpName = "KEY",
        DefaultValueFactory = _ => "",
    };

    private static readonly Option<string[]> Argument = Arguments.Create(
        "--argument", "An argument of the binding, such as x-match=any. Repeatable.");

    private static readonly Option<string> Id = new("--id")
    {
        Description = "The binding of this id in the list, where key alone does not tell: one that has arguments.",
        HelpName = "ID",
    };

    public static Command Create()
    {
        var command = new ManualCommand("bindings", "List bindings; add and remove them.",
            """
            Examples:
              posthaste bindings --vhost orders
              posthaste bindings add events audit --key 'order.#'
              posthaste bindings remove events audit --key 'order.#'
            """)
        {
            ChangeCommand.Create("add", "Bind a queue or an exchange to an exchange.",
                parsed => new Change(HttpMethod.Post, PathOf(parsed), "bound", new JsonObject
                {
                    ["routing_key"] = parsed.GetRequiredValue(Key),
                    ["arguments"] = Arguments.Read(parsed, Argument),
                }),
                Source, Target, ApiOptions.VirtualHost, ToExchange, Key, Argument),
            ChangeCommand.Create("remove", "Remove a binding.",
                parsed => new Change(
                    HttpMethod.Delete, $"{PathOf(parsed)}/{Uri.EscapeDataString(IdOf(parsed))}", "unbound"),
                Source, Target, ApiOptions.VirtualHost, ToExchange, Key, Id),
        };
        return command.ListsWith("bindings", byVirtualHost: true,
            new Column("vhost", "vhost"),
            new Column("source", "source"),
            new Column("to", "destination_type"),
            new Column("target", "destination"),
            new Column("key", "routing_key"),
            new Column("arguments", "arguments"),
            new Column("id", "properties_key"));
    }

    /// <summary>The API's id of a binding without arguments is its key, escaped as in a path.</summary>
    private static string IdOf(ParseResult parsed)
    {
        if (parsed.GetValue(Id) is { } id) return id;
        var key = parsed.GetRequiredValue(Key);
        return key.Length == 0 ? EmptyKey : Uri.EscapeDataString(key);
    }

    private static string PathOf(ParseResult parsed) => ApiClient.Path(
        "bindings", parsed.GetRequiredValue(ApiOptions.VirtualHost), "e", parsed.GetRequiredValue(Source),
        parsed.GetValue(ToExchange) ? "e" : "q", parsed.GetRequiredValue(Target));
}
