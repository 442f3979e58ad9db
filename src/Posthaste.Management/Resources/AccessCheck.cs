using System.Text.Json.Nodes;
using Posthaste.Broker;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Security.Access;
using Posthaste.Core.Catalog;
using Posthaste.Management.Http;

namespace Posthaste.Management.Resources;

/// <summary>
/// Whether a user may do something, asked for the user by the code that every protocol asks. For administrators.
/// </summary>
internal static class AccessCheck
{
    public static Task AnswerAsync(ApiRequest request)
    {
        var host = request.Host(1);
        var by = request.ActFor(request[2], host);
        var query = request.Context.Request.Query;
        var refusal = Refusal(
            host, by, Kind(query["access"].ToString()), IsQueue(query["kind"].ToString()), query["name"].ToString(),
            query["routing_key"] is { Count: > 0 } key ? key.ToString() : null);
        return Json.WriteAsync(request.Context, new JsonObject
        {
            ["user"] = request[2],
            ["vhost"] = host.Name,
            ["allowed"] = refusal is null,
            ["reason"] = refusal,
        });
    }

    /// <returns>Null when it may.</returns>
    private static string? Refusal(
        VirtualHost host, BrokerConnection by, AccessKind kind, bool isQueue, string name, string? key)
    {
        if (!by.Access.MayEnter) return $"user '{by.User.Name}' has no permission in vhost '{host.Name}'";
        if (isQueue) return host.CheckQueueAccess(kind, name, by)?.Text;
        if (host.CheckExchangeAccess(kind, name, by) is { } refused) return refused.Text;
        var isTopic = host.Catalog.TryGetExchange(name, out var exchange) && exchange.Type == ExchangeType.Topic;
        return key is null || !isTopic || by.Access.MayUseKey(kind, name, key, by.TopicClient)
            ? null
            : $"the topic permission of user '{by.User.Name}' on exchange '{name}' does not allow the key '{key}'";
    }

    private static AccessKind Kind(string text) => text switch
    {
        "configure" => AccessKind.Configure,
        "write" => AccessKind.Write,
        "read" => AccessKind.Read,
        _ => throw ApiError.BadRequest("access has to be configure, write or read"),
    };

    private static bool IsQueue(string text) => text switch
    {
        "queue" => true,
        "exchange" => false,
        _ => throw ApiError.BadRequest("kind has to be queue or exchange"),
    };
}
