using System.Text.Json.Nodes;
using Posthaste.Broker;
using Posthaste.Broker.Policies;
using Posthaste.Core.Catalog;
using Posthaste.Management.Http;
using Posthaste.Management.Resources;

namespace Posthaste.Management.Definitions;

/// <summary>
/// What a definition file has of virtual hosts: exchanges, queues and bindings that were declared and are durable,
/// policies, and as parameters, where RabbitMQ keeps them, policies of operators and limits.
/// </summary>
internal static class DefinitionFile
{
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

            foreach (var binding in Ordered(BindingRows.Of(host)))
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

    private static IEnumerable<JsonObject> ParametersOf(VirtualHost host) =>
        from component in ParameterComponent.Listed
        from name in component.NamesIn(host)
        select component.Describe(host, name);

    /// <summary>The same bindings in the same order, whenever they were made: files are compared.</summary>
    private static IEnumerable<BindingRow> Ordered(IEnumerable<BindingRow> bindings) => bindings
        .OrderBy(static binding => binding.Source, StringComparer.Ordinal)
        .ThenBy(static binding => binding.Destination, StringComparer.Ordinal)
        .ThenBy(static binding => binding.IsToQueue)
        .ThenBy(static binding => binding.PropertiesKey, StringComparer.Ordinal);

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
        ["type"] = QueueTypes.NameOf(queue.Definition.Settings.Type),
        ["arguments"] = ArgumentsOf(queue.Definition),
    };

    /// <summary>With the type, so that it does not depend on the default of where the file is taken in.</summary>
    private static JsonObject ArgumentsOf(QueueDefinition definition)
    {
        var arguments = Json.From(definition.Arguments);
        arguments.TryAdd(QueueArguments.Type, QueueTypes.NameOf(definition.Settings.Type));
        return arguments;
    }

    private static JsonObject Describe(BindingRow binding)
    {
        var row = BindingRows.Describe(binding);
        row.Remove("properties_key");
        return row;
    }
}
