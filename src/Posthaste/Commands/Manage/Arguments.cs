using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Posthaste.Server;

namespace Posthaste.Commands.Manage;

/// <summary><c>--argument NAME=VALUE</c>, as queues, exchanges, bindings and policies take them.</summary>
internal static class Arguments
{
    public static Option<string[]> Create(string name, string description) =>
        new(name) { Description = description, HelpName = "NAME=VALUE" };

    /// <summary>
    /// Numbers, <c>true</c>, <c>false</c>, and what is JSON otherwise, as such; all else as text.
    /// </summary>
    /// <exception cref="PosthasteConfigurationException">One has no name or no value.</exception>
    public static JsonObject Read(ParseResult parsed, Option<string[]> option)
    {
        var members = new JsonObject();
        foreach (var text in parsed.GetValue(option) ?? [])
        {
            var parts = text.Split('=', 2);
            if (parts.Length < 2 || parts[0].Length == 0)
                throw new PosthasteConfigurationException($"{option.Name} is '{text}'; it has to be NAME=VALUE");
            members[parts[0]] = Value(parts[1]);
        }

        return members;
    }

    private static JsonNode? Value(string text)
    {
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
            return number;
        if (text is "true" or "false") return text == "true";
        if (text is not (['{', ..] or ['[', ..] or ['"', ..])) return text;
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            // Looks like JSON and is not: then it is the text that it is.
            return text;
        }
    }
}
