using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Posthaste.Broker;
using Posthaste.Broker.Limits;
using Posthaste.Broker.Statistics;
using Posthaste.Core.Catalog;
using Posthaste.Core.Queues;
using Posthaste.Management.Http;

namespace Posthaste.Management.Resources;

/// <summary>What is said about virtual hosts, out and in.</summary>
internal static class VirtualHostRows
{
    private const string DefaultQueueType = "default_queue_type";

    public static JsonObject Describe(VirtualHost host, SampleWindows windows)
    {
        var now = host.Meter.Now;
        var row = Describe(host);
        row["cluster_state"] = new JsonObject { [NodeResource.Name] = "running" };
        row["message_stats"] = StatisticsRows.OfClients(host.Meter, windows.Messages);
        StatisticsRows.AddDepth(
            row, host.Meter, now.Of(Metric.Ready), now.Of(Metric.Unacknowledged), windows.Lengths);
        StatisticsRows.AddBytes(row, host.Meter, windows.Bytes);
        return row;
    }

    /// <summary>As in a definition file: newer clients look into `metadata`, older ones beside it.</summary>
    public static JsonObject Describe(VirtualHost host)
    {
        var row = new JsonObject { ["name"] = host.Name };
        AddMetadata(row, host.Settings);
        row["tracing"] = host.IsTracing;
        var metadata = new JsonObject();
        AddMetadata(metadata, host.Settings);
        row["metadata"] = metadata;
        return row;
    }

    /// <summary>
    /// The settings that a request to make or change a virtual host asks for. Description and tags are said anew each
    /// time, as in RabbitMQ; the rest stays when it is not mentioned.
    /// </summary>
    /// <exception cref="ApiError">Something of it is not acceptable.</exception>
    public static VirtualHostSettings Read(JsonObject json, VirtualHostSettings known) =>
        Merge(json, known with { Description = "", Tags = [] }, known);

    /// <summary>The same of a definition file, in which what is not mentioned stays.</summary>
    /// <exception cref="ApiError">Something of it is not acceptable.</exception>
    public static VirtualHostSettings ReadDefinition(JsonObject json, VirtualHostSettings known)
    {
        var settings = json["metadata"] is JsonObject metadata ? Merge(metadata, known, known) : known;
        return Merge(json, settings, known);
    }

    private static VirtualHostSettings Merge(JsonObject json, VirtualHostSettings missing, VirtualHostSettings known)
    {
        var tags = ReadTags(json["tags"]) ?? missing.Tags;
        return missing with
        {
            Description = Json.Text(json, "description") ?? missing.Description,

            // The same list where it is the same, so that the settings compare as equal.
            Tags = tags.SequenceEqual(known.Tags) ? known.Tags : tags,
            DefaultQueueType = ReadQueueType(json) ?? missing.DefaultQueueType,
            IsTracing = Json.Flag(json, "tracing", missing.IsTracing),
            IsProtected = Json.Flag(json, "protected_from_deletion", missing.IsProtected),
        };
    }

    private static void AddMetadata(JsonObject row, VirtualHostSettings settings)
    {
        row["description"] = settings.Description;
        row["tags"] = new JsonArray([.. settings.Tags.Select(static tag => JsonValue.Create(tag))]);
        row[DefaultQueueType] = QueueTypes.NameOf(settings.DefaultQueueType);
        row["protected_from_deletion"] = settings.IsProtected;
    }

    /// <summary>A list, or one text with commas; null when there is none.</summary>
    private static ImmutableArray<string>? ReadTags(JsonNode? tags) => tags switch
    {
        null => null,
        JsonArray list => [.. list.Select(static tag => TagOf(tag))],
        JsonValue value when value.TryGetValue<string>(out var text) =>
            [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)],
        _ => throw ApiError.BadRequest("tags have to be a list of texts, or one text with commas between them"),
    };

    private static string TagOf(JsonNode? tag) => tag is JsonValue value && value.TryGetValue<string>(out var text)
        ? text.Trim()
        : throw ApiError.BadRequest("a tag has to be a string");

    private static QueueType? ReadQueueType(JsonObject json)
    {
        // The second name is that of RabbitMQ 3.11, which still is understood.
        var name = Json.Text(json, json.ContainsKey(DefaultQueueType) ? DefaultQueueType : "defaultqueuetype");
        if (name is null or "undefined") return null;
        return QueueTypes.CheckDefault(name, out var type) is { } fault ? throw ApiError.BadRequest(fault) : type;
    }
}
