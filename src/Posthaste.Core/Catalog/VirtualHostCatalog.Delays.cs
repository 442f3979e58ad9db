using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Posthaste.Core.Queues;
using Posthaste.Core.Routing;
using Posthaste.Primitives.Tables;

namespace Posthaste.Core.Catalog;

/// <content>
/// The queues that hold delayed messages: one for an exchange that ever had one, which clients neither see nor name.
/// </content>
public sealed partial class VirtualHostCatalog
{
    /// <summary>What their names begin with, which only logs show.</summary>
    private const string DelayQueuePrefix = "amq.delayed.";

    // By the exchange's name. In a replay one can be there before its exchange: the state is then ahead of the facts.
    private readonly ConcurrentDictionary<string, CatalogQueue> _delayQueues = new(concurrencyLevel: 1, capacity: 1);

    /// <summary>All of them, in no particular order; may run while commands do.</summary>
    public IEnumerable<CatalogQueue> DelayQueues => _delayQueues.Select(entry => entry.Value);

    /// <summary>Makes the queue for an exchange's delayed messages, or finds the one that is there.</summary>
    /// <param name="exchange">Any; with it the queue goes.</param>
    public CatalogOutcome DeclareDelayQueue(Exchange exchange)
    {
        ArgumentNullException.ThrowIfNull(exchange);
        if (exchange.DelayQueue is { } known)
            return CatalogOutcome.Unchanged with { Queue = known };
        if (!TryGetExchange(exchange.NameBytes, out var current) || !ReferenceEquals(current, exchange))
            return ExchangeNotFound(exchange.Name);

        var edit = new CatalogEdit();
        var queue = AddDelayQueue(_ids.NextQueueId(), exchange.Name, exchange.IsDurable);
        edit.Record(queue.IsDurable, new DelayQueueDeclared(queue.Id, exchange.Name));
        return edit.ToOutcome(queue);
    }

    /// <summary>Finds one by its id.</summary>
    public bool TryGetDelayQueue(ulong id, [NotNullWhen(true)] out CatalogQueue? queue)
    {
        queue = DelayQueues.FirstOrDefault(candidate => candidate.Id == id);
        return queue is not null;
    }

    /// <summary>Whether this exchange holds the message back; then the result says so.</summary>
    private static bool IsDelayed(Exchange exchange, in RouteHeaders headers, RouteResult into)
    {
        if (exchange.Type != ExchangeType.DelayedMessage)
            return false;
        into.DependsOnHeaders = true;
        if (headers.IsDelayOver || !DelayHeader.TryRead(headers, out var delayMs))
            return false;
        into.Delay(exchange, delayMs);
        return true;
    }

    private CatalogQueue AddDelayQueue(ulong id, string exchange, bool durable)
    {
        var queue = _factory.Create(new QueueDefinition(
            id, DelayQueuePrefix + exchange, durable, Exclusive: false, OwnerConnectionId: 0, AutoDelete: false,
            FieldTable.Empty, new QueueSettings { DelayedFor = exchange }));
        _delayQueues[exchange] = queue;
        if (TryGetExchange(exchange, out var found))
            found.DelayQueue = queue;
        return queue;
    }

    private void DropDelayQueue(CatalogQueue queue, CatalogEdit edit)
    {
        var exchange = queue.Definition.Settings.DelayedFor!;
        _delayQueues.TryRemove(exchange, out _);
        if (TryGetExchange(exchange, out var found))
            found.DelayQueue = null;
        queue.MarkDeleted();
        edit.RecordDeleted(queue);
    }

    private void ApplyDelayQueue(DelayQueueDeclared declared)
    {
        _ids.MarkUsed(declared.QueueId);

        // One with a higher id: the state is ahead of this fact, and the fact that deletes this queue follows.
        if (!_delayQueues.TryGetValue(declared.Exchange, out var known))
            AddDelayQueue(declared.QueueId, declared.Exchange, durable: true);
        else if (known.Id < declared.QueueId)
            throw new InvalidOperationException(
                $"Queue {declared.QueueId} is declared for delayed messages that {known.Id} has.");
    }
}
