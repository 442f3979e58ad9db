using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Posthaste.WebConsole.Api;

namespace Posthaste.WebConsole.Components;

/// <summary>A body for people to read.</summary>
internal static class Payload
{
    public const string AsHex = "hex";
    public const string AsText = "text";

    private const int HexBytesPerLine = 16;

    /// <summary>Bytes that a dump shows: a line of it is five times as long as what it stands for.</summary>
    private const int HexBytesMax = 4_096;

    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        // The page escapes what it shows.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <param name="message">Whose.</param>
    /// <param name="how">
    /// <see cref="AsHex"/>, <see cref="AsText"/>, or anything else for what suits it best: JSON in lines, text as it
    /// is, and the bytes of what is neither.
    /// </param>
    public static string Show(MessageRowView message, string? how)
    {
        if (how == AsHex) return Hex(message.Bytes());
        if (message.PayloadEncoding == "base64") return how == AsText ? message.Payload : Hex(message.Bytes());
        return how == AsText ? message.Payload : TryIndent(message.Payload) ?? message.Payload;
    }

    /// <summary>Null when it is no JSON, or plain enough as it is.</summary>
    private static string? TryIndent(string text)
    {
        if (text.AsSpan().TrimStart() is not ['{' or '[', ..]) return null;
        try
        {
            return JsonNode.Parse(text)!.ToJsonString(Indented);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Hex(byte[] bytes)
    {
        var dump = new StringBuilder();
        for (var at = 0; at < Math.Min(bytes.Length, HexBytesMax); at += HexBytesPerLine)
        {
            var line = bytes.AsSpan(at, Math.Min(HexBytesPerLine, bytes.Length - at));
            dump.Append(CultureInfo.InvariantCulture, $"{at:x8} ");
            for (var i = 0; i < HexBytesPerLine; i++)
            {
                if (i % (HexBytesPerLine / 2) == 0) dump.Append(' ');
                dump.Append(i < line.Length ? $"{line[i]:x2} " : "   ");
            }

            dump.Append(" |");
            foreach (var value in line) dump.Append(value is >= 0x20 and < 0x7f ? (char)value : '.');
            dump.Append("|\n");
        }

        if (bytes.Length > HexBytesMax) dump.Append("…\n");
        return dump.ToString();
    }
}
