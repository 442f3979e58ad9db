using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Posthaste.Api;
using Posthaste.Server;

namespace Posthaste.Commands.Manage;

/// <summary>
/// <c>posthaste policies</c> and <c>posthaste operator-policies</c>: list, set, clear. The two differ in who may change
/// them and in how the broker merges them, not in shape.
/// </summary>
internal static class PolicyCommands
{
    private static readonly Argument<string> Policy = ChangeCommand.NameOf("policy");

    private static readonly Argument<string> Pattern = new("pattern")
    {
        Description = "Regular expression over names.",
    };

    private static readonly Argument<string> Definition = new("definition")
    {
        Description = "What it sets, as JSON: '{\"max-length\": 1000}'.",
    };

    private static readonly Option<string> ApplyTo = new("--apply-to")
    {
        Description = "all, queues, classic_queues, quorum_queues, streams or exchanges.",
        HelpName = "KIND",
        DefaultValueFactory = _ => "all",
    };

    private static readonly Option<int> Priority = new("--priority")
    {
        Description = "Of several that match the one with the highest counts.",
        HelpName = "N",
    };

    public static Command Create() => Create(
        "policies", "List policies; set and clear them.",
        """
        A policy gives settings to the queues and exchanges whose names match, at once and as long as it is there.

        Examples:
          posthaste policies set bounded '^events\.' '{"max-length": 100000, "overflow": "reject-publish"}'
          posthaste policies clear bounded
        """);

    public static Command CreateOperator() => Create(
        "operator-policies", "List operator policies, which bound what policies may set; set and clear them.",
        """
        Of a number that both set, the smaller counts.

        Examples:
          posthaste operator-policies set ceiling '.*' '{"max-length": 1000000}' --apply-to queues
        """);

    private static Command Create(string path, string summary, string manual) =>
        new ManualCommand(path, summary, manual)
        {
            ChangeCommand.Create("set", "Add a policy, or change it.",
                parsed => new Change(HttpMethod.Put, PathOf(path, parsed), "set", new JsonObject
                {
                    ["pattern"] = parsed.GetRequiredValue(Pattern),
                    ["definition"] = ReadDefinition(parsed.GetRequiredValue(Definition)),
                    ["apply-to"] = parsed.GetRequiredValue(ApplyTo),
                    ["priority"] = parsed.GetValue(Priority),
                }),
                Policy, Pattern, Definition, ApiOptions.VirtualHost, ApplyTo, Priority),
            ChangeCommand.Create("clear", "Remove a policy.",
                parsed => new Change(HttpMethod.Delete, PathOf(path, parsed), "cleared"),
                Policy, ApiOptions.VirtualHost),
        }
        .ListsWith(path, byVirtualHost: true,
            new Column("vhost", "vhost"),
            new Column("name", "name"),
            new Column("pattern", "pattern"),
            new Column("applies to", "apply-to"),
            Column.Number("priority", "priority"),
            new Column("definition", "definition"));

    private static string PathOf(string path, ParseResult parsed) => ApiClient.Path(
        path, parsed.GetRequiredValue(ApiOptions.VirtualHost), parsed.GetRequiredValue(Policy));

    private static JsonObject ReadDefinition(string text)
    {
        try
        {
            if (JsonNode.Parse(text) is JsonObject definition) return definition;
        }
        catch (JsonException e)
        {
            throw new PosthasteConfigurationException($"the definition is no JSON: {e.Message}");
        }

        throw new PosthasteConfigurationException("the definition has to be a JSON object");
    }
}
