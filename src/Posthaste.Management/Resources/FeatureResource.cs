using System.Text.Json.Nodes;
using Posthaste.Broker.Security;
using Posthaste.Management.Http;

namespace Posthaste.Management.Resources;

/// <summary>
/// What tools ask a RabbitMQ about itself: `version`, `extensions`, feature flags, of which there are none since every
/// feature is there from the start, and moving leaders of queues between nodes, of which there is one.
/// </summary>
internal sealed class FeatureResource : IResource
{
    public void Map(ApiRoutes routes)
    {
        routes.Get("version", static request =>
            Json.WriteAsync(request.Context, JsonValue.Create(NodeResource.Version)))
            .Says("The product's version, as a text.").Shows("string");
        routes.Get("extensions", static request => Json.WriteAsync(request.Context, new JsonArray()))
            .Says("Extensions of RabbitMQ's pages: none.").Shows("object[]");
        routes.Get("feature-flags", NoneAsync).Says("Feature flags: none.").Lists("FeatureFlag");
        routes.Put("feature-flags/{name}/enable", EnableAsync).For(UserTags.Administrator)
            .Says("Enables a feature flag: there is none, so it is refused.");
        routes.Get("deprecated-features", NoneAsync).Says("Features that will go: none.").Lists("FeatureFlag");
        routes.Get("deprecated-features/used", NoneAsync).Says("Features in use that will go: none.")
            .Lists("FeatureFlag");
        routes.Post("rebalance/queues", static request => request.AnswerAsync(refused: null, created: false))
            .For(UserTags.Administrator)
            .Says("Spreads queues over the nodes: with one node they are.");
    }

    private static Task NoneAsync(ApiRequest request) => Json.WriteAsync(request.Context, Listing.Show(
        request.Context, Array.Empty<string>(), static name => name, static _ => []));

    private static Task EnableAsync(ApiRequest request) =>
        throw ApiError.BadRequest($"feature flag '{request[1]}' is not supported");
}
