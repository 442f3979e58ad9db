using System.Text.Json.Nodes;
using Posthaste.Broker;
using Posthaste.Core.Catalog;
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
        routes.Get("definitions", ExportAllAsync);
        routes.Post("definitions", ImportAllAsync);
        routes.Get("definitions/{vhost}", ExportHostAsync);
        routes.Post("definitions/{vhost}", ImportHostAsync);
    }

    private static Task ExportAllAsync(ApiRequest request)
    {
        request.RequireAdministrator();
        var broker = request.Broker;
        var definitions = DefinitionFile.Write(broker, broker.VirtualHosts);
        definitions["users"] = Array(broker.Users.Users.OrderBy(static user => user.Name, StringComparer.Ordinal),
            UserResource.Describe);
        definitions["vhosts"] = Array(broker.VirtualHosts.OrderBy(static host => host.Name, StringComparer.Ordinal),
            static host => new JsonObject { ["name"] = host.Name });
        definitions["permissions"] = Array(broker.Users.Permissions, PermissionResource.Describe);
        definitions["topic_permissions"] = Array(
            PermissionResource.Topics(broker.Users), PermissionResource.Describe);
        definitions["parameters"] = new JsonArray();
        definitions["global_parameters"] = new JsonArray(
            new JsonObject { ["name"] = "cluster_name", ["value"] = NodeResource.Name });
        definitions["policies"] = new JsonArray();
        return Json.WriteAsync(request.Context, definitions);
    }

    private static Task ExportHostAsync(ApiRequest request)
    {
        request.RequireAdministrator();
        return Json.WriteAsync(request.Context, DefinitionFile.Write(request.Broker, [request.Host(1)]));
    }

    private static async Task ImportAllAsync(ApiRequest request)
    {
        request.RequireAdministrator();
        var body = await request.ReadAsync().ConfigureAwait(false);
        await ImportAsync(request, body, host: null).ConfigureAwait(false);
    }

    private static async Task ImportHostAsync(ApiRequest request)
    {
        request.RequireAdministrator();
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

/// <summary>Exchanges, queues and bindings of a definition file: those that were declared and are durable.</summary>
internal static class DefinitionFile
{
    public static JsonObject Write(MessageBroker broker, IEnumerable<VirtualHost> hosts)
    {
        var exchanges = new JsonArray();
        var queues = new JsonArray();
        var bindings = new JsonArray();
        foreach (var host in hosts.OrderBy(static host => host.Name, StringComparer.Ordinal))
        {
            foreach (var exchange in host.Catalog.Exchanges.OrderBy(static e => e.Name, StringComparer.Ordinal))
            {
                if (exchange.IsDurable && !exchange.IsPredeclared) exchanges.Add(Describe(host, exchange));
            }

            foreach (var queue in host.Catalog.Queues.OrderBy(static queue => queue.Name, StringComparer.Ordinal))
            {
                if (queue.IsDurable) queues.Add(Describe(host, queue));
            }

            foreach (var binding in BindingRows.Of(host))
            {
                if (binding.Source.Length > 0 && IsDurable(host, binding)) bindings.Add(Describe(binding));
            }
        }

        return new JsonObject
        {
            ["rabbit_version"] = "3.13.7",
            ["rabbitmq_version"] = "3.13.7",
            ["product_name"] = "Posthaste",
            ["exchanges"] = exchanges,
            ["queues"] = queues,
            ["bindings"] = bindings,
        };
    }

    private static bool IsDurable(VirtualHost host, BindingRow binding) => binding.IsToQueue
        ? host.Catalog.TryGetQueue(binding.Destination, out var queue) && queue.IsDurable
        : host.Catalog.TryGetExchange(binding.Destination, out var exchange) && exchange.IsDurable;

    private static JsonObject Describe(VirtualHost host, Core.Routing.Exchange exchange) => new()
    {
        ["name"] = exchange.Name,
        ["vhost"] = host.Name,
        ["type"] = exchange.Type.WireName(),
        ["durable"] = true,
        ["auto_delete"] = exchange.Definition.AutoDelete,
        ["internal"] = exchange.Internal,
        ["arguments"] = Json.From(exchange.Definition.Arguments),
    };

    private static JsonObject Describe(VirtualHost host, CatalogQueue queue) => new()
    {
        ["name"] = queue.Name,
        ["vhost"] = host.Name,
        ["durable"] = true,
        ["auto_delete"] = queue.Definition.AutoDelete,
        ["arguments"] = Json.From(queue.Definition.Arguments),
    };

    private static JsonObject Describe(BindingRow binding)
    {
        var row = BindingRows.Describe(binding);
        row.Remove("properties_key");
        return row;
    }
}
