using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Posthaste.Broker.Scheduling;
using Posthaste.Broker.Security.Access;
using Posthaste.Management.Http;

namespace Posthaste.Management.Resources;

/// <summary>`scheduled`: the messages that exchanges delay; not in RabbitMQ's API.</summary>
internal sealed class ScheduledResource : IResource
{
    private const int ListDefault = 100;

    public void Map(ApiRoutes routes)
    {
        routes.Get("scheduled", ExchangesAsync).Says("Exchanges that delay messages.").Lists("DelayingExchange");
        routes.Get("scheduled/{vhost}", ExchangesAsync).Says("Exchanges of a virtual host that delay messages.")
            .Lists("DelayingExchange");
        routes.Get("scheduled/{vhost}/{exchange}", ListAsync).Says("Messages that wait, by their time.")
            .Takes("count", "integer", "Messages to show, 100 unless told.")
            .Takes("after", "string", "What the answer before has in `next`.").Shows("DelayedMessages");
        routes.Delete("scheduled/{vhost}/{exchange}", CancelAllAsync).Says("Cancels all that wait.")
            .Shows("Cancelled");
        routes.Delete("scheduled/{vhost}/{exchange}/{id}", CancelAsync).Says("Cancels a message that waits.");
    }

    private static Task ExchangesAsync(ApiRequest request) => Json.WriteAsync(request.Context, Listing.Show(
        request.Context,
        request.HostsAt(1).SelectMany(static host => ScheduledMessages.In(host).Select(found => (host, found))),
        static item => item.found.Exchange.Name,
        static item => new JsonObject
        {
            ["vhost"] = item.host.Name,
            ["name"] = item.found.Exchange.Name,
            ["messages"] = item.found.Count,
            ["messages_due"] = item.found.DueCount,
            ["message_bytes"] = item.found.BodyBytes,
        }));

    private static async Task ListAsync(ApiRequest request)
    {
        var found = Find(request, AccessKind.Read);
        var query = request.Context.Request.Query;
        var count = ListDefault;
        if (query["count"].ToString() is { Length: > 0 } text
            && (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out count)
                || count is < 1 or > ScheduledMessages.ListMax))
        {
            throw ApiError.BadRequest($"count has to be a whole number from 1 to {ScheduledMessages.ListMax}");
        }

        var (afterDueMs, afterId) = ReadPlace(query["after"].ToString());
        var messages = found.List(afterDueMs, afterId, count, out var isComplete);
        var last = messages.Count == count ? messages[^1] : null;
        await Json.WriteAsync(request.Context, new JsonObject
        {
            ["messages"] = found.Count,
            ["messages_due"] = found.DueCount,
            ["is_complete"] = isComplete,
            ["items"] = new JsonArray([.. messages.Select(Describe)]),
            ["next"] = last is null ? null : $"{last.DueMs}-{last.Id}",
        }).ConfigureAwait(false);
    }

    private static async Task CancelAsync(ApiRequest request)
    {
        var found = Find(request, AccessKind.Configure);
        if (!ulong.TryParse(request[3], NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            || !found.Cancel(id))
        {
            throw ApiError.NotFound();
        }

        await request.AnswerAsync(refused: null, created: false).ConfigureAwait(false);
    }

    private static async Task CancelAllAsync(ApiRequest request)
    {
        var cancelled = Find(request, AccessKind.Configure).CancelAll();
        await request.WaitUntilDurableAsync().ConfigureAwait(false);
        await Json.WriteAsync(request.Context, new JsonObject { ["cancelled"] = cancelled }).ConfigureAwait(false);
    }

    private static ScheduledMessages Find(ApiRequest request, AccessKind kind)
    {
        var host = request.Host(1);
        var name = ExchangeResource.NameAt(request, 2);
        if (!host.Catalog.TryGetExchange(name, out var exchange) || ScheduledMessages.Of(exchange) is not { } found)
            throw ApiError.NotFound();
        return host.CheckExchangeAccess(kind, name, request.ActIn(host)) is { } error
            ? throw ApiError.From(error)
            : found;
    }

    private static (long DueMs, ulong Id) ReadPlace(string after)
    {
        if (after.Length == 0) return (0, 0);
        var parts = after.Split('-');
        return parts.Length == 2
            && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var dueMs)
            && ulong.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                ? (dueMs, id)
                : throw ApiError.BadRequest("after has to be what an earlier answer has in next");
    }

    private static JsonObject Describe(ScheduledMessage message) => new()
    {
        ["id"] = message.Id.ToString(CultureInfo.InvariantCulture),
        ["due_ms"] = message.DueMs,
        ["received_ms"] = message.ReceivedMs,
        ["exchange"] = Encoding.UTF8.GetString(message.Exchange),
        ["routing_key"] = Encoding.UTF8.GetString(message.RoutingKey),
        ["payload_bytes"] = message.BodyBytes,
    };
}
