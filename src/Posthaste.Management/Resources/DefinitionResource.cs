using System.Text.Json.Nodes;
using Posthaste.Broker;
using Posthaste.Broker.Security;
using Posthaste.Management.Definitions;
using Posthaste.Management.Http;

namespace Posthaste.Management.Resources;

/// <summary>
/// `definitions`: all that has been declared and who may use it, in RabbitMQ's file format, out and in. For
/// administrators.
/// </summary>
internal sealed class DefinitionResource : IResource
{
    public void Map(ApiRoutes routes)
    {
        routes.Get("definitions", ExportAllAsync).For(UserTags.Administrator)
            .Says("All that is declared, and who may use it.").Shows("Definitions");
        routes.Post("definitions", ImportAllAsync).For(UserTags.Administrator)
            .Says("Takes a definition file in.").Takes("Definitions");
        routes.Get("definitions/{vhost}", ExportHostAsync).For(UserTags.Administrator)
            .Says("What is declared in a virtual host.").Shows("Definitions");
        routes.Post("definitions/{vhost}", ImportHostAsync).For(UserTags.Administrator)
            .Says("Takes into a virtual host what a definition file declares.").Takes("Definitions");
    }

    private static Task ExportAllAsync(ApiRequest request)
    {
        var broker = request.Broker;
        var definitions = DefinitionFile.Write(broker, broker.VirtualHosts);
        definitions["users"] = Array(broker.Users.Users.OrderBy(static user => user.Name, StringComparer.Ordinal),
            UserResource.Describe);
        definitions["vhosts"] = Array(broker.VirtualHosts.OrderBy(static host => host.Name, StringComparer.Ordinal),
            VirtualHostRows.Describe);
        definitions["permissions"] = Array(broker.Users.Permissions, PermissionResource.Describe);
        definitions["topic_permissions"] = Array(
            PermissionResource.Topics(broker.Users), PermissionResource.Describe);
        definitions["global_parameters"] = Array(broker.Parameters.All, GlobalParameterResource.Describe);
        return Json.WriteAsync(request.Context, definitions);
    }

    private static Task ExportHostAsync(ApiRequest request)
    {
        return Json.WriteAsync(request.Context, DefinitionFile.Write(request.Broker, [request.Host(1)]));
    }

    private static async Task ImportAllAsync(ApiRequest request)
    {
        var body = await request.ReadAsync().ConfigureAwait(false);
        await ImportAsync(request, body, host: null).ConfigureAwait(false);
    }

    private static async Task ImportHostAsync(ApiRequest request)
    {
        var host = request.Host(1);
        var body = await request.ReadAsync().ConfigureAwait(false);
        await ImportAsync(request, body, host).ConfigureAwait(false);
    }

    private static Task ImportAsync(ApiRequest request, JsonObject body, VirtualHost? host)
    {
        new DefinitionImport(request.Broker, request.User, host).Run(body);
        return request.AnswerAsync(refused: null, created: false);
    }

    private static JsonArray Array<T>(IEnumerable<T> items, Func<T, JsonObject> describe) =>
        new([.. items.Select(describe)]);
}
