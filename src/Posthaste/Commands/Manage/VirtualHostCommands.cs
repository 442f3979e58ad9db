using System.CommandLine;
using System.Text.Json.Nodes;
using Posthaste.Api;
using Posthaste.Terminal;

namespace Posthaste.Commands.Manage;

/// <summary><c>posthaste vhosts</c>: list, add, describe, protect, delete.</summary>
internal static class VirtualHostCommands
{
    private const string On = "on";
    private const string Off = "off";

    private static readonly Argument<string> VirtualHost = ChangeCommand.NameOf("vhost");

    private static readonly Option<string> Description = new("--description")
    {
        Description = "What it is for.",
        HelpName = "TEXT",
    };

    private static readonly Option<string> Tags = new("--tags")
    {
        Description = "Tags for people and their tools, with commas between them.",
        HelpName = "TAG,…",
    };

    private static readonly Option<string> DefaultQueueType = new("--default-queue-type")
    {
        Description = "classic or quorum: what queues are that do not say it.",
        HelpName = "TYPE",
    };

    private static readonly Option<string> Tracing = new("--tracing")
    {
        Description = "Whether what is published and delivered there is traced.",
        HelpName = $"{On}|{Off}",
    };

    private static readonly Option<string>[] Said = [Description, Tags, DefaultQueueType, Tracing];

    static VirtualHostCommands() => Tracing.AcceptOnlyFromAmong(On, Off);

    public static Command Create() =>
        new ManualCommand("vhosts", "List virtual hosts; add, describe, protect and delete them.",
            """
            Examples:
              posthaste vhosts add orders --description "the shop's orders" --default-queue-type quorum
              posthaste vhosts describe orders
              posthaste vhosts describe orders --tags eu,production --tracing on
              posthaste vhosts protect orders      # it can't be deleted until unprotect
              posthaste vhosts delete orders       # with every queue and message in it
            """)
        {
            ChangeCommand.Create("add", "Make a virtual host.",
                parsed => new Change(HttpMethod.Put, PathOf(parsed), "added", Say(parsed, [])),
                [VirtualHost, .. Said]),
            CreateDescribe(),
            ChangeCommand.Create("protect", "Protect a virtual host from deletion.",
                parsed => new Change(HttpMethod.Post, ProtectionOf(parsed), "protected"), VirtualHost),
            ChangeCommand.Create("unprotect", "Let a virtual host be deleted.",
                parsed => new Change(HttpMethod.Delete, ProtectionOf(parsed), "not protected any more"), VirtualHost),
            ChangeCommand.Create("delete",
                "Delete a virtual host with its queues, messages and permissions; its connections are closed.",
                parsed => new Change(HttpMethod.Delete, PathOf(parsed), "deleted"), VirtualHost),
        }
        .ListsWith("vhosts", byVirtualHost: false,
            new Column("name", "name"),
            Column.Number("messages", "messages"),
            new Column("queues are", "default_queue_type"),
            new Column("protected", "protected_from_deletion"),
            new Column("description", "description"),
            new Column("tags", "tags"));

    private static Command CreateDescribe()
    {
        var command = new Command(
            "describe", "Show what is said of a virtual host, or say it; what is not mentioned stays.")
        {
            ApiOptions.Api, ApiOptions.Json, VirtualHost,
        };
        foreach (var option in Said) command.Add(option);
        command.SetAction(DescribeAsync);
        return command;
    }

    private static async Task<int> DescribeAsync(ParseResult parsed, CancellationToken cancellation)
    {
        using var client = ApiOptions.Connect(parsed);
        var known = (await client.GetAsync(PathOf(parsed), cancellation))!.AsObject();
        if (!Said.Any(option => parsed.GetValue(option) is not null))
        {
            Show(known, parsed.GetValue(ApiOptions.Json));
            return ExitCode.Ok;
        }

        // Description and tags are said anew by each request, so those that are there go with it.
        var body = new JsonObject
        {
            ["description"] = known["description"]?.DeepClone(),
            ["tags"] = known["tags"]?.DeepClone(),
        };
        await client.SendAsync(HttpMethod.Put, PathOf(parsed), Say(parsed, body), cancellation);
        Screen.Done("saved");
        return ExitCode.Ok;
    }

    private static void Show(JsonObject host, bool asJson)
    {
        if (asJson)
        {
            JsonOutput.Write(host);
            return;
        }

        Screen.Title($"{host["name"]}");
        Screen.Fact("is for", $"{host["description"]}");
        Screen.Fact("tags", string.Join(", ", host["tags"]?.AsArray().Select(static tag => $"{tag}") ?? []));
        Screen.Fact("queues", $"{host["default_queue_type"]}, unless they say otherwise");
        Screen.Fact("tracing", IsOn(host["tracing"]) ? On : Off);
        Screen.Fact("deletion", IsOn(host["protected_from_deletion"]) ? "protected from it" : "possible");
        Screen.Fact("messages", $"{host["messages"] ?? 0}");
    }

    private static bool IsOn(JsonNode? flag) => flag?.GetValue<bool>() is true;

    /// <summary>Adds what the options say.</summary>
    private static JsonObject Say(ParseResult parsed, JsonObject body)
    {
        if (parsed.GetValue(Description) is { } description) body["description"] = description;
        if (parsed.GetValue(Tags) is { } tags) body["tags"] = tags;
        if (parsed.GetValue(DefaultQueueType) is { } type) body["default_queue_type"] = type;
        if (parsed.GetValue(Tracing) is { } tracing) body["tracing"] = tracing == On;
        return body;
    }

    private static string PathOf(ParseResult parsed) => ApiClient.Path("vhosts", parsed.GetRequiredValue(VirtualHost));

    private static string ProtectionOf(ParseResult parsed) => PathOf(parsed) + "/deletion/protection";
}
