using System.Text.Json;
using System.Text.Json.Nodes;
using Posthaste.Broker.Parameters;
using Posthaste.Broker.Security;
using Posthaste.Management.Http;

namespace Posthaste.Management.Resources;

/// <summary>`global-parameters`, free of form, for policymakers; and `cluster-name`, which is one of them.</summary>
internal sealed class GlobalParameterResource : IResource
{
    public void Map(ApiRoutes routes)
    {
        routes.Get("global-parameters", ListAsync).For(UserTags.PolicyMaker).Says("Global parameters.")
            .Lists("GlobalParameter");
        routes.Get("global-parameters/{name}", GetAsync).For(UserTags.PolicyMaker).Says("A global parameter.")
            .Shows("GlobalParameter");
        routes.Put("global-parameters/{name}", PutAsync).For(UserTags.PolicyMaker).Says("Sets a global parameter.")
            .Takes("ParameterPut").Creates();
        routes.Delete("global-parameters/{name}", DeleteAsync).For(UserTags.PolicyMaker)
            .Says("Removes a global parameter.");
        routes.Get("cluster-name", ClusterNameAsync).Says("The cluster's name.").Shows("ClusterName");
        routes.Put("cluster-name", NameClusterAsync).For(UserTags.Administrator).Says("Names the cluster.")
            .Takes("ClusterName");
    }

    public static JsonObject Describe(KeyValuePair<string, string> parameter) => new()
    {
        ["name"] = parameter.Key,
        ["value"] = JsonNode.Parse(parameter.Value),
    };

    /// <summary>A value as it is kept: any JSON, null too.</summary>
    public static string Text(JsonNode? value) => value?.ToJsonString(Json.Compact) ?? "null";

    private static Task ListAsync(ApiRequest request) => Json.WriteAsync(request.Context, Listing.Show(
        request.Context, request.Broker.Parameters.All, static parameter => parameter.Key, Describe));

    private static Task GetAsync(ApiRequest request) =>
        Json.WriteAsync(request.Context, Describe(KeyValuePair.Create(request[1], Find(request))));

    private static async Task PutAsync(ApiRequest request)
    {
        RequireShown(request);
        var value = Json.Value(await request.ReadAsync().ConfigureAwait(false));
        var parameters = request.Broker.Parameters;
        var isNew = !parameters.TryGet(request[1], out _);
        await request.AnswerAsync(parameters.Set(request[1], Text(value)), isNew).ConfigureAwait(false);
    }

    private static Task DeleteAsync(ApiRequest request)
    {
        Find(request);
        return request.AnswerAsync(request.Broker.Parameters.Remove(request[1]), created: false);
    }

    private static Task ClusterNameAsync(ApiRequest request) => Json.WriteAsync(
        request.Context, new JsonObject { ["name"] = request.Broker.ClusterName });

    private static async Task NameClusterAsync(ApiRequest request)
    {
        var body = await request.ReadAsync().ConfigureAwait(false);
        var name = Json.Text(body, "name") ?? throw ApiError.BadRequest("[{key_missing,name}]");
        var refused = request.Broker.Parameters.Set(GlobalParameters.ClusterName, JsonSerializer.Serialize(name));
        await request.AnswerAsync(refused, created: false).ConfigureAwait(false);
    }

    private static string Find(ApiRequest request)
    {
        RequireShown(request);
        return request.Broker.Parameters.TryGet(request[1], out var value) ? value : throw ApiError.NotFound();
    }

    private static void RequireShown(ApiRequest request)
    {
        if (request[1] == GlobalParameters.ImportedDefinitionsHash) throw ApiError.NotFound();
    }
}
