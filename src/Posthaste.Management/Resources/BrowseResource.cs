using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Posthaste.Broker.Queues;
using Posthaste.Core.Messages;
using Posthaste.Core.Queues;
using Posthaste.Management.Http;

namespace Posthaste.Management.Resources;

/// <summary>`browse`: messages that stay where they are; consumers notice nothing. Not in RabbitMQ's API.</summary>
internal sealed class BrowseResource : IResource
{
    /// <summary>Messages of one look: they are all in memory at a time.</summary>
    private const int CountMax = 100;

    /// <summary>Messages passed over: each costs a step on the queue's strand.</summary>
    private const int SkipMax = 10_000_000;

    /// <summary>Messages that are searched for a text in one request: some ten milliseconds of small ones.</summary>
    private const int SearchMax = 10_000;

    /// <summary>Bytes of a body in a look.</summary>
    private const int BodyBytesMax = 1 << 20;

    public void Map(ApiRoutes routes)
    {
        routes.Get("queues/{vhost}/{name}/browse", ListAsync).Says("Shows messages that stay where they are.")
            .Takes("skip", "integer", "Messages to pass over.")
            .Takes("count", "integer", "Messages to show, 20 unless told, 100 at most.")
            .Takes("truncate", "integer", "Bytes of each body to show.")
            .Takes("contains", "string", "Only messages with this text in names, properties, headers or body.")
            .Shows("Browsed");
        routes.Get("queues/{vhost}/{name}/browse/{id}", GetAsync).Says("Shows a message whole; it stays where it is.")
            .Takes("encoding", "string", "`base64` for the body in base64 in any case.").Shows("BrowsedMessage");
    }

    private static Task ListAsync(ApiRequest request)
    {
        var queue = QueueResource.Find(request);
        QueueResource.RequireRead(request, queue);
        var query = request.Context.Request.Query;
        var skip = Listing.Number(query, "skip", missing: 0, 0, SkipMax);
        var count = Listing.Number(query, "count", missing: 20, 1, CountMax);
        var bytesMax = Listing.Number(query, "truncate", missing: 50_000, 0, BodyBytesMax);
        var text = Encoding.UTF8.GetBytes(query["contains"].ToString());
        var shown = new JsonArray();
        var position = skip;
        var end = queue.Browse(
            skip, count, text.Length == 0 ? count : SearchMax, Show, request.Context.RequestAborted);
        return Json.WriteAsync(request.Context, new JsonObject
        {
            ["messages"] = shown,
            ["end"] = end.ToString().ToLowerInvariant(),
            ["next"] = position,
        });

        bool Show(in DeliveredMessage message)
        {
            position++;
            if (text.Length > 0 && !Contains(message.Message, text)) return false;
            var row = MessageRow.Describe(message, isBase64: false, bytesMax);
            row["id"] = message.Id.Value.ToString(CultureInfo.InvariantCulture);
            row["position"] = position;
            shown.Add(row);
            return true;
        }
    }

    /// <summary>One message with its whole body, in base64 when asked for.</summary>
    private static Task GetAsync(ApiRequest request)
    {
        var queue = QueueResource.Find(request);
        QueueResource.RequireRead(request, queue);
        if (!ulong.TryParse(request[4], NumberStyles.None, CultureInfo.InvariantCulture, out var id))
            throw ApiError.NotFound();
        var isBase64 = request.Context.Request.Query["encoding"] == "base64";
        JsonObject? row = null;
        return Json.WriteAsync(
            request.Context, queue.Look(new EntryId(id), Show) ? row : throw ApiError.NotFound());

        bool Show(in DeliveredMessage message)
        {
            row = MessageRow.Describe(message, isBase64, bodyBytesMax: null);
            row["id"] = request[4];
            return true;
        }
    }

    /// <summary>
    /// The bytes of the text stand in the message as it came: in its names, its properties (headers are among them), or
    /// its body.
    /// </summary>
    private static bool Contains(in MessageView message, ReadOnlySpan<byte> text) =>
        message.Body.IndexOf(text) >= 0 || message.RoutingKey.IndexOf(text) >= 0
        || message.Exchange.IndexOf(text) >= 0 || message.Properties.IndexOf(text) >= 0;
}
