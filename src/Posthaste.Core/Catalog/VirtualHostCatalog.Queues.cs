using Posthaste.Core.Queues;
using Posthaste.Primitives.Tables;

namespace Posthaste.Core.Catalog;

/// <content>Declaring and deleting queues.</content>
public sealed partial class VirtualHostCatalog
{
    /// <summary>Makes a queue, or finds the one that is there and is what was asked for.</summary>
    /// <param name="name">Without line breaks, which are taken out; "" for one that the broker makes up.</param>
    /// <param name="passive">Only find it; nothing but the owner is compared.</param>
    /// <param name="durable">Survives a restart, unless it is exclusive.</param>
    /// <param name="exclusive">Only for this connection, and gone with it.</param>
    /// <param name="autoDelete">Goes with its last consumer.</param>
    /// <param name="arguments">See <see cref="QueueArguments"/>.</param>
    /// <param name="connectionId">Who declares; never 0.</param>
    public CatalogOutcome DeclareQueue(
        string name, bool passive, bool durable, bool exclusive, bool autoDelete, FieldTable arguments,
        ulong connectionId)
    {
        name = CatalogNames.WithoutLineBreaks(name);
        if (passive)
            return FindQueue(name, connectionId);
        if (CatalogNames.IsReserved(name))
            return CatalogErrors.ReservedPrefix("queue", name);
        var flags = new QueueFlags(durable, exclusive, autoDelete);
        arguments = QueueArguments.WithDefaultType(arguments, flags, DefaultQueueType);
        if (TryGetQueue(name, out var existing))
            return Redeclare(existing, durable, exclusive, autoDelete, arguments, connectionId);

        var isServerNamed = name.Length == 0;
        if (isServerNamed)
            name = _ids.NextQueueName();
        if (CheckNewQueue(name, isServerNamed, flags, arguments, out var settings) is { } error)
            return error;

        var definition = new QueueDefinition(
            _ids.NextQueueId(), name, durable && !exclusive, exclusive, exclusive ? connectionId : 0, autoDelete,
            arguments, settings);
        var edit = new CatalogEdit();
        var queue = AddQueue(definition);
        edit.Record(queue.IsDurable, new QueueDeclared(queue.Definition));
        MarkChanged();
        return edit.ToOutcome(queue);
    }

    /// <summary>Deletes a queue with every binding to it. Succeeds if it is not there.</summary>
    /// <param name="name">The queue.</param>
    /// <param name="ifUnused">Refuse while it has consumers.</param>
    /// <param name="ifEmpty">Refuse while it has ready messages.</param>
    /// <param name="connectionId">Who deletes.</param>
    public CatalogOutcome DeleteQueue(string name, bool ifUnused, bool ifEmpty, ulong connectionId)
    {
        name = CatalogNames.WithoutLineBreaks(name);
        if (!TryGetQueue(name, out var queue))
            return CatalogOutcome.Unchanged;
        if (CheckExclusive(queue, connectionId) is { } locked)
            return locked;

        var what = CatalogErrors.Queue(name, Name);
        if (ifUnused && queue.ConsumerCount > 0)
            return CatalogErrors.InUse(what);
        if (ifEmpty && queue.MessageCount > 0)
            return CatalogErrors.NotEmpty(what);
        return RemoveQueue(queue);
    }

    /// <summary>
    /// Deletes a queue for the broker's own reasons: its last consumer, its owner or its time is gone. Does nothing if
    /// it is deleted already.
    /// </summary>
    public CatalogOutcome RemoveQueue(CatalogQueue queue)
    {
        ArgumentNullException.ThrowIfNull(queue);
        if (queue.IsDeleted)
            return CatalogOutcome.Unchanged;

        var edit = new CatalogEdit();
        DropQueue(queue, edit);
        DropBereft(edit);
        MarkChanged();
        return edit.ToOutcome(queue);
    }

    private CatalogOutcome FindQueue(string name, ulong connectionId)
    {
        if (!TryGetQueue(name, out var queue))
            return QueueNotFound(name);
        return CheckExclusive(queue, connectionId) is { } locked
            ? locked
            : CatalogOutcome.Unchanged with { Queue = queue };
    }

    private CatalogOutcome Redeclare(
        CatalogQueue queue, bool durable, bool exclusive, bool autoDelete, FieldTable arguments, ulong connectionId)
    {
        var what = CatalogErrors.Queue(queue.Name, Name);
        var owner = exclusive ? connectionId : 0;
        if (queue.Definition.OwnerConnectionId != owner)
            return CatalogErrors.Locked(what);
        return ArgumentEquivalence.Check(queue, durable && !exclusive, autoDelete, arguments, what) is { } difference
            ? difference
            : CatalogOutcome.Unchanged with { Queue = queue };
    }

    private CatalogError? CheckNewQueue(
        string name, bool isServerNamed, QueueFlags flags, FieldTable arguments, out QueueSettings settings)
    {
        var what = CatalogErrors.Queue(name, Name);
        if (!CatalogNames.Fits(name, _limits.NameBytesMax))
        {
            settings = new();
            return CatalogErrors.TooLong("queue name", _limits.NameBytesMax);
        }

        var error = CheckArguments(arguments, what);
        var argumentError = QueueArguments.Parse(name, Name, flags, arguments, out settings);
        error ??= argumentError;
        if (error is null && isServerNamed && settings.Type == QueueType.Quorum)
        {
            error = CatalogErrors.Precondition(
                $"Cannot declare a server-named queue for type {QueueArguments.ModuleName(settings.Type)}");
        }

        var queuesMax = Math.Min(QueuesMax ?? long.MaxValue, _limits.QueuesMax);
        if (error is null && QueueCount >= queuesMax)
            error = CatalogErrors.QueueLimit(name, Name, queuesMax);
        return error;
    }

    private CatalogQueue AddQueue(QueueDefinition definition)
    {
        var queue = _factory.Create(definition with
        {
            Arguments = _tables.Intern(definition.Arguments),
            Settings = _settings.Intern(definition.Settings),
        });
        _queuesById[queue.Id] = queue;
        _queuesByName.Set(queue.NameBytes, queue);
        QueueCount++;
        Watcher?.Added(queue);
        return queue;
    }

    private void DropQueue(CatalogQueue queue, CatalogEdit edit)
    {
        _queuesByName.Remove(queue.NameBytes);
        _queuesById.TryRemove(queue.Id, out _);
        QueueCount--;
        queue.MarkDeleted();
        edit.RecordDeleted(queue);
        DropIncoming(queue, edit);
        Watcher?.Removed(queue);
    }
}
