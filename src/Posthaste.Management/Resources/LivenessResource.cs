using System.Text.Json.Nodes;
using Posthaste.Broker.Flow;
using Posthaste.Management.Http;

namespace Posthaste.Management.Resources;

/// <summary>The checks that RabbitMQ had before `health/checks`, and that old tools still ask.</summary>
internal sealed class LivenessResource : IResource
{
    public void Map(ApiRoutes routes)
    {
        routes.Get("aliveness-test/{vhost}", AliveAsync)
            .Says("Whether a user of a virtual host is served, and what is published there can be stored.")
            .Checks(failure: "Error");
        routes.Get("healthchecks/node", NodeAsync).Says("Whether no alarm is in effect.").Checks();
        routes.Get("healthchecks/node/{node}", NodeAsync).Says("Whether no alarm is in effect on a node.").Checks();
    }

    private static async Task AliveAsync(ApiRequest request)
    {
        request.ActIn(request.Host(1));
        await request.WaitUntilDurableAsync().ConfigureAwait(false);
        await Json.WriteAsync(request.Context, new JsonObject { ["status"] = "ok" }).ConfigureAwait(false);
    }

    private static Task NodeAsync(ApiRequest request)
    {
        if (request.SegmentCount > 2 && request[2] != NodeResource.Name) throw ApiError.NotFound();
        return HealthResource.AnswerAsync(
            request.Context,
            request.Broker.Alarms.Active == ResourceAlarm.None ? null : "There are alarms in effect in the cluster");
    }
}
