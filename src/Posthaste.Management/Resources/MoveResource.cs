using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Posthaste.Broker;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Moving;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Security.Access;
using Posthaste.Core.Catalog;
using Posthaste.Management.Http;

namespace Posthaste.Management.Resources;

/// <summary>
/// `redrive` and `move` of a queue's messages, and `moves`: those that are under way; not in RabbitMQ's API.
/// </summary>
internal sealed class MoveResource : IResource
{
    private const int RateMax = 1_000_000;

    public void Map(ApiRoutes routes)
    {
        routes.Post("queues/{vhost}/{name}/redrive", RedriveAsync).Says("Moves dead letters back to where they died.")
            .Takes("Redrive").Shows("Moved").InBackground("Move");
        routes.Post("queues/{vhost}/{name}/move", MoveAsync).Says("Moves messages to another queue.")
            .Takes("MovePost").Shows("Moved").InBackground("Move");
        routes.Get("moves", ListAsync).Says("Moves that are under way, or were lately.").Lists("Move");
        routes.Get("moves/{vhost}", ListAsync).Says("Moves in a virtual host.").Lists("Move");
        routes.Get("moves/{vhost}/{id}", GetAsync).Says("A move.").Shows("Move");
        routes.Delete("moves/{vhost}/{id}", CancelAsync).Says("Ends a move between two batches.");
    }

    private static Task ListAsync(ApiRequest request)
    {
        var hosts = request.HostsAt(1).ToHashSet();
        return Json.WriteAsync(request.Context, Listing.Show(
            request.Context, request.Broker.Moves.All.Where(move => hosts.Contains(move.VirtualHost)),
            static move => move.Queue, MoveRows.Describe, MoveRows.SortKey));
    }

    private static Task GetAsync(ApiRequest request) =>
        Json.WriteAsync(request.Context, MoveRows.Describe(FindMove(request)));

    /// <summary>Needs what beginning it needs.</summary>
    private static Task CancelAsync(ApiRequest request)
    {
        var move = FindMove(request);
        if (move.EndedMs is not null) throw ApiError.NotFound();
        RequireMoving(move.VirtualHost, move.Queue, request);
        move.Cancel();
        return request.AnswerAsync(refused: null, created: false);
    }

    private static Task RedriveAsync(ApiRequest request) => MoveAsync(request, isRedrive: true);

    private static Task MoveAsync(ApiRequest request) => MoveAsync(request, isRedrive: false);

    private static async Task MoveAsync(ApiRequest request, bool isRedrive)
    {
        var queue = QueueResource.Find(request);
        var body = await request.ReadAsync().ConfigureAwait(false);
        var destination = Json.Text(body, "destination");
        if (isRedrive == destination is not null)
        {
            throw ApiError.BadRequest(isRedrive
                ? "redrive goes back to where messages died; to another queue they are moved"
                : "destination has to name a queue");
        }

        QueueResource.RequireRead(request, queue);
        RequireMoving(queue.Host, queue.Name, request);
        try
        {
            await MoveAsync(request, queue, Read(body, destination), Json.Flag(body, "background"))
                .ConfigureAwait(false);
        }
        catch (Exception e) when (e is ArgumentException or BrokerLimitException)
        {
            throw ApiError.BadRequest(e.Message);
        }
    }

    private static async Task MoveAsync(
        ApiRequest request, BrokerQueue queue, MoveRequest wanted, bool isInBackground)
    {
        if (wanted.IsDryRun)
        {
            var result = await MessageMover.Create(queue, wanted).RunAsync(request.Context.RequestAborted)
                .ConfigureAwait(false);
            await Json.WriteAsync(request.Context, MoveRows.Describe(result)).ConfigureAwait(false);
            return;
        }

        var move = request.Broker.Moves.Start(queue, wanted, request.User.Name);
        if (isInBackground)
        {
            var response = request.Context.Response;
            response.StatusCode = StatusCodes.Status202Accepted;
            response.Headers.Location =
                $"/api/moves/{Uri.EscapeDataString(queue.Host.Name)}/{move.Id.ToString(CultureInfo.InvariantCulture)}";
            await Json.WriteAsync(request.Context, MoveRows.Describe(move)).ConfigureAwait(false);
            return;
        }

        // Nobody waits for it any more when the client has gone.
        await using var aborted = request.Context.RequestAborted.Register(move.Cancel);
        await Json.WriteAsync(request.Context, MoveRows.Describe(await move.Completion.ConfigureAwait(false)))
            .ConfigureAwait(false);
    }

    private static void RequireMoving(VirtualHost host, string queue, ApiRequest request)
    {
        var by = request.ActIn(host);
        var refused = host.CheckQueueAccess(AccessKind.Read, queue, by)
            ?? host.CheckExchangeAccess(AccessKind.Write, VirtualHostCatalog.DefaultExchangeName, by);
        if (refused is not null) throw ApiError.From(refused);
    }

    private static QueueMove FindMove(ApiRequest request)
    {
        var host = request.Host(1);
        return long.TryParse(request[2], NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            && request.Broker.Moves.All.FirstOrDefault(move => move.Id == id && move.VirtualHost == host) is { } found
                ? found
                : throw ApiError.NotFound();
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
}
