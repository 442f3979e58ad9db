using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Posthaste.Terminal;

/// <summary>Prints one JSON object a line on standard output.</summary>
internal static class JsonOutput
{
    // For terminals and files, not for HTML: text stays readable.
    internal static readonly JsonWriterOptions Options =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The same for nodes of JSON, on one line.</summary>
    public static readonly JsonSerializerOptions Readable =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The same over several lines, for files that people read.</summary>
    public static readonly JsonSerializerOptions ReadableIndented = new(Readable) { WriteIndented = true };

    private static readonly Stream Out = Console.OpenStandardOutput();

    /// <summary>Writes an object whose members <paramref name="writeMembers"/> writes.</summary>
    public static void Write(Action<Utf8JsonWriter> writeMembers)
    {
        var line = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(line, Options))
        {
            writer.WriteStartObject();
            writeMembers(writer);
            writer.WriteEndObject();
        }

        line.Write("\n"u8);
        Out.Write(line.WrittenSpan);
    }

    /// <summary>Writes an object as it is.</summary>
    public static void Write(JsonObject row) => Write(writer =>
    {
        foreach (var (name, value) in row)
        {
            writer.WritePropertyName(name);
            if (value is null) writer.WriteNullValue();
            else value.WriteTo(writer);
        }
    });
}
