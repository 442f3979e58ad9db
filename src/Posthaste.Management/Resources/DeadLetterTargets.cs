using System.Text;
using Posthaste.Broker;
using Posthaste.Broker.Queues;
using Posthaste.Core.Routing;

namespace Posthaste.Management.Resources;

/// <summary>A queue that dead letters go to.</summary>
/// <param name="Queue">The queue.</param>
/// <param name="Origins">Names of the queues whose dead letters go there.</param>
internal sealed record DeadLetterTarget(BrokerQueue Queue, IReadOnlyCollection<string> Origins);

/// <summary>
/// Where dead letters of a virtual host go: found by what queues are set to, without looking at a message. Costs a
/// route for each key and a walk through the bindings for each exchange that keeps keys.
/// </summary>
internal static class DeadLetterTargets
{
    public static IEnumerable<DeadLetterTarget> In(VirtualHost host)
    {
        var origins = new Dictionary<BrokerQueue, HashSet<string>>();
        var ways = host.Catalog.Queues.Cast<BrokerQueue>()
            .Where(static queue => queue.Settings.DeadLetterExchange is not null)
            .GroupBy(static queue => (queue.Settings.DeadLetterExchange!, queue.Settings.DeadLetterRoutingKey));
        foreach (var way in ways)
        {
            foreach (var target in Find(host, way.Key.Item1, way.Key.DeadLetterRoutingKey))
            {
                if (!origins.TryGetValue(target, out var names)) origins[target] = names = [];
                names.UnionWith(way.Select(static queue => queue.Name));
            }
        }

        return origins.Select(static entry => new DeadLetterTarget(entry.Key, entry.Value));
    }

    /// <param name="key">Null when messages keep theirs: then any binding may be their way.</param>
    private static IEnumerable<BrokerQueue> Find(VirtualHost host, string name, string? key)
    {
        if (!host.Catalog.TryGetExchange(name, out var exchange)) return [];
        if (key is null) return exchange.Name.Length == 0 ? [] : FindAll(host, exchange);
        var found = new RouteResult();
        host.Catalog.Route(exchange, Encoding.UTF8.GetBytes(key), RouteHeaders.None, found);

        // Which bindings match depends on the messages: any may.
        return found.DependsOnHeaders
            ? FindAll(host, exchange)
            : found.Queues.ToArray().Cast<BrokerQueue>();
    }

    private static HashSet<BrokerQueue> FindAll(VirtualHost host, Exchange exchange) => host.ReadBindings(_ =>
    {
        var queues = new HashSet<BrokerQueue>();
        var seen = new HashSet<Exchange> { exchange };
        var open = new Stack<Exchange>([exchange]);
        while (open.TryPop(out var current))
        {
            foreach (var binding in current.Bindings)
            {
                if (binding.Destination is BrokerQueue queue) queues.Add(queue);
                else if (seen.Add((Exchange)binding.Destination)) open.Push((Exchange)binding.Destination);
            }

            if (current.Definition.AlternateExchange is { } other
                && host.Catalog.TryGetExchange(other, out var alternate) && seen.Add(alternate))
            {
                open.Push(alternate);
            }
        }

        return queues;
    });
}
