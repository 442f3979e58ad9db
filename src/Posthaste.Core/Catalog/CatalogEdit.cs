using Posthaste.Core.Routing;

namespace Posthaste.Core.Catalog;

/// <summary>
/// What one command has changed so far, and the exchanges that may have lost their last binding by it.
/// </summary>
internal sealed class CatalogEdit
{
    private List<CatalogChange>? _changes;
    private List<CatalogQueue>? _deletedQueues;
    private Queue<Exchange>? _bereft;

    /// <summary>Auto-delete exchanges that a binding was taken from.</summary>
    public Queue<Exchange> Bereft => _bereft ??= [];

    /// <summary>Notes a fact to be journaled if what it is about survives a restart.</summary>
    public void Record(bool durable, CatalogChange change)
    {
        if (durable)
            (_changes ??= new(1)).Add(change);
    }

    public void RecordDeleted(CatalogQueue queue)
    {
        (_deletedQueues ??= new(1)).Add(queue);
        Record(queue.IsDurable, new QueueDeleted(queue.Id));
    }

    public CatalogOutcome ToOutcome(CatalogQueue? queue = null, Exchange? exchange = null) => new()
    {
        Queue = queue,
        Exchange = exchange,
        Changed = true,
        Changes = _changes ?? [],
        DeletedQueues = _deletedQueues ?? [],
    };
}
