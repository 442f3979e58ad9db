using System.Text;
using Posthaste.Core.Queues;
using Posthaste.Core.Routing;
using Posthaste.Primitives.Tables;

namespace Posthaste.Core.Catalog;

/// <summary>What a queue was declared as.</summary>
/// <param name="Id">
/// Unique within the broker and never used again, so facts about a deleted queue cannot hit its successor.
/// </param>
/// <param name="Name">Unique within the virtual host; at most 255 bytes of UTF-8.</param>
/// <param name="Durable">Survives a restart: declared durable and not exclusive. Always true for quorum queues.</param>
/// <param name="Exclusive">Only its owner's connection may use it; it is gone with that connection.</param>
/// <param name="OwnerConnectionId">Connection that declared an exclusive queue; 0 for others.</param>
/// <param name="AutoDelete">Goes with its last consumer.</param>
/// <param name="Arguments">As declared, for comparisons and for showing.</param>
/// <param name="Settings">What the arguments mean; see <see cref="QueueArguments"/>.</param>
public sealed record QueueDefinition(
    ulong Id, string Name, bool Durable, bool Exclusive, ulong OwnerConnectionId, bool AutoDelete,
    FieldTable Arguments, QueueSettings Settings);

/// <summary>
/// A queue as the catalog knows it; the broker derives its live queue from this. Everything here may be read from any
/// thread.
/// </summary>
public abstract class CatalogQueue : RouteTarget
{
    private volatile bool _isDeleted;

    protected CatalogQueue(QueueDefinition definition)
        : base(definition.Name)
    {
        Definition = definition;
        NameBytes = Encoding.UTF8.GetBytes(definition.Name);
    }

    public QueueDefinition Definition { get; }

    public ulong Id => Definition.Id;

    public override bool IsDurable => Definition.Durable;

    /// <summary>Whether the catalog has let go of it: a route found before that may still name it.</summary>
    public bool IsDeleted => _isDeleted;

    /// <summary>Consumers attached now; decides `if-unused`.</summary>
    public abstract int ConsumerCount { get; }

    /// <summary>Ready messages now; decides `if-empty`.</summary>
    public abstract long MessageCount { get; }

    internal byte[] NameBytes { get; }

    internal void MarkDeleted() => _isDeleted = true;
}

/// <summary>Makes the live queue for a definition.</summary>
public interface IQueueFactory
{
    /// <summary>Called while the catalog's command runs; must not call back into the catalog.</summary>
    CatalogQueue Create(QueueDefinition definition);
}
