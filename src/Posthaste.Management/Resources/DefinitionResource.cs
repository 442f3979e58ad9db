using System.Text.Json.Nodes;
using Microsoft.Net.Http.Headers;
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
    private const string Download = "Name of a file that a browser keeps the answer in.";

    public void Map(ApiRoutes routes)
    {
        routes.Get("definitions", ExportAllAsync).For(UserTags.Administrator)
            .Says("All that is declared, and who may use it.")
            .Takes("download", "string", Download).Shows("Definitions");
        routes.Post("definitions", ImportAllAsync).For(UserTags.Administrator)
            .Says("Takes a definition file in.").Takes("Definitions");
        routes.Get("definitions/{vhost}", ExportHostAsync).For(UserTags.Administrator)
            .Says("What is declared in a virtual host.")
            .Takes("download", "string", Download).Shows("Definitions");
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
        definitions["permissions"] = Array(
            broker.Users.Permissions.OrderBy(static item => item.Key.VirtualHost, StringComparer.Ordinal)
                .ThenBy(static item => item.Key.User, StringComparer.Ordinal),
            PermissionResource.Describe);
        definitions["topic_permissions"] = Array(
            PermissionResource.Topics(broker.Users).OrderBy(static row => row.VirtualHost, StringComparer.Ordinal)
                .ThenBy(static row => row.User, StringComparer.Ordinal),
            PermissionResource.Describe);
        definitions["global_parameters"] = Array(broker.Parameters.All, GlobalParameterResource.Describe);
        return WriteAsync(request, definitions);
    }

    private static Task ExportHostAsync(ApiRequest request) =>
        WriteAsync(request, DefinitionFile.Write(request.Broker, [request.Host(1)]));

    private static Task WriteAsync(ApiRequest request, JsonObject definitions)
    {
        if (request.Context.Request.Query["download"].ToString() is { Length: > 0 } name)
        {
            var disposition = new ContentDispositionHeaderValue("attachment");
            disposition.SetHttpFileName(name);
            request.Context.Response.Headers.ContentDisposition = disposition.ToString();
        }

        return Json.WriteAsync(request.Context, definitions);
    }

    private static async Task ImportAllAsync(ApiRequest request)
    {
        var body = await Json.ReadFileAsync(request.Context).ConfigureAwait(false);
        await ImportAsync(request, body, host: null).ConfigureAwait(false);
    }

    private static async Task ImportHostAsync(ApiRequest request)
    {
        var host = request.Host(1);
        var body = await Json.ReadFileAsync(request.Context).ConfigureAwait(false);
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
