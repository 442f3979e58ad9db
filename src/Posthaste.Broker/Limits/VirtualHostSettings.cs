using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;
using Posthaste.Broker.Notes;
using Posthaste.Broker.Security;

namespace Posthaste.Broker.Limits;

/// <summary>
/// What is said about a virtual host as a whole. Immutable; a note of it, JSON with the names that RabbitMQ's
/// definition files have.
/// <code>
///   key "host" | 0      value {"description":"…","tags":["…"],"limits":{"max-queues":…}}
/// </code>
/// </summary>
public sealed record VirtualHostSettings
{
    private static readonly byte[] Key = [.. "host\0"u8];

    /// <summary>For people.</summary>
    public string Description { get; init; } = "";

    /// <summary>For people and their tools.</summary>
    public ImmutableArray<string> Tags { get; init; } = [];

    /// <summary>By names of <see cref="LimitNames.OfVirtualHosts"/>; missing or negative is no limit.</summary>
    public ImmutableSortedDictionary<string, long> Limits { get; init; } = User.NoLimits;

    internal static VirtualHostSettings Read(VirtualHostNotes notes)
    {
        if (!notes.TryGet(Key, out var note)) return new VirtualHostSettings();
        using var json = JsonDocument.Parse(note.Value.ToArray());
        var root = json.RootElement;
        return new VirtualHostSettings
        {
            Description = root.GetProperty("description").GetString()!,
            Tags = [.. root.GetProperty("tags").EnumerateArray().Select(static tag => tag.GetString()!)],
            Limits = User.NoLimits.AddRange(root.GetProperty("limits").EnumerateObject()
                .Select(static limit => KeyValuePair.Create(limit.Name, limit.Value.GetInt64()))),
        };
    }

    /// <returns>Null, or why it can't be stored.</returns>
    internal string? Write(VirtualHostNotes notes)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("description", Description);
            writer.WriteStartArray("tags");
            foreach (var tag in Tags) writer.WriteStringValue(tag);
            writer.WriteEndArray();
            writer.WriteStartObject("limits");
            foreach (var (name, value) in Limits) writer.WriteNumber(name, value);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return NoteRefusals.Explain(notes.Set(Key, buffer.WrittenSpan));
    }
}
