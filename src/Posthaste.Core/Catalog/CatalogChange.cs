using Posthaste.Primitives.Tables;

namespace Posthaste.Core.Catalog;

/// <summary>The kinds of changes as the journal spells them. Persisted: grow only.</summary>
internal enum CatalogChangeKind : byte
{
    ExchangeDeclared = 1,
    ExchangeDeleted = 2,
    QueueDeclared = 3,
    QueueDeleted = 4,
    BindingAdded = 5,
    BindingRemoved = 6,
    QueueIdsUsed = 7,
    VirtualHostAdded = 8,
    VirtualHostRemoved = 9,
    DelayQueueDeclared = 10,
    VirtualHostIdsUsed = 11,
}

/// <summary>
/// A durable fact about what is declared, as the journal keeps it. Applying a history from any point onto a later state
/// ends in the same state: queues are told apart by id, everything else ends as its last fact says.
/// </summary>
public abstract record CatalogChange
{
    // Closed: the codec and the catalog know all kinds.
    private protected CatalogChange()
    {
    }

    /// <summary>What takes the change back; null for what takes something away itself.</summary>
    public virtual CatalogChange? Inverse => null;
}

/// <summary>An exchange is there.</summary>
public sealed record ExchangeDeclared(ExchangeDefinition Definition) : CatalogChange
{
    public override CatalogChange Inverse => new ExchangeDeleted(Definition.Name);
}

/// <summary>An exchange is gone, and every binding from or to it.</summary>
public sealed record ExchangeDeleted(string Name) : CatalogChange;

/// <summary>A queue is there.</summary>
public sealed record QueueDeclared(QueueDefinition Definition) : CatalogChange
{
    public override CatalogChange Inverse => new QueueDeleted(Definition.Id);
}

/// <summary>
/// A queue is there that holds an exchange's delayed messages; a <see cref="QueueDeleted"/> takes it away.
/// </summary>
public sealed record DelayQueueDeclared(ulong QueueId, string Exchange) : CatalogChange
{
    public override CatalogChange Inverse => new QueueDeleted(QueueId);
}

/// <summary>A queue is gone, and every binding to it.</summary>
public sealed record QueueDeleted(ulong QueueId) : CatalogChange;

/// <summary>A binding is there.</summary>
public sealed record BindingAdded(BindingDefinition Binding) : CatalogChange
{
    public override CatalogChange Inverse => new BindingRemoved(Binding);
}

/// <summary>A binding is gone.</summary>
public sealed record BindingRemoved(BindingDefinition Binding) : CatalogChange;

/// <summary>Queue ids up to this one have been given out; no new queue may get one of them.</summary>
public sealed record QueueIdsUsed(ulong LastQueueId) : CatalogChange;

/// <summary>
/// A virtual host is there. For the broker's list of virtual hosts, not for a virtual host's catalog.
/// </summary>
public sealed record VirtualHostAdded(uint VirtualHostId, string Name) : CatalogChange;

/// <summary>A virtual host is gone with all that is in it. Like <see cref="VirtualHostAdded"/>.</summary>
public sealed record VirtualHostRemoved(uint VirtualHostId) : CatalogChange;

/// <summary>Virtual hosts' ids up to this one have been given out; no new one may get one of them.</summary>
public sealed record VirtualHostIdsUsed(uint LastVirtualHostId) : CatalogChange;

/// <summary>The identity of a binding in terms that survive a restart.</summary>
/// <param name="Source">Name of the exchange where it starts.</param>
/// <param name="DestinationQueueId">Queue that it leads to; 0 if it leads to an exchange.</param>
/// <param name="DestinationExchange">Exchange that it leads to; "" if it leads to a queue.</param>
/// <param name="Key">Binding key.</param>
/// <param name="Arguments">Sorted by name.</param>
public sealed record BindingDefinition(
    string Source, ulong DestinationQueueId, string DestinationExchange, string Key, FieldTable Arguments)
{
    public bool LeadsToQueue => DestinationQueueId != 0;
}
