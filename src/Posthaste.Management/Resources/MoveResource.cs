using System.Text.Json.Nodes;
using Posthaste.Broker.Moving;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Security.Access;
using Posthaste.Core.Catalog;
using Posthaste.Management.Http;

namespace Posthaste.Management.Resources;

/// <summary>What dead letters a queue has, and moving messages to other queues; not in RabbitMQ's API.</summary>
internal sealed class MoveResource : IResource
{
    /// <summary>
    /// Messages that a summary looks at unless told otherwise. 100,000: a second or two when all has to be read.
    /// </summary>
    private const long ScanDefault = 100_000;

    private const int RateMax = 1_000_000;

    public void Map(ApiRoutes routes)
    {
        routes.Get("queues/{vhost}/{name}/dead-letters", SummarizeAsync);
        routes.Post("queues/{vhost}/{name}/redrive", RedriveAsync);
        routes.Post("queues/{vhost}/{name}/move", MoveAsync);
    }

    private static async Task SummarizeAsync(ApiRequest request)
    {
        var queue = Find(request);
        var max = ScanDefault;
        if (request.Context.Request.Query["count"].ToString() is { Length: > 0 } text
            && (!long.TryParse(text, out max) || max < 1))
        {
            throw ApiError.BadRequest("count has to be a whole number above 0");
        }

        var summary = DeadLetterSummary.Of(queue, max, request.Context.RequestAborted);
        await Json.WriteAsync(request.Context, new JsonObject
        {
            ["messages"] = queue.MessageCount,
            ["scanned"] = summary.Scanned,
            ["is_complete"] = summary.IsComplete,
            ["never_died"] = summary.NeverDied,
            ["groups"] = new JsonArray([.. summary.Groups.Select(static group => new JsonObject
            {
                ["queue"] = group.Queue,
                ["reason"] = group.Reason,
                ["messages"] = group.Messages,
                ["deaths"] = group.Deaths,
                ["first_death_ms"] = group.FirstMs,
                ["last_death_ms"] = group.LastMs,
            })]),
        }).ConfigureAwait(false);
    }

    private static Task RedriveAsync(ApiRequest request) => MoveAsync(request, isRedrive: true);

    private static Task MoveAsync(ApiRequest request) => MoveAsync(request, isRedrive: false);

    private static async Task MoveAsync(ApiRequest request, bool isRedrive)
    {
        var queue = Find(request);
        var body = await request.ReadAsync().ConfigureAwait(false);
        var destination = Json.Text(body, "destination");
        if (isRedrive == destination is not null)
        {
            throw ApiError.BadRequest(isRedrive
                ? "redrive goes back to where messages died; to another queue they are moved"
                : "destination has to name a queue");
        }

        if (queue.Host.CheckExchangeAccess(
            AccessKind.Write, VirtualHostCatalog.DefaultExchangeName, request.ActIn(queue.Host)) is { } error)
        {
            throw ApiError.From(error);
        }

        try
        {
            var result = await MessageMover.MoveAsync(queue, Read(body, destination), request.Context.RequestAborted)
                .ConfigureAwait(false);
            await Json.WriteAsync(request.Context, Describe(result)).ConfigureAwait(false);
        }
        catch (ArgumentException e)
        {
            throw ApiError.BadRequest(e.Message);
        }
    }

    private static MoveRequest Read(JsonObject body, string? destination) => new()
    {
        Destination = destination,
        Queue = Json.Text(body, "queue"),
        Reason = Json.Text(body, "reason"),
        FromMs = Number(body, "from_ms", long.MaxValue),
        UntilMs = Number(body, "until_ms", long.MaxValue),
        Header = Json.Text(body, "header"),
        HeaderValue = Json.Text(body, "header_value"),
        CountMax = Number(body, "count", long.MaxValue),
        RatePerSecond = (int?)Number(body, "rate", RateMax),
        IsDryRun = Json.Flag(body, "dry_run"),
    };

    private static long? Number(JsonObject body, string name, long max)
    {
        if (body[name] is null) return null;
        var number = Json.Number(body, name, 0);
        return number >= 1 && number <= max
            ? number
            : throw ApiError.BadRequest($"{name} has to be a whole number from 1 to {max}");
    }

    private static JsonObject Describe(MoveResult result)
    {
        var targets = new JsonObject();
        foreach (var (name, count) in result.Targets) targets[name] = count;
        return new JsonObject
        {
            ["scanned"] = result.Scanned,
            ["matched"] = result.Matched,
            ["moved"] = result.Moved,
            ["targets"] = targets,
            ["stopped"] = result.Stopped,
        };
    }

    private static BrokerQueue Find(ApiRequest request)
    {
        if (!request.Host(1).Catalog.TryGetQueue(request[2], out var found)) throw ApiError.NotFound();
        var queue = (BrokerQueue)found;
        return queue.Host.CheckUse(AccessKind.Read, queue, request.ActIn(queue.Host)) is { } error
            ? throw ApiError.From(error)
            : queue;
    }
}
