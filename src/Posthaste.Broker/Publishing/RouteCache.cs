using System.Text;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Formats;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Security.Access;
using Posthaste.Broker.Statistics;
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

    /// <summary>The exchange is internal: clients may not publish to it, the broker may.</summary>
    InternalExchange,

    /// <summary>
    /// The user may not publish to the exchange, or not with this key, or nothing can hold the message back;
    /// <see cref="RouteCache.Refusal"/> says so.
    /// </summary>
    AccessRefused,
}

/// <summary>
/// Routes that a connection has used, by exchange and key. The last one costs a comparison of bytes, the others a hash.
/// All are forgotten when anything changes that could change a route. Owned by the connection's reader.
/// </summary>
/// <remarks>
/// In the default exchange a key that is a <see cref="ReplyAddress"/> means a publish to the exchange in it: the route
/// then has that exchange and its key, so that consumers see the answer as any other message there. If that exchange
/// is gone, or clients may not publish to it, nobody waits for the answer: the route is empty.
/// </remarks>
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
        var context = new RouteHeaders(headers);
        _result.Clear();
        if (!TryForward(exchange, routingKey, stackalloc byte[ReplyAddress.ExchangeBytesMax], out var address))
            return RouteIn(exchange, routingKey, extraKeys, in context, out route);

        // Only the key of the message itself is an address; the others mean queues of the default exchange.
        if (extraKeys.Count > 0)
        {
            var refused = RouteIn(exchange, extraKeys[0], [.. extraKeys.Skip(1)], in context, out route);
            if (refused != RouteStatus.Found) return refused;
        }

        return Forward(address, in context, out route);
    }

    /// <summary>
    /// For messages that their protocol delays, whatever the exchange's type: where they go is found out when they are
    /// due. Not cached.
    /// </summary>
    /// <param name="delayMs">Above 0; more than <see cref="DelayHeader.DelayMsMax"/> counts as that.</param>
    public RouteStatus ResolveDelayed(
        ReadOnlySpan<byte> exchange, ReadOnlySpan<byte> routingKey, long delayMs, out Route route)
    {
        route = null!;
        var status = Find(exchange, routingKey, [], out var found);
        if (status != RouteStatus.Found) return status;
        var queue = _host.DelayQueueOf(found);
        if (queue.Error is { } error) return Refuse(error);
        delayMs = Math.Min(delayMs, DelayHeader.DelayMsMax);
        route = new Route(exchange, routingKey, [queue.Queue!], delayMs) { Meter = _host.MeterOf(found) };
        return RouteStatus.Found;
    }

    private RouteStatus ResolveAnew(ReadOnlySpan<byte> exchange, ReadOnlySpan<byte> routingKey, out Route route)
    {
        route = null!;

        // Read before catalog and rules are asked: a change in between then makes what is cached here stale, never the
        // other way round.
        var version = _catalog.Version;
        var access = _by?.Access;
        var context = RouteHeaders.None;
        _result.Clear();
        var status = TryForward(exchange, routingKey, stackalloc byte[ReplyAddress.ExchangeBytesMax], out var address)
            ? Forward(address, in context, out route)
            : RouteIn(exchange, routingKey, [], in context, out route);
        if (status != RouteStatus.Found) return status;
        if (_result.DependsOnHeaders) return RouteStatus.NeedsHeaders;
        route.Version = version;
        Remember(exchange, routingKey, route, version, access);
        return RouteStatus.Found;
    }

    private static bool TryForward(
        ReadOnlySpan<byte> exchange, ReadOnlySpan<byte> routingKey, Span<byte> scratch, out ReplyAddress address)
    {
        address = default;
        return exchange.IsEmpty && ReplyAddress.TryParse(routingKey, scratch, out address);
    }

    private RouteStatus Forward(ReplyAddress address, in RouteHeaders context, out Route route)
    {
        var status = RouteIn(address.Exchange, address.RoutingKey, [], in context, out route);
        return status is RouteStatus.NoExchange or RouteStatus.InternalExchange
            ? ToRoute(address.Exchange, address.RoutingKey, meter: null, out route)
            : status;
    }

    /// <summary>Adds the queues to the result, and makes the route of all that are in it.</summary>
    private RouteStatus RouteIn(
        ReadOnlySpan<byte> exchange, ReadOnlySpan<byte> routingKey, IReadOnlyList<byte[]> extraKeys,
        in RouteHeaders context, out Route route)
    {
        route = null!;
        var status = Find(exchange, routingKey, extraKeys, out var found);
        if (status != RouteStatus.Found) return status;
        _catalog.Route(found, routingKey, extraKeys, in context, _result);
        return ToRoute(exchange, routingKey, _host.MeterOf(found), out route);
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
        if (exchange.Internal && _by is not null) return RouteStatus.InternalExchange;
        _by?.NotePublish(exchange, _catalog.Version);
        return RouteStatus.Found;
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

    private void Remember(
        ReadOnlySpan<byte> exchange, ReadOnlySpan<byte> routingKey, Route route, int version, AccessRules? access)
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
        if (routingKey.Length <= KeptKeyBytesMax)
            _routes[KeyOf(exchange, routingKey, route)] = route;
    }

    /// <summary>The names of the route itself, unless a reply address was asked for.</summary>
    private static RouteKey KeyOf(ReadOnlySpan<byte> exchange, ReadOnlySpan<byte> routingKey, Route route) =>
        route.Matches(exchange, routingKey)
            ? new RouteKey(route.ExchangeBytes, route.RoutingKeyBytes)
            : new RouteKey(exchange.ToArray(), routingKey.ToArray());

    /// <summary>The route to all queues of the result, and to those that hold what exchanges delay.</summary>
    private RouteStatus ToRoute(
        ReadOnlySpan<byte> exchange, ReadOnlySpan<byte> routingKey, ExchangeMeter? meter, out Route route)
    {
        route = null!;
        var delayedBy = _result.DelayedBy;
        var queues = new BrokerQueue[_result.Count + delayedBy.Length];
        for (var i = 0; i < _result.Count; i++) queues[i] = (BrokerQueue)_result[i];
        for (var i = 0; i < delayedBy.Length; i++)
        {
            var found = _host.DelayQueueOf(delayedBy[i]);
            if (found.Error is { } error) return Refuse(error);
            queues[_result.Count + i] = found.Queue!;
        }

        route = new Route(exchange, routingKey, queues, _result.DelayMs) { Meter = meter };
        return RouteStatus.Found;
    }

    private RouteStatus Refuse(CatalogError error)
    {
        Refusal = error;
        return RouteStatus.AccessRefused;
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
