using System.Text.Json.Nodes;
using Posthaste.Broker.Moving;
using Posthaste.Management.Http;

namespace Posthaste.Management.Resources;

/// <summary>`dead-letters`: where they are, and what a queue has of them; not in RabbitMQ's API.</summary>
internal sealed class DeadLetterResource : IResource
{
    /// <summary>
    /// Messages that a summary looks at unless told otherwise. 100,000: a second or two when all has to be read.
    /// </summary>
    private const long ScanDefault = 100_000;

    /// <summary>Names of origins that a row has; it has the number of all.</summary>
    private const int OriginsShown = 20;

    public void Map(ApiRoutes routes)
    {
        routes.Get("dead-letters", ListAsync).Says("Queues that dead letters go to.").Lists("DeadLetterQueue");
        routes.Get("dead-letters/{vhost}", ListAsync).Says("Queues of a virtual host that dead letters go to.")
            .Lists("DeadLetterQueue");
        routes.Get("queues/{vhost}/{name}/dead-letters", SummarizeAsync)
            .Says("What dead letters a queue has, by origin and reason.")
            .Takes("count", "integer", "Messages to look at, at most.").Shows("DeadLetters");
    }

    /// <summary>The queues that dead-letter exchanges lead to; what is in them is not looked at.</summary>
    private static Task ListAsync(ApiRequest request) => Json.WriteAsync(request.Context, Listing.Show(
        request.Context, request.HostsAt(1).SelectMany(DeadLetterTargets.In), static target => target.Queue.Name,
        Describe, static column => column switch
        {
            "messages" => static target => target.Queue.MessageCount,
            "vhost" => static target => target.Queue.Host.Name,
            _ => null,
        }));

    private static JsonObject Describe(DeadLetterTarget target) => new()
    {
        ["name"] = target.Queue.Name,
        ["vhost"] = target.Queue.Host.Name,
        ["messages"] = target.Queue.MessageCount,
        ["consumers"] = target.Queue.ConsumerCount,
        ["origin_count"] = target.Origins.Count,
        ["origins"] = new JsonArray([.. target.Origins.Order(StringComparer.Ordinal).Take(OriginsShown)
            .Select(static name => JsonValue.Create(name))]),
    };

    private static async Task SummarizeAsync(ApiRequest request)
    {
        var queue = QueueResource.Find(request);
        QueueResource.RequireRead(request, queue);
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
}
