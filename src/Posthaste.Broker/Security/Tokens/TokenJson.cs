using System.Text.Json;

namespace Posthaste.Broker.Security.Tokens;

/// <summary>How JSON from outside is read: strictly, since readers that differ about it can be played off.</summary>
internal static class TokenJson
{
    /// <summary>Nothing in tokens or keys is nested more deeply.</summary>
    private const int DepthMax = 16;

    public static readonly JsonDocumentOptions Options = new()
    {
        AllowDuplicateProperties = false,
        MaxDepth = DepthMax,
    };

    /// <summary>Texts of a claim that is one text, several with spaces between, or a list of texts.</summary>
    public static IEnumerable<string> Texts(JsonElement claims, string name, bool isSpaced)
    {
        if (!claims.TryGetProperty(name, out var claim)) return [];
        return claim.ValueKind switch
        {
            JsonValueKind.String when isSpaced =>
                claim.GetString()!.Split(' ', StringSplitOptions.RemoveEmptyEntries),
            JsonValueKind.String => [claim.GetString()!],
            JsonValueKind.Array => claim.EnumerateArray()
                .Where(static entry => entry.ValueKind == JsonValueKind.String)
                .Select(static entry => entry.GetString()!),
            _ => [],
        };
    }

    public static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
