using System.Text;
using System.Text.Json.Nodes;
using Posthaste.Broker;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Security.Access;
using Posthaste.Core.Catalog;
using Posthaste.Core.Routing;
using Posthaste.Management.Http;
using Posthaste.Protocols.Amqp091.Direct;

namespace Posthaste.Management.Resources;

/// <summary>
/// Where a message would go, and why: may the user publish it, which exchanges does it pass, which of their bindings
/// match. Nothing is published.
/// </summary>
/// <param name="host">The virtual host.</param>
/// <param name="by">Whose permissions count.</param>
internal sealed class PublishExplanation(VirtualHost host, BrokerConnection by)
{
    private readonly List<Exchange> _visited = [];
    private readonly List<BrokerQueue> _queues = [];
    private readonly HashSet<RouteTarget> _reached = [];

    public JsonObject Explain(Exchange exchange, string key, DirectRouting routing)
    {
        var refusal = Refusal(exchange, key);
        byte[][] keys = [Encoding.UTF8.GetBytes(key), .. routing.ExtraKeys];
        var steps = new JsonArray();
        Reach(exchange);
        for (var i = 0; i < _visited.Count; i++) steps.Add(Visit(_visited[i], keys, new RouteHeaders(routing.Headers)));
        return new JsonObject
        {
            ["outcome"] = refusal is not null ? "refused" : _queues.Count == 0 ? "unroutable" : "routed",
            ["reason"] = refusal,
            ["user"] = by.User.Name,
            ["steps"] = steps,
            ["queues"] = new JsonArray([.. _queues.Select(Describe)]),
        };
    }

    private string? Refusal(Exchange exchange, string key)
    {
        if (exchange.Internal)
            return $"the exchange '{exchange.Name}' is internal: only other exchanges may send to it";
        if (host.CheckExchangeAccess(AccessKind.Write, exchange.Name, by) is { } error) return error.Text;
        return exchange.Type == ExchangeType.Topic
            && !by.Access.MayUseKey(AccessKind.Write, exchange.Name, key, by.TopicClient)
            ? $"the topic permission of user '{by.User.Name}' on exchange '{exchange.Name}' "
                + $"does not allow the key '{key}'"
            : null;
    }

    private JsonObject Visit(Exchange exchange, byte[][] keys, RouteHeaders headers)
    {
        // Copied under the catalog's lock, matched outside of it.
        Binding[] bindings = host.ReadBindings(_ => exchange.Bindings.ToArray());
        var matches = new JsonArray();
        foreach (var binding in bindings)
        {
            if (!Array.Exists(keys, key => binding.Matches(key, headers))) continue;
            Reach(binding.Destination);
            matches.Add(BindingRows.Describe(new BindingRow(
                host, exchange.Name, binding.Destination.Name, binding.Destination is CatalogQueue, binding.Key,
                binding.Arguments)));
        }

        if (exchange.Name.Length == 0) AddNamedQueues(keys, matches);
        return new JsonObject
        {
            ["exchange"] = exchange.Name,
            ["type"] = exchange.Type.WireName(),
            ["bindings"] = bindings.Length,
            ["matches"] = matches,
            ["alternate_exchange"] = matches.Count == 0 ? Alternate(exchange) : null,
        };
    }

    /// <summary>The default exchange has no bindings: a key is the name of a queue.</summary>
    private void AddNamedQueues(byte[][] keys, JsonArray matches)
    {
        foreach (var key in keys)
        {
            if (!host.Catalog.TryGetQueue(key, out var queue)) continue;
            Reach(queue);
            matches.Add(BindingRows.Describe(BindingRows.Default(host, queue)));
        }
    }

    /// <summary>Where a message goes that no binding matches; null when it goes nowhere.</summary>
    private string? Alternate(Exchange exchange)
    {
        if (exchange.Definition.AlternateExchange is not { } name) return null;
        if (host.Catalog.TryGetExchange(name, out var alternate)) Reach(alternate);
        return name;
    }

    private void Reach(RouteTarget target)
    {
        // Each is visited once, so loops end; each queue gets the message once.
        if (!_reached.Add(target)) return;
        if (target is BrokerQueue queue) _queues.Add(queue);
        else _visited.Add((Exchange)target);
    }

    private static JsonObject Describe(BrokerQueue queue) => new()
    {
        ["name"] = queue.Name,
        ["durable"] = queue.IsDurable,
        ["arguments"] = Json.From(queue.Definition.Arguments),
        ["messages_ready"] = queue.MessageCount,
        ["consumers"] = queue.ConsumerCount,
    };
}
