using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Posthaste.Core.Queues;
using Posthaste.Core.Routing;
using Posthaste.Primitives.Tables;

namespace Posthaste.Core.Catalog;

/// <summary>
/// What is declared in one virtual host: exchanges, queues and the bindings between them, with the rules of declaring,
/// and the way of a message from an exchange to queues.
/// </summary>
/// <remarks>
/// Commands and replay come from one thread at a time (the broker's catalog lock). Lookups and routing are lock-free
/// from any thread; they see a command's parts as they happen, and <see cref="Version"/> grows when all of them have.
/// No clock, no I/O, no tasks. Memory: about 300 bytes per queue beside the live queue, bounded by
/// <see cref="CatalogLimits"/>. A refused command changes nothing and says why in its outcome.
/// </remarks>
public sealed partial class VirtualHostCatalog
{
    /// <summary>Names that start like this belong to the broker.</summary>
    public const string ReservedPrefix = "amq.";

    /// <summary>The exchange that every queue is reached through by its own name.</summary>
    public const string DefaultExchangeName = "";

    /// <summary>
    /// Where the firehose publishes what is published and delivered; bound to from any queue, published to by nobody
    /// else.
    /// </summary>
    public const string TraceExchangeName = "amq.rabbitmq.trace";

    /// <summary>Where the broker publishes what happens; in one virtual host.</summary>
    public const string EventExchangeName = "amq.rabbitmq.event";

    private readonly IQueueFactory _factory;
    private readonly CatalogLimits _limits;
    private readonly CatalogIds _ids;
    private readonly Utf8Map<CatalogQueue> _queuesByName = new();
    private readonly ConcurrentDictionary<ulong, CatalogQueue> _queuesById = new(concurrencyLevel: 1, capacity: 1);
    private readonly Utf8Map<Exchange> _exchanges = new();
    private readonly Interner<FieldTable> _tables = new();
    private readonly Interner<QueueSettings> _settings = new();
    private int _declaredExchangeCount;
    private long _bindingKeyBytes;
    private int _version;

    /// <summary>Makes a virtual host with the predeclared exchanges.</summary>
    /// <param name="name">The virtual host's name, for errors.</param>
    /// <param name="factory">Makes the live queues.</param>
    /// <param name="limits">Bounds on what can be declared.</param>
    /// <param name="ids">Shared by the virtual hosts of a broker.</param>
    public VirtualHostCatalog(string name, IQueueFactory factory, CatalogLimits limits, CatalogIds ids)
    {
        Name = name;
        _factory = factory;
        _limits = limits;
        _ids = ids;
        AddPredeclared(DefaultExchangeName, ExchangeType.Direct, new QueueNameRouter(_queuesByName));
        AddPredeclared("amq.direct", ExchangeType.Direct);
        AddPredeclared("amq.fanout", ExchangeType.Fanout);
        AddPredeclared("amq.topic", ExchangeType.Topic);
        AddPredeclared("amq.headers", ExchangeType.Headers);
        AddPredeclared("amq.match", ExchangeType.Headers);
        AddPredeclared(TraceExchangeName, ExchangeType.Topic, isInternal: true);
    }

    public string Name { get; }

    /// <summary>Who is told what comes and goes; null for nobody.</summary>
    public ICatalogWatcher? Watcher { get; set; }

    /// <summary>
    /// Grows after every command that can change where a message goes. A route found after reading it holds for as long
    /// as it stays the same.
    /// </summary>
    public int Version => Volatile.Read(ref _version);

    public int QueueCount { get; private set; }

    /// <summary>Queues that may be declared; null for as many as <see cref="CatalogLimits"/> allow.</summary>
    public long? QueuesMax { get; set; }

    /// <summary>
    /// What queues are whose declaration does not say so, unless they ask for what such queues are never.
    /// </summary>
    public QueueType DefaultQueueType { get; set; }

    public int BindingCount { get; private set; }

    /// <summary>All queues, in no particular order; may run while commands do.</summary>
    public IEnumerable<CatalogQueue> Queues => _queuesById.Select(entry => entry.Value);

    /// <summary>All exchanges, in no particular order; may run while commands do.</summary>
    public IEnumerable<Exchange> Exchanges => _exchanges.Values;

    public bool TryGetQueue(string name, [NotNullWhen(true)] out CatalogQueue? queue) =>
        _queuesByName.TryGet(name, out queue);

    public bool TryGetQueue(ReadOnlySpan<byte> utf8Name, [NotNullWhen(true)] out CatalogQueue? queue) =>
        _queuesByName.TryGet(utf8Name, out queue);

    public bool TryGetQueue(ulong id, [NotNullWhen(true)] out CatalogQueue? queue) =>
        _queuesById.TryGetValue(id, out queue);

    public bool TryGetExchange(string name, [NotNullWhen(true)] out Exchange? exchange) =>
        _exchanges.TryGet(name, out exchange);

    public bool TryGetExchange(ReadOnlySpan<byte> utf8Name, [NotNullWhen(true)] out Exchange? exchange) =>
        _exchanges.TryGet(utf8Name, out exchange);

    /// <summary>
    /// Whether the connection may consume from, get from, purge or bind the queue; the error to answer if not.
    /// </summary>
    public CatalogError? CheckExclusive(CatalogQueue queue, ulong connectionId) =>
        !queue.Definition.Exclusive || queue.Definition.OwnerConnectionId == connectionId
            ? null
            : CatalogErrors.Locked(CatalogErrors.Queue(queue.Name, Name));

    /// <summary>The error for a queue that is not there.</summary>
    public CatalogError QueueNotFound(string name) => CatalogErrors.NotFound(CatalogErrors.Queue(name, Name));

    /// <summary>The error for an exchange that is not there.</summary>
    public CatalogError ExchangeNotFound(string name) => CatalogErrors.NotFound(CatalogErrors.Exchange(name, Name));

    /// <summary>
    /// Adds the queues that the message reaches to the result: through bindings, from exchange to exchange (loops
    /// end), and where an exchange has no binding that matches, through its alternate exchange. An exchange that delays
    /// the message is noted in the result; what lies behind it is found when the delay is over. Allocates nothing
    /// once the result is warm, unless a headers exchange is on the way.
    /// </summary>
    public void Route(Exchange exchange, ReadOnlySpan<byte> key, in RouteHeaders headers, RouteResult into) =>
        Route(exchange, key, [], headers, into);

    /// <summary>
    /// The same for a message with several routing keys (`CC` and `BCC`): a binding matches if it matches any of them,
    /// and an alternate exchange is for messages none of whose keys match.
    /// </summary>
    public void Route(
        Exchange exchange, ReadOnlySpan<byte> key, IReadOnlyList<byte[]> moreKeys, in RouteHeaders headers,
        RouteResult into)
    {
        var visited = into.Exchanges;
        visited.Clear();
        visited.Add(exchange);
        for (var i = 0; i < visited.Count; i++)
        {
            var current = visited[i];
            if (IsDelayed(current, headers, into))
                continue;
            into.HasMatched = false;
            current.Router.Route(key, headers, into);
            if (current.Router.UsesKey)
            {
                for (var another = 0; another < moreKeys.Count; another++)
                    current.Router.Route(moreKeys[another], headers, into);
            }

            if (!into.HasMatched && current.AlternateNameBytes is { } name && TryGetExchange(name, out var alternate))
                visited.Add(alternate);
        }
    }

    /// <summary>
    /// Takes everything out, also what is predeclared: the virtual host is deleted, and a message that is routed from
    /// now on finds no exchange.
    /// </summary>
    /// <returns>The queues that were there, also those of delayed messages.</returns>
    public IReadOnlyList<CatalogQueue> Clear()
    {
        CatalogQueue[] queues = [.. Queues, .. DelayQueues];
        foreach (var queue in queues)
            queue.MarkDeleted();
        _exchanges.Clear();
        _queuesByName.Clear();
        _queuesById.Clear();
        _delayQueues.Clear();
        QueueCount = 0;
        BindingCount = 0;
        _declaredExchangeCount = 0;
        _bindingKeyBytes = 0;
        MarkChanged();
        return queues;
    }

    /// <summary>Predeclares the exchange of events: this is the virtual host that has it.</summary>
    public void AddEventExchange() => AddPredeclared(EventExchangeName, ExchangeType.Topic, isInternal: true);

    private void AddPredeclared(string name, ExchangeType type, Router? router = null, bool isInternal = false)
    {
        var definition = new ExchangeDefinition(
            name, type, Durable: true, AutoDelete: false, isInternal, FieldTable.Empty, AlternateExchange: null);
        var exchange = new Exchange(definition, router ?? Router.Create(type));
        _exchanges.Set(exchange.NameBytes, exchange);
    }

    // After the change and not before: who reads the new version must not find the old routes.
    private void MarkChanged() => Volatile.Write(ref _version, _version + 1);
}
