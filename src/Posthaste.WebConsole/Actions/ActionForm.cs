using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Posthaste.WebConsole.Api;

namespace Posthaste.WebConsole.Actions;

/// <summary>A form that was sent does not say what it has to.</summary>
internal sealed class FormException(string message) : Exception(message);

/// <summary>The fields of a form that was sent.</summary>
internal sealed class ActionForm(IFormCollection fields)
{
    /// <summary>A field; empty when it is missing.</summary>
    public string this[string name] => fields[name].ToString();

    /// <summary>A check box.</summary>
    public bool Has(string name) => fields.ContainsKey(name);

    /// <summary>A path of the API with fields for segments.</summary>
    public string Path(string first, params ReadOnlySpan<string> names)
    {
        var segments = new string[names.Length + 1];
        segments[0] = first;
        for (var i = 0; i < names.Length; i++) segments[i + 1] = this[names[i]];
        return Target.Path(segments);
    }

    /// <summary>Names of the check boxes that are ticked, of those whose names start like this.</summary>
    public IEnumerable<string> Ticked(string prefix) => fields.Keys
        .Where(key => key.StartsWith(prefix, StringComparison.Ordinal)).Select(key => key[prefix.Length..]);

    /// <summary>A field with arguments.</summary>
    /// <exception cref="FormException">A line can't be read.</exception>
    public JsonObject Arguments(string name) => ReadArguments(this[name]);

    /// <summary>
    /// Arguments as people write them: `name = value` a line; a value is a number, true, false, JSON, or else text.
    /// </summary>
    /// <exception cref="FormException">A line is something else.</exception>
    public static JsonObject ReadArguments(string text)
    {
        const StringSplitOptions options = StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries;
        var result = new JsonObject();
        foreach (var line in text.Split('\n', options))
        {
            var at = line.IndexOf('=', StringComparison.Ordinal);
            if (at < 1) throw new FormException($"'{line}' is not of the form name = value");
            result[line[..at].TrimEnd()] = Value(line[(at + 1)..].TrimStart());
        }

        return result;
    }

    private static JsonNode? Value(string text)
    {
        if (bool.TryParse(text, out var flag)) return flag;
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
            return number;
        if (text is not ['{' or '[' or '"', ..]) return text;
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException e)
        {
            throw new FormException($"'{text}' is no JSON: {e.Message}");
        }
    }
}
