using System.Text.Json.Nodes;
using Posthaste.Broker;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Security.Access;
using Posthaste.Management.Http;

namespace Posthaste.Management.Resources;

/// <summary>`queues`: what is in them and what they were declared as; declare, delete, purge, get.</summary>
internal sealed class QueueResource : IResource
{
    /// <summary>Messages of one look: they are all in memory at a time.</summary>
    private const int BrowseCountMax = 100;

    /// <summary>Messages passed over: each costs a step on the queue's strand.</summary>
    private const int BrowseSkipMax = 100_000;

    /// <summary>Bytes of a body in a look.</summary>
    private const int BrowseBodyBytesMax = 1 << 20;

    public void Map(ApiRoutes routes)
    {
        routes.Get("queues", ListAsync);
        routes.Get("queues/{vhost}", ListAsync);
        routes.Get("queues/{vhost}/{name}", GetAsync);
        routes.Put("queues/{vhost}/{name}", DeclareAsync);
        routes.Delete("queues/{vhost}/{name}", DeleteAsync);
        routes.Delete("queues/{vhost}/{name}/contents", PurgeAsync);
        routes.Get("queues/{vhost}/{name}/bindings", BindingsAsync);
        routes.Post("queues/{vhost}/{name}/get", TakeAsync);
        routes.Get("queues/{vhost}/{name}/browse", BrowseAsync);
    }

    private static Task ListAsync(ApiRequest request)
    {
        var windows = SampleWindows.Of(request.Context);
        return Json.WriteAsync(request.Context, Listing.Show(
            request.Context,
            request.HostsAt(1).SelectMany(static host => host.Catalog.Queues).Cast<BrokerQueue>(),
            static queue => queue.Name, queue => QueueRows.Describe(queue, windows), QueueRows.SortKey));
    }

    private static Task GetAsync(ApiRequest request) => Json.WriteAsync(
        request.Context, QueueRows.DescribeWhole(Find(request), SampleWindows.Of(request.Context)));

    private static async Task DeclareAsync(ApiRequest request)
    {
        var host = request.Host(1);
        var by = request.ActIn(host);
        var body = await request.ReadAsync().ConfigureAwait(false);
        var isNew = !host.Catalog.TryGetQueue(request[2], out _);
        var result = host.DeclareQueue(
            request[2], passive: false, Json.Flag(body, "durable", missing: true), exclusive: false,
            Json.Flag(body, "auto_delete"), Json.ToTable(body["arguments"]), by);
        await request.AnswerAsync(result, isNew).ConfigureAwait(false);
    }

    private static async Task DeleteAsync(ApiRequest request)
    {
        var queue = Find(request);
        var query = request.Context.Request.Query;
        var result = queue.Host.DeleteQueue(
            queue.Name, query["if-unused"] == "true", query["if-empty"] == "true", request.ActIn(queue.Host), out _);
        await request.AnswerAsync(result, created: false).ConfigureAwait(false);
    }

    private static async Task PurgeAsync(ApiRequest request)
    {
        var queue = Find(request);
        RequireRead(request, queue);
        var flushes = new FlushSet();
        queue.Purge(flushes);
        flushes.FlushAll();
        await request.AnswerAsync(refused: null, created: false).ConfigureAwait(false);
    }

    private static Task BindingsAsync(ApiRequest request)
    {
        var queue = Find(request);
        return Json.WriteAsync(request.Context, Listing.Show(
            request.Context, BindingRows.To(queue), static binding => binding.Key, BindingRows.Describe));
    }

    private static async Task TakeAsync(ApiRequest request)
    {
        var queue = Find(request);
        RequireRead(request, queue);
        var body = await request.ReadAsync().ConfigureAwait(false);
        var messages = await MessageTaker.TakeAsync(queue, TakeOptions.From(body), request.Context.RequestAborted)
            .ConfigureAwait(false);
        await Json.WriteAsync(request.Context, messages).ConfigureAwait(false);
    }

    /// <summary>Shows messages that stay where they are; consumers notice nothing.</summary>
    private static async Task BrowseAsync(ApiRequest request)
    {
        var queue = Find(request);
        RequireRead(request, queue);
        var query = request.Context.Request.Query;
        var skip = Listing.Number(query, "skip", missing: 0, 0, BrowseSkipMax);
        var count = Listing.Number(query, "count", missing: 20, 1, BrowseCountMax);
        var bytesMax = Listing.Number(query, "truncate", missing: 50_000, 0, BrowseBodyBytesMax);
        var shown = new JsonArray();
        var end = await queue.BrowseAsync(
            skip, count, (in message) => shown.Add(MessageRow.Describe(message, isBase64: false, bytesMax)),
            request.Context.RequestAborted).ConfigureAwait(false);
        await Json.WriteAsync(request.Context, new JsonObject
        {
            ["messages"] = shown,
            ["end"] = end.ToString().ToLowerInvariant(),
        }).ConfigureAwait(false);
    }

    public static BrokerQueue Find(ApiRequest request) =>
        request.Host(1).Catalog.TryGetQueue(request[2], out var queue) ? (BrokerQueue)queue : throw ApiError.NotFound();

    public static void RequireRead(ApiRequest request, BrokerQueue queue)
    {
        if (queue.Host.CheckUse(AccessKind.Read, queue, request.ActIn(queue.Host)) is { } error)
            throw ApiError.From(error);
    }
}
