using System.Text;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Security.Access;
using Posthaste.Core.Catalog;
using Posthaste.Core.Routing;

namespace Posthaste.Broker.Publishing;

/// <summary>How a publish was resolved.</summary>
public enum RouteStatus
{
    /// <summary>The route says where; it may be empty.</summary>
    Found,

    /// <summary>A headers exchange is on the way: resolve again with the message's headers.</summary>
    NeedsHeaders,

    NoExchange,

    /// <summary>The exchange is internal: clients may not publish to it.</summary>
    InternalExchange,

    /// <summary>The user may not publish to the exchange, or not with this key; <see cref="RouteCache.Refusal"/> says
    /// so.</summary>
    AccessRefused,
}

/// <summary>
/// Routes that a connection has used, by exchange and key. The last one costs a comparison of bytes, the others a hash.
/// All are forgotten when anything changes that could change a route. Owned by the connection's reader.
/// </summary>
public sealed class RouteCache
{
    /// <summary>
    /// Routes kept; when it is full all are forgotten. 4,096: more keys than that in a burst miss anyway.
    /// </summary>
    public const int RoutesMax = 4096;

    private readonly VirtualHost _host;
    /// <summary>
    /// Bytes of a routing key that is kept. 512, so a full cache has a few MiB at most; of the longer ones the last
    /// stays at hand.
    /// </summary>
    private const int KeptKeyBytesMax = 512;

    private readonly VirtualHostCatalog _catalog;
    private readonly BrokerConnection? _by;
    private readonly RouteResult _result = new();
    private Dictionary<RouteKey, Route>? _routes;
    private Dictionary<RouteKey, Route>.AlternateLookup<RouteKeySpan> _lookup;
    private Route? _last;
    private AccessRules? _access;
    private int _version = -1;

    internal RouteCache(VirtualHost host, BrokerConnection? by)
    {
        _host = host;
        _catalog = host.Catalog;
        _by = by;
    }

    /// <summary>Why the last one was refused; null when none was.</summary>
    public CatalogError? Refusal { get; private set; }

    public RouteStatus Resolve(ReadOnlySpan<byte> exchange, ReadOnlySpan<byte> routingKey, out Route route)
    {
        if (_version == _catalog.Version && ReferenceEquals(_access, _by?.Access))
        {
            if (_last is { } last && last.Matches(exchange, routingKey))
            {
                route = last;
                return RouteStatus.Found;
            }

            if (_routes is not null && _lookup.TryGetValue(new RouteKeySpan(exchange, routingKey), out route!))
            {
                _last = route;
                return RouteStatus.Found;
            }
        }

        return ResolveAnew(exchange, routingKey, out route);
    }

    /// <summary>
    /// For messages with further routing keys (CC, BCC) or on their way through a headers exchange. Not cached.
    /// </summary>
    public RouteStatus Resolve(
        ReadOnlySpan<byte> exchange, ReadOnlySpan<byte> routingKey, IReadOnlyList<byte[]> extraKeys,
        IHeaderLookup? headers, out Route route)
    {
        route = null!;
        var status = Find(exchange, routingKey, extraKeys, out var found);
        if (status != RouteStatus.Found) return status;
        _result.Clear();
        var context = new RouteHeaders(headers);
        _catalog.Route(found, routingKey, extraKeys, in context, _result);
        route = new Route(exchange, routingKey, Queues(_result));
        return RouteStatus.Found;
    }

    private RouteStatus ResolveAnew(ReadOnlySpan<byte> exchange, ReadOnlySpan<byte> routingKey, out Route route)
    {
        route = null!;

        // Read before catalog and rules are asked: a change in between then makes what is cached here stale, never the
        // other way round.
        var version = _catalog.Version;
        var access = _by?.Access;
        var status = Find(exchange, routingKey, [], out var found);
        if (status != RouteStatus.Found) return status;
        _result.Clear();
        _catalog.Route(found, routingKey, RouteHeaders.None, _result);
        if (_result.DependsOnHeaders) return RouteStatus.NeedsHeaders;
        route = new Route(exchange, routingKey, Queues(_result));
        Remember(route, version, access);
        return RouteStatus.Found;
    }

    private RouteStatus Find(
        ReadOnlySpan<byte> name, ReadOnlySpan<byte> routingKey, IReadOnlyList<byte[]> extraKeys, out Exchange exchange)
    {
        if (!_catalog.TryGetExchange(name, out var found))
        {
            exchange = null!;
            return RouteStatus.NoExchange;
        }

        exchange = found!;
        if (_by is { Access.IsFull: false } && !MayPublish(exchange, routingKey, extraKeys, _by))
            return RouteStatus.AccessRefused;
        return exchange.Internal ? RouteStatus.InternalExchange : RouteStatus.Found;
    }

    private bool MayPublish(
        Exchange exchange, ReadOnlySpan<byte> routingKey, IReadOnlyList<byte[]> extraKeys, BrokerConnection by)
    {
        Refusal = _host.CheckExchangeAccess(AccessKind.Write, exchange.Name, by)
            ?? _host.CheckKey(AccessKind.Write, exchange, Encoding.UTF8.GetString(routingKey), by);
        foreach (var key in extraKeys)
            Refusal ??= _host.CheckKey(AccessKind.Write, exchange, Encoding.UTF8.GetString(key), by);
        return Refusal is null;
    }

    private void Remember(Route route, int version, AccessRules? access)
    {
        if (_routes is null)
        {
            _routes = new Dictionary<RouteKey, Route>(RouteKeyComparer.Instance);
            _lookup = _routes.GetAlternateLookup<RouteKeySpan>();
        }

        var isStale = _version != version || !ReferenceEquals(_access, access);
        if (isStale || _routes.Count >= RoutesMax) _routes.Clear();
        _version = version;
        _access = access;
        _last = route;
        if (route.RoutingKey.Length <= KeptKeyBytesMax)
            _routes[new RouteKey(route.ExchangeBytes, route.RoutingKeyBytes)] = route;
    }

    private static BrokerQueue[] Queues(RouteResult result)
    {
        var queues = new BrokerQueue[result.Count];
        for (var i = 0; i < queues.Length; i++) queues[i] = (BrokerQueue)result[i];
        return queues;
    }

    /// <summary>The arrays are the route's own.</summary>
    private readonly record struct RouteKey(byte[] Exchange, byte[] RoutingKey);

    private readonly ref struct RouteKeySpan(ReadOnlySpan<byte> exchange, ReadOnlySpan<byte> routingKey)
    {
        public readonly ReadOnlySpan<byte> Exchange = exchange;
        public readonly ReadOnlySpan<byte> RoutingKey = routingKey;
    }

    private sealed class RouteKeyComparer : IEqualityComparer<RouteKey>,
    IAlternateEqualityComparer<RouteKeySpan, RouteKey>
    {
        public static readonly RouteKeyComparer Instance = new();

        public bool Equals(RouteKey x, RouteKey y) =>
            x.RoutingKey.AsSpan().SequenceEqual(y.RoutingKey) && x.Exchange.AsSpan().SequenceEqual(y.Exchange);

        public bool Equals(RouteKeySpan alternate, RouteKey other) =>
            alternate.RoutingKey.SequenceEqual(other.RoutingKey) && alternate.Exchange.SequenceEqual(other.Exchange);

        public int GetHashCode(RouteKey key) => Hash(key.Exchange, key.RoutingKey);

        public int GetHashCode(RouteKeySpan alternate) => Hash(alternate.Exchange, alternate.RoutingKey);

        public RouteKey Create(RouteKeySpan alternate) =>
            new(alternate.Exchange.ToArray(), alternate.RoutingKey.ToArray());

        private static int Hash(ReadOnlySpan<byte> exchange, ReadOnlySpan<byte> routingKey)
        {
            // Seeded per process, so a client can't choose keys that collide.
            var hash = default(HashCode);
            hash.AddBytes(exchange);
            hash.AddBytes(routingKey);
            return hash.ToHashCode();
        }
    }
}
