using System.Diagnostics.CodeAnalysis;

namespace Posthaste.Broker.Security.Tokens;

/// <summary>
/// A pattern of a scope: `*` stands for any text, all else is percent-encoded as in an address, and `{claim}` stands
/// for that claim of the token, literally. Immutable.
/// </summary>
internal sealed class Wildcard
{
    /// <summary>Matches everything.</summary>
    public static readonly Wildcard Any = new(["", ""]);

    /// <summary>What stands between the stars: one more than there are stars.</summary>
    private readonly string[] _parts;

    private Wildcard(string[] parts) => _parts = parts;

    /// <summary>Whether it matches everything.</summary>
    public bool IsAny => _parts.Length > 1 && Array.TrueForAll(_parts, static part => part.Length == 0);

    /// <param name="text">The pattern.</param>
    /// <param name="variables">What the names in braces stand for; others stand for themselves.</param>
    /// <param name="pattern">What was parsed.</param>
    public static bool TryParse(
        string text, IReadOnlyDictionary<string, string> variables, [NotNullWhen(true)] out Wildcard? pattern)
    {
        pattern = null;
        var parts = text.Split('*');
        for (var i = 0; i < parts.Length; i++)
        {
            if (!TryDecode(parts[i], out var literal)) return false;
            parts[i] = Expand(literal, variables);
        }

        pattern = new Wildcard(parts);
        return true;
    }

    /// <remarks>
    /// Each part at its first place behind the one before: when that leads nowhere, no later place does.
    /// </remarks>
    public bool Matches(string text)
    {
        if (_parts.Length == 1) return text == _parts[0];
        var (first, last) = (_parts[0], _parts[^1]);
        if (text.Length < first.Length + last.Length || !text.StartsWith(first, StringComparison.Ordinal)
            || !text.EndsWith(last, StringComparison.Ordinal))
        {
            return false;
        }

        var rest = text.AsSpan(first.Length, text.Length - first.Length - last.Length);
        foreach (var part in _parts.AsSpan(1, _parts.Length - 2))
        {
            var at = rest.IndexOf(part, StringComparison.Ordinal);
            if (at < 0) return false;
            rest = rest[(at + part.Length)..];
        }

        return true;
    }

    private static bool TryDecode(string text, out string literal)
    {
        literal = "";
        for (var i = text.IndexOf('%'); i >= 0; i = text.IndexOf('%', i + 1))
        {
            if (i + 2 >= text.Length || !char.IsAsciiHexDigit(text[i + 1]) || !char.IsAsciiHexDigit(text[i + 2]))
                return false;
        }

        literal = Uri.UnescapeDataString(text.Replace('+', ' '));
        return true;
    }

    private static string Expand(string literal, IReadOnlyDictionary<string, string> variables)
    {
        // From left to right, so that what a claim says is not expanded again.
        var done = 0;
        while (literal.IndexOf('{', done) is var open and >= 0 && literal.IndexOf('}', open) is var close and >= 0)
        {
            if (!variables.TryGetValue(literal[(open + 1)..close], out var value))
            {
                done = open + 1;
                continue;
            }

            literal = $"{literal[..open]}{value}{literal[(close + 1)..]}";
            done = open + value.Length;
        }

        return literal;
    }
}
