using Posthaste.Core.Routing;

namespace Posthaste.Core.Catalog;

/// <content>Getting back to what was declared before a restart.</content>
public sealed partial class VirtualHostCatalog
{
    /// <summary>
    /// Takes in a fact from the journal. A fact that is in already, or that later facts have overtaken, changes
    /// nothing. No limits, no owners, and no exchange deletes itself: whatever followed from a command is in the
    /// journal as a fact of its own, and what was not durable then is not there now.
    /// </summary>
    /// <exception cref="ArgumentException">A fact about virtual hosts.</exception>
    public void Apply(CatalogChange change)
    {
        switch (change)
        {
            case ExchangeDeclared declared:
                if (!TryGetExchange(declared.Definition.Name, out _))
                    AddExchange(declared.Definition);
                break;
            case ExchangeDeleted deleted:
                if (TryGetExchange(deleted.Name, out var exchange) && !exchange.IsPredeclared)
                {
                    // Its delayed messages are told apart by their queue's id: a fact of its own says that they go.
                    exchange.DelayQueue = null;
                    DropExchange(exchange, new CatalogEdit());
                }

                break;
            case QueueDeclared declared:
                ApplyDeclared(declared.Definition);
                break;
            case QueueDeleted deleted:
                if (TryGetQueue(deleted.QueueId, out var queue))
                    DropQueue(queue, new CatalogEdit());
                else if (TryGetDelayQueue(deleted.QueueId, out var delayed))
                    DropDelayQueue(delayed, new CatalogEdit());
                break;
            case DelayQueueDeclared declared:
                ApplyDelayQueue(declared);
                break;
            case BindingAdded added:
                if (Resolve(added.Binding) is { } binding && !binding.Source.TryGetBinding(binding, out _))
                    AddBinding(binding);
                break;
            case BindingRemoved removed:
                if (Resolve(removed.Binding) is { } equal && equal.Source.TryGetBinding(equal, out var known))
                    DropBinding(known!, new CatalogEdit());
                break;
            case QueueIdsUsed used:
                _ids.MarkUsed(used.LastQueueId);
                break;
            default:
                throw new ArgumentException($"{change} is not about a virtual host's content.", nameof(change));
        }

        MarkChanged();
    }

    /// <summary>
    /// Facts that, applied to an empty catalog, make the durable part of this one. To be enumerated without commands
    /// in between.
    /// </summary>
    public IEnumerable<CatalogChange> Snapshot()
    {
        yield return new QueueIdsUsed(_ids.LastQueueId);
        var exchanges = Exchanges.Where(exchange => exchange.IsDurable)
            .OrderBy(exchange => exchange.Name, StringComparer.Ordinal).ToArray();
        foreach (var exchange in exchanges)
        {
            if (!exchange.IsPredeclared)
                yield return new ExchangeDeclared(exchange.Definition);
        }

        foreach (var queue in DelayQueues.Where(queue => queue.IsDurable).OrderBy(queue => queue.Id))
            yield return new DelayQueueDeclared(queue.Id, queue.Definition.Settings.DelayedFor!);
        foreach (var queue in Queues.Where(queue => queue.IsDurable).OrderBy(queue => queue.Id))
            yield return new QueueDeclared(queue.Definition);
        foreach (var binding in exchanges.SelectMany(exchange => exchange.Bindings))
        {
            if (binding.IsDurable)
                yield return new BindingAdded(Describe(binding));
        }
    }

    private void ApplyDeclared(QueueDefinition definition)
    {
        _ids.MarkUsed(definition.Id);
        if (TryGetQueue(definition.Name, out var known) && known.Id < definition.Id)
            throw new InvalidOperationException($"Queue {definition.Id} is declared while {known.Id} has its name.");

        // One with a higher id: the state is ahead of this fact, and the fact that deletes this queue follows.
        if (known is null)
            AddQueue(definition);
    }

    private Binding? Resolve(BindingDefinition definition)
    {
        if (!TryGetExchange(definition.Source, out var source))
            return null;

        RouteTarget? destination = null;
        if (definition.LeadsToQueue && TryGetQueue(definition.DestinationQueueId, out var queue))
            destination = queue;
        else if (!definition.LeadsToQueue && TryGetExchange(definition.DestinationExchange, out var exchange))
            destination = exchange;
        return destination is null ? null : new Binding(source, destination, definition.Key, definition.Arguments);
    }
}
