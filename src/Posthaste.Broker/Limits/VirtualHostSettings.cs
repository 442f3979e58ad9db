using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;
using Posthaste.Broker.Notes;
using Posthaste.Broker.Security;
using Posthaste.Core.Catalog;
using Posthaste.Core.Queues;

namespace Posthaste.Broker.Limits;

/// <summary>
/// What is said about a virtual host as a whole. Immutable; a note of it, JSON with the names that RabbitMQ's
/// definition files have.
/// <code>
///   key "host" | 0      value {"description":"…","tags":["…"],"limits":{"max-queues":…},
///                              "default_queue_type":"…","tracing":…,"protected_from_deletion":…}
/// </code>
/// What an earlier version did not write has its default.
/// </summary>
public sealed record VirtualHostSettings
{
    private static readonly byte[] Key = [.. "host\0"u8];

    /// <summary>For people.</summary>
    public string Description { get; init; } = "";

    /// <summary>For people and their tools.</summary>
    public ImmutableArray<string> Tags { get; init; } = [];

    /// <summary>What queues are whose declaration does not say so.</summary>
    public QueueType DefaultQueueType { get; init; }

    /// <summary>What is published and delivered here is shown to whoever traces.</summary>
    public bool IsTracing { get; init; }

    /// <summary>It can't be deleted until this is taken back.</summary>
    public bool IsProtected { get; init; }

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
            DefaultQueueType = ReadQueueType(root),
            IsTracing = ReadFlag(root, "tracing"),
            IsProtected = ReadFlag(root, "protected_from_deletion"),
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
            writer.WriteString("default_queue_type", QueueTypes.NameOf(DefaultQueueType));
            writer.WriteBoolean("tracing", IsTracing);
            writer.WriteBoolean("protected_from_deletion", IsProtected);
            writer.WriteEndObject();
        }

        return NoteRefusals.Explain(notes.Set(Key, buffer.WrittenSpan));
    }

    private static bool ReadFlag(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.GetBoolean();

    private static QueueType ReadQueueType(JsonElement root)
    {
        if (!root.TryGetProperty("default_queue_type", out var value)) return QueueType.Classic;
        return QueueTypes.CheckDefault(value.GetString()!, out var type) is { } fault
            ? throw new InvalidDataException($"The settings of a virtual host are of a newer version: {fault}.")
            : type;
    }
}
