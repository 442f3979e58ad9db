using System.Runtime.CompilerServices;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Events;
using Posthaste.Broker.Notes;
using Posthaste.Broker.Policies;
using Posthaste.Broker.Publishing;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Retained;
using Posthaste.Broker.Security.Access;
using Posthaste.Broker.Statistics;
using Posthaste.Broker.Transactions;
using Posthaste.Core.Catalog;
using Posthaste.Core.Routing;
using Posthaste.Primitives.Tables;

namespace Posthaste.Broker;

/// <summary>What a command on the catalog did.</summary>
/// <param name="Error">Why it was refused; then nothing changed.</param>
/// <param name="Queue">The queue declared, found or deleted.</param>
/// <param name="Exchange">The exchange declared or found.</param>
/// <param name="IsJournaled">Something durable changed: the reply has to wait until it is on disk
/// (CommitPipeline.Post).</param>
public readonly record struct CatalogResult(
    CatalogError? Error, BrokerQueue? Queue, Exchange? Exchange, bool IsJournaled);

/// <summary>
/// A virtual host: a name space of exchanges and queues. Commands take effect in memory at once, in the order in which
/// they are journaled; lookups and routing take no lock. Any thread.
/// </summary>
public sealed partial class VirtualHost : IQueueFactory
{
    private readonly VirtualHostCatalog _catalog;
    private readonly CatalogEvents _events;
    private readonly ConditionalWeakTable<Exchange, ExchangeMeter> _exchangeMeters = [];
    private volatile bool _isDeleted;

    internal VirtualHost(MessageBroker broker, uint id, string name)
    {
        Broker = broker;
        Id = id;
        Name = name;
        _catalog = new VirtualHostCatalog(name, this, broker.Options.CatalogLimits, broker.QueueIds);
        Meter = new GroupMeter(broker.Statistics, broker.Statistics.Broker);
        Notes = new VirtualHostNotes(broker, id);
        Retained = new VirtualHostRetained(broker, id, _catalog);
        Policies = new VirtualHostPolicies(this);
        RefreshTap();
        _events = new CatalogEvents(this);
        if (name == broker.Options.EventVirtualHost) _catalog.AddEventExchange();
        _catalog.Watcher = _events;
    }

    public MessageBroker Broker { get; }

    public string Name { get; }

    /// <summary>
    /// It is gone: nothing is declared, remembered or retained here any more, and its connections are being closed. Any
    /// thread.
    /// </summary>
    public bool IsDeleted
    {
        get => _isDeleted;
        internal set => _isDeleted = value;
    }

    /// <summary>What clients are told when it is deleted, in RabbitMQ's words.</summary>
    public string DeletedText => $"vhost '{Name}' is deleted";

    /// <summary>The declared things, to look at.</summary>
    public VirtualHostCatalog Catalog => _catalog;

    /// <summary>What its queues and connections count, together.</summary>
    public GroupMeter Meter { get; }

    /// <summary>What protocols remember here, durably.</summary>
    public VirtualHostNotes Notes { get; }

    /// <summary>The last message of each routing key that was published to be retained.</summary>
    public VirtualHostRetained Retained { get; }

    /// <summary>What operators and users say about queues and exchanges by name.</summary>
    public VirtualHostPolicies Policies { get; }

    /// <summary>What the journal knows it by.</summary>
    internal uint Id { get; }

    CatalogQueue IQueueFactory.Create(QueueDefinition definition)
    {
        var queue = new BrokerQueue(this, definition);
        Broker.Register(queue);
        return queue;
    }

    public bool TryGetQueue(ReadOnlySpan<byte> name, out BrokerQueue queue)
    {
        var found = _catalog.TryGetQueue(name, out var known);
        queue = (BrokerQueue)known!;
        return found;
    }

    public bool TryGetExchange(ReadOnlySpan<byte> name, out Exchange exchange)
    {
        var found = _catalog.TryGetExchange(name, out var known);
        exchange = known!;
        return found;
    }

    /// <summary>What an exchange counts.</summary>
    public ExchangeMeter MeterOf(Exchange exchange) =>
        _exchangeMeters.GetValue(exchange, _ => new ExchangeMeter(Broker.Statistics));

    /// <param name="by">Who asks; null for the broker itself. So for all commands.</param>
    public CatalogResult DeclareExchange(
        string name, string type, bool passive, bool durable, bool autoDelete, bool isInternal, FieldTable arguments,
        BrokerConnection? by = null) =>
        CheckDeclareExchange(name, passive, arguments, by) is { } refused
            ? Refusal(refused)
            : Run(
                catalog => catalog.DeclareExchange(name, type, passive, durable, autoDelete, isInternal, arguments),
                by);

    public CatalogResult DeleteExchange(string name, bool ifUnused, BrokerConnection? by = null) =>
        CheckExchangeAccess(AccessKind.Configure, name, by) is { } refused
            ? Refusal(refused)
            : Run(catalog => catalog.DeleteExchange(name, ifUnused), by);

    public CatalogResult DeclareQueue(
        string name, bool passive, bool durable, bool exclusive, bool autoDelete, FieldTable arguments,
        BrokerConnection by)
    {
        if (CheckDeclareQueue(name, passive, arguments, by) is { } refused) return Refusal(refused);
        var result =
            Run(catalog => catalog.DeclareQueue(name, passive, durable, exclusive, autoDelete, arguments, by.Id), by);
        if (result.Error is not null) return result;
        Broker.Statistics.Churn.QueuesDeclared.Add();
        result.Queue!.NoteUse();
        if (exclusive) by.Own(result.Queue);
        return result;
    }

    /// <param name="messageCount">Ready messages that went with it.</param>
    public CatalogResult DeleteQueue(
        string name, bool ifUnused, bool ifEmpty, BrokerConnection by, out long messageCount)
    {
        messageCount = 0;
        if (CheckQueueAccess(AccessKind.Configure, name, by) is { } refused) return Refusal(refused);
        messageCount = _catalog.TryGetQueue(name, out var queue) ? queue!.MessageCount : 0;
        return Run(catalog => catalog.DeleteQueue(name, ifUnused, ifEmpty, by.Id), by);
    }

    public CatalogResult BindQueue(
        string queue, string exchange, string key, FieldTable arguments, BrokerConnection by) =>
        CheckBindQueue(queue, exchange, key, by) is { } refused
            ? Refusal(refused)
            : Run(catalog => catalog.BindQueue(exchange, queue, key, arguments, by.Id), by);

    public CatalogResult UnbindQueue(
        string queue, string exchange, string key, FieldTable arguments, BrokerConnection by) =>
        CheckBindQueue(queue, exchange, key, by) is { } refused
            ? Refusal(refused)
            : Run(catalog => catalog.UnbindQueue(exchange, queue, key, arguments, by.Id), by);

    public CatalogResult BindExchange(
        string destination, string source, string key, FieldTable arguments, BrokerConnection by) =>
        CheckBindExchange(destination, source, key, by) is { } refused
            ? Refusal(refused)
            : Run(catalog => catalog.BindExchange(source, destination, key, arguments, by.Id), by);

    public CatalogResult UnbindExchange(
        string destination, string source, string key, FieldTable arguments, BrokerConnection by) =>
        CheckBindExchange(destination, source, key, by) is { } refused
            ? Refusal(refused)
            : Run(catalog => catalog.UnbindExchange(source, destination, key, arguments, by.Id), by);

    /// <summary>Null unless the queue is exclusive to another connection.</summary>
    public CatalogError? CheckExclusive(BrokerQueue queue, BrokerConnection by) =>
        _catalog.CheckExclusive(queue, by.Id);

    /// <summary>A cache of routes for one connection, with its permissions; null for the broker itself.</summary>
    public RouteCache CreateRouteCache(BrokerConnection? by = null) => new(this, by);

    /// <summary>A transaction for one session or channel.</summary>
    /// <param name="by">Whose it is; null when the client is gone.</param>
    public TransactionBuffer BeginTransaction(BrokerConnection? by = null) => new(this, by);

    /// <summary>
    /// Deletes a queue for a protocol's own reasons, whoever uses it. Nothing happens if there is none. Durable before
    /// whatever is journaled later.
    /// </summary>
    public void RemoveQueue(string name)
    {
        if (!_catalog.TryGetQueue(name, out var queue)) return;
        var flushes = FlushSet.ForThisThread;
        RemoveQueue((BrokerQueue)queue, flushes);
        flushes.FlushAll();
    }

    /// <summary>Deletes a queue that has had its time: last consumer gone, expired, owner disconnected.</summary>
    internal void RemoveQueue(BrokerQueue queue, FlushSet flushes)
    {
        if (!queue.IsDeleted) Run(catalog => catalog.RemoveQueue(queue), flushes);
    }

    /// <summary>Applies a journaled change while recovering.</summary>
    internal void Restore(CatalogChange change)
    {
        CatalogQueue? deleted = null;
        if (change is QueueDeleted { QueueId: var id } && !_catalog.TryGetQueue(id, out deleted))
            _catalog.TryGetDelayQueue(id, out deleted);
        lock (Broker.CatalogLock) _catalog.Apply(change);
        if (deleted is BrokerQueue queue) Forget(queue, isRecorded: true, FlushSet.ForThisThread);
    }

    /// <summary>The changes that would declare all durable things again.</summary>
    internal CatalogChange[] Snapshot()
    {
        lock (Broker.CatalogLock) return [.. _catalog.Snapshot()];
    }

    /// <summary>The queue for an exchange's delayed messages, made when the first one comes.</summary>
    internal CatalogResult DelayQueueOf(Exchange exchange) => exchange.DelayQueue is BrokerQueue known
        ? new CatalogResult(null, known, exchange, IsJournaled: false)
        : Run(catalog => catalog.DeclareDelayQueue(exchange));

    /// <summary>It is deleted, and that is recorded. Under the catalog's lock.</summary>
    /// <returns>Its queues, to be ended: see <see cref="Forget"/>.</returns>
    internal IReadOnlyList<CatalogQueue> End()
    {
        IsDeleted = true;
        Notes.Close();
        Retained.Close();
        var queues = _catalog.Clear();
        _events.Ended(queues);
        return queues;
    }

    /// <summary>A queue has left the catalog: ends it.</summary>
    internal void Forget(BrokerQueue queue, bool isRecorded, FlushSet flushes)
    {
        Broker.Unregister(queue);
        if (queue.Definition.Exclusive) Broker.FindConnection(queue.Definition.OwnerConnectionId)?.Disown(queue);
        queue.Delete(isRecorded, flushes);
    }

    private static CatalogResult Refusal(CatalogError error) => new(error, null, null, IsJournaled: false);

    private CatalogResult Run(Func<VirtualHostCatalog, CatalogOutcome> command, BrokerConnection? by = null) =>
        Run(command, FlushSet.ForThisThread, flush: true, by);

    private CatalogResult Run(
        Func<VirtualHostCatalog, CatalogOutcome> command, FlushSet flushes, bool flush = false,
        BrokerConnection? by = null)
    {
        CatalogOutcome outcome;
        var isRecorded = true;
        lock (Broker.CatalogLock)
        {
            if (_isDeleted) return Refusal(new CatalogError(CatalogErrorCode.NotFound, DeletedText));
            _events.By = by?.User.Name ?? ActingUser.Internal;
            outcome = command(_catalog);

            // Under the same lock, so that the journal has the changes in the order in which they took effect.
            foreach (var change in outcome.Changes) isRecorded &= Broker.TryJournalCatalog(Id, change);
            if (!isRecorded) outcome = Undo(outcome);
            if (outcome is { Changed: true, Exchange: { } exchange }) Policies.Refresh(exchange);
        }

        foreach (var queue in outcome.DeletedQueues) Forget((BrokerQueue)queue, isRecorded, flushes);
        if (flush && outcome.DeletedQueues.Count > 0) flushes.FlushAll();
        return new CatalogResult(
            outcome.Error, (BrokerQueue?)outcome.Queue, outcome.Exchange,
            outcome.Changes.Count > 0 && Broker.Pipeline.HasJournal);
    }

    /// <summary>
    /// The journal has no room for the change, or is read-only. What was declared goes again, for messages sent there
    /// would not be found after a restart. What was deleted stays away until then.
    /// </summary>
    private CatalogOutcome Undo(CatalogOutcome outcome)
    {
        var added = new List<CatalogQueue>();
        foreach (var change in outcome.Changes)
        {
            if (change is QueueDeclared or DelayQueueDeclared) added.Add(outcome.Queue!);
            if (change.Inverse is { } inverse) _catalog.Apply(inverse);
        }

        return new CatalogOutcome
        {
            Error = new CatalogError(
                CatalogErrorCode.PreconditionFailed, "the disk has no room left to record this, or has failed"),
            DeletedQueues = [.. outcome.DeletedQueues, .. added],
        };
    }
}
