using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Posthaste.Commands.Manage;

/// <summary>
/// A column of a table: its heading, and the member of an API row that it shows, dots leading inwards.
/// </summary>
internal sealed record Column(string Title, string Path)
{
    private const int ListedMax = 4;

    /// <summary>Whether values stand under each other by their last digit.</summary>
    public bool IsNumber { get; init; }

    public static Column Number(string title, string path) => new(title, path) { IsNumber = true };

    /// <summary>The member of a row that a path leads to; null where there is none.</summary>
    public static JsonNode? Find(JsonNode? row, string path)
    {
        foreach (var part in path.Split('.')) row = (row as JsonObject)?[part];
        return row;
    }

    public string Text(JsonObject row) => Format(Find(row, Path));

    private static string Format(JsonNode? value) => value switch
    {
        null => "",
        JsonArray list => Join(list),
        JsonObject members => members.Count == 0 ? "" : members.ToJsonString(Terminal.JsonOutput.Readable),
        _ => value.GetValueKind() switch
        {
            JsonValueKind.True => "yes",
            JsonValueKind.False => "",
            JsonValueKind.Number => FormatNumber(value.AsValue()),
            _ => value.ToString(),
        },
    };

    private static string FormatNumber(JsonValue value) =>
        value.TryGetValue<long>(out var whole)
            ? whole.ToString("#,0", CultureInfo.InvariantCulture)
            : value.GetValue<double>().ToString("#,0.#", CultureInfo.InvariantCulture);

    private static string Join(JsonArray list)
    {
        var shown = string.Join(", ", list.Take(ListedMax).Select(Format));
        return list.Count <= ListedMax ? shown : $"{shown} and {list.Count - ListedMax} more";
    }
}
