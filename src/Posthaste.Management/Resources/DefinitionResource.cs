using System.Text.Json.Nodes;
using Posthaste.Broker;
using Posthaste.Broker.Policies;
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
            static host => new JsonObject
            {
                ["name"] = host.Name,
                ["description"] = host.Settings.Description,
                ["tags"] = new JsonArray([.. host.Settings.Tags.Select(static tag => JsonValue.Create(tag))]),
            });
        definitions["permissions"] = Array(broker.Users.Permissions, PermissionResource.Describe);
        definitions["topic_permissions"] = Array(
            PermissionResource.Topics(broker.Users), PermissionResource.Describe);
        definitions["global_parameters"] = new JsonArray(
            new JsonObject { ["name"] = "cluster_name", ["value"] = NodeResource.Name });
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

/// <summary>
/// What a definition file has of virtual hosts: exchanges, queues and bindings that were declared and are durable,
/// policies, and as parameters, where RabbitMQ keeps them, policies of operators and limits.
/// </summary>
internal static class DefinitionFile
{
    /// <summary>The component of parameters that are policies of operators.</summary>
    public const string OperatorPolicy = "operator_policy";

    /// <summary>The component of the one parameter of a virtual host that has its limits.</summary>
    public const string HostLimits = "vhost-limits";

    private const string HostLimitsName = "limits";

    public static JsonObject Write(MessageBroker broker, IEnumerable<VirtualHost> hosts)
    {
        var exchanges = new JsonArray();
        var queues = new JsonArray();
        var bindings = new JsonArray();
        var policies = new JsonArray();
        var parameters = new JsonArray();
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

            foreach (var policy in host.Policies.All(PolicyKind.User))
                policies.Add(PolicyResource.Describe(host, policy));
            foreach (var parameter in ParametersOf(host)) parameters.Add(parameter);
        }

        return new JsonObject
        {
            ["rabbit_version"] = "3.13.7",
            ["rabbitmq_version"] = "3.13.7",
            ["product_name"] = "Posthaste",
            ["exchanges"] = exchanges,
            ["queues"] = queues,
            ["bindings"] = bindings,
            ["policies"] = policies,
            ["parameters"] = parameters,
        };
    }

    private static IEnumerable<JsonObject> ParametersOf(VirtualHost host)
    {
        foreach (var policy in host.Policies.All(PolicyKind.Operator))
            yield return Parameter(host, OperatorPolicy, policy.Name, PolicyResource.DescribeValue(policy));
        if (host.Settings.Limits.Count > 0)
            yield return Parameter(host, HostLimits, HostLimitsName, LimitResource.Describe(host.Settings.Limits));
    }

    private static JsonObject Parameter(VirtualHost host, string component, string name, JsonObject value) => new()
    {
        ["vhost"] = host.Name,
        ["component"] = component,
        ["name"] = name,
        ["value"] = value,
    };

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
