using System.Text.Json;
using System.Text.Json.Nodes;

namespace Posthaste.Management.Tests;

/// <summary>Holds answers against schemas of the API's description: members, types, nothing more and nothing
/// less.</summary>
internal sealed class SchemaCheck(JsonNode document)
{
    /// <summary>What differs; empty when nothing does.</summary>
    public IReadOnlyList<string> Differences(JsonNode schema, JsonNode? value)
    {
        var found = new List<string>();
        Check(schema, value, "$", found);
        return found;
    }

    /// <summary>The schema of a path's successful answer.</summary>
    public JsonNode AnswerOf(string path, string method) =>
        document["paths"]![path]![method]!["responses"]!["200"]!["content"]!["application/json"]!["schema"]!;

    private void Check(JsonNode schema, JsonNode? value, string at, List<string> found)
    {
        if ((string?)schema["$ref"] is { } reference)
        {
            Check(document["components"]!["schemas"]![reference.Split('/')[^1]]!, value, at, found);
            return;
        }

        if (schema["oneOf"] is JsonArray choices)
        {
            Check(choices[value is JsonArray ? 0 : 1]!, value, at, found);
            return;
        }

        if (schema["type"] is not { } type) return;
        var types = type is JsonArray many ? many.Select(static item => (string)item!) : [(string)type!];
        var kind = KindOf(value);
        if (!types.Contains(kind) && !(kind == "integer" && types.Contains("number")))
        {
            found.Add($"{at} is {kind}, not {string.Join(" or ", types)}");
            return;
        }

        if (value is JsonArray items && schema["items"] is { } item)
            for (var i = 0; i < items.Count; i++) Check(item, items[i], $"{at}[{i}]", found);
        if (value is JsonObject members && schema["properties"] is JsonObject known)
            CheckMembers(schema, known, members, at, found);
    }

    private void CheckMembers(JsonNode schema, JsonObject known, JsonObject members, string at, List<string> found)
    {
        foreach (var (name, value) in members)
        {
            if (known[name] is { } member) Check(member, value, $"{at}.{name}", found);
            else found.Add($"{at}.{name} is not described");
        }

        foreach (var name in (schema["required"] as JsonArray ?? []).Select(static item => (string)item!))
            if (!members.ContainsKey(name)) found.Add($"{at}.{name} is missing");
    }

    private static string KindOf(JsonNode? value) => value?.GetValueKind() switch
    {
        null or JsonValueKind.Null => "null",
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.True or JsonValueKind.False => "boolean",
        _ => value.ToJsonString().Contains('.', StringComparison.Ordinal) ? "number" : "integer",
    };
}
