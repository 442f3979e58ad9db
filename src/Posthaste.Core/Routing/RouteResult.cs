using Posthaste.Core.Catalog;

namespace Posthaste.Core.Routing;

/// <summary>
/// Where a message goes: queues, each once, in the order in which they were found. Owned by one thread, cleared and
/// used again; holds the scratch memory of routing too, so that routing allocates nothing once it is warm.
/// </summary>
public sealed class RouteResult
{
    private readonly DistinctList<CatalogQueue> _queues = new();
    private readonly DistinctList<Exchange> _delayedBy = new();

    /// <summary>Queues found so far.</summary>
    public int Count => _queues.Count;

    /// <summary>The queues found so far; valid until the result changes.</summary>
    public ReadOnlySpan<CatalogQueue> Queues => _queues.Items;

    public CatalogQueue this[int index] => _queues[index];

    /// <summary>
    /// Whether the same key with other headers could have led elsewhere: such a route is good for this message alone.
    /// </summary>
    public bool DependsOnHeaders { get; internal set; }

    /// <summary>
    /// Exchanges of the walk under way in the order of the visit; each is visited once, so loops end.
    /// </summary>
    internal DistinctList<Exchange> Exchanges { get; } = new();

    /// <summary>Whether a binding of the exchange being visited matched; else its alternate exchange is next.</summary>
    internal bool HasMatched { get; set; }

    internal DistinctList<TopicNode> TopicStates { get; private set; } = new();

    internal DistinctList<TopicNode> NextTopicStates { get; private set; } = new();

    /// <summary>Milliseconds for which <see cref="DelayedBy"/> hold the message back; 0 when none does.</summary>
    public long DelayMs { get; private set; }

    /// <summary>The exchanges that delay the message; valid until the result changes.</summary>
    public ReadOnlySpan<Exchange> DelayedBy => _delayedBy.Items;

    /// <summary>Forgets the queues.</summary>
    public void Clear()
    {
        _queues.Clear();
        _delayedBy.Clear();
        DelayMs = 0;
        DependsOnHeaders = false;
    }

    internal void Delay(Exchange exchange, long delayMs)
    {
        DelayMs = delayMs;
        _delayedBy.Add(exchange);
    }

    internal void Reach(RouteTarget target)
    {
        HasMatched = true;
        if (target is CatalogQueue queue)
            _queues.Add(queue);
        else
            Exchanges.Add((Exchange)target);
    }

    internal void Reach(TargetSet? targets)
    {
        if (targets is null)
            return;
        foreach (var target in targets.Slots)
        {
            if (target is not null)
                Reach(target);
        }
    }

    internal void AdvanceTopic() => (TopicStates, NextTopicStates) = (NextTopicStates, TopicStates);
}
