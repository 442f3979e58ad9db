using System.Text.Json.Nodes;
using Posthaste.Broker;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Security;
using Posthaste.Broker.Security.Access;
using Posthaste.Management.Http;

namespace Posthaste.Management.Resources;

/// <summary>`queues`: what is in them and what they were declared as; declare, delete, purge, get.</summary>
internal sealed class QueueResource : IResource
{
    public void Map(ApiRoutes routes)
    {
        routes.Get("queues", ListAsync).Says("Queues of all virtual hosts.").Samples().Counting().Lists("Queue");
        routes.Get("queues/detailed", ListAsync).Says("Queues of all virtual hosts.").Samples().Counting()
            .Lists("Queue");
        routes.Get("queues/{vhost}", ListAsync).Says("Queues of a virtual host.").Samples().Counting().Lists("Queue");
        routes.Get("queues/{vhost}/{name}", GetAsync).Says("A queue, with its consumers.").Samples().Counting()
            .Shows("Queue");
        routes.Put("queues/{vhost}/{name}", DeclareAsync).Says("Declares a queue.").Takes("QueuePut").Creates();
        routes.Delete("queues/{vhost}/{name}", DeleteAsync).Says("Deletes a queue.")
            .Takes("if-unused", "boolean", "Only if nobody consumes from it.")
            .Takes("if-empty", "boolean", "Only if there are no messages in it.");
        routes.Delete("queues/{vhost}/{name}/contents", PurgeAsync).Says("Deletes the messages of a queue.");
        routes.Get("queues/{vhost}/{name}/bindings", BindingsAsync).Says("Bindings that lead into a queue.")
            .Lists("Binding");
        routes.Post("queues/{vhost}/{name}/get", TakeAsync)
            .Says("Takes messages from the head of a queue, and puts them back unless told otherwise.")
            .Takes("Get").Shows("Message[]");
        routes.Post("queues/{vhost}/{name}/actions", ActAsync).For(UserTags.Administrator)
            .Says("Actions on mirrored queues, of which there are none here: every action is refused as unknown.")
            .Takes("QueueAction");
    }

    private static Task ListAsync(ApiRequest request)
    {
        var windows = SampleWindows.Of(request.Context);
        Func<BrokerQueue, JsonObject> row = QueueRows.DepthOf(request.Context.Request.Query) is { } depth
            ? queue => QueueRows.DescribeBriefly(queue, depth)
            : queue => QueueRows.Describe(queue, windows);
        return Json.WriteAsync(request.Context, Listing.Show(
            request.Context,
            HostsOf(request).SelectMany(static host => host.Catalog.Queues).Cast<BrokerQueue>(),
            static queue => queue.Name, row, QueueRows.SortKey));
    }

    /// <summary>`queues/detailed` is no virtual host.</summary>
    private static IEnumerable<VirtualHost> HostsOf(ApiRequest request) =>
        request.Path.EndsWith("/queues/detailed", StringComparison.Ordinal)
            ? request.VirtualHosts
            : request.HostsAt(1);

    private static Task GetAsync(ApiRequest request)
    {
        var queue = Find(request);
        var depth = QueueRows.DepthOf(request.Context.Request.Query);
        return Json.WriteAsync(request.Context, depth is { } told
            ? QueueRows.DescribeBriefly(queue, told)
            : QueueRows.DescribeWhole(queue, SampleWindows.Of(request.Context)));
    }

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

    private static async Task ActAsync(ApiRequest request)
    {
        Find(request);
        var body = await request.ReadAsync().ConfigureAwait(false);
        var action = Json.Text(body, "action") ?? throw ApiError.BadRequest("[{key_missing,action}]");
        throw ApiError.BadRequest($"{{unknown,<<\"{action}\">>}}");
    }

    public static BrokerQueue Find(ApiRequest request) =>
        request.Host(1).Catalog.TryGetQueue(request[2], out var queue) ? (BrokerQueue)queue : throw ApiError.NotFound();

    public static void RequireRead(ApiRequest request, BrokerQueue queue)
    {
        if (queue.Host.CheckUse(AccessKind.Read, queue, request.ActIn(queue.Host)) is { } error)
            throw ApiError.From(error);
    }
}
