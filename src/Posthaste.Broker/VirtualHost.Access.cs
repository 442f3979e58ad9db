using Posthaste.Broker.Auditing;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Protocols;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Security.Access;
using Posthaste.Core.Catalog;
using Posthaste.Core.Routing;
using Posthaste.Primitives.Tables;

namespace Posthaste.Broker;

/// <summary>
/// Who may do what: each command is checked here, for all protocols, before the catalog sees it. Which permission on
/// which name is RabbitMQ's table; the broker itself (no connection) may do everything.
/// </summary>
public sealed partial class VirtualHost
{
    private const string DeadLetterExchange = "x-dead-letter-exchange";
    private const string AlternateExchange = "alternate-exchange";

    /// <summary>
    /// Reads the exchanges with their bindings while nothing changes: bindings may be looked at only inside. Commands
    /// wait meanwhile, so it copies and goes.
    /// </summary>
    public TResult ReadBindings<TResult>(Func<IEnumerable<Exchange>, TResult> read)
    {
        lock (Broker.CatalogLock) return read(_catalog.Exchanges);
    }

    /// <summary>Null when the connection may do this with a queue.</summary>
    public CatalogError? CheckQueueAccess(AccessKind kind, string queue, BrokerConnection? by) =>
        by is null || by.Access.May(kind, queue) ? null : Refused(kind, "queue", queue, by);

    /// <summary>Null when the connection may do this with an exchange.</summary>
    public CatalogError? CheckExchangeAccess(AccessKind kind, string exchange, BrokerConnection? by) =>
        by is null || by.Access.May(kind, exchange, AccessTarget.Exchange)
            ? null
            : Refused(kind, "exchange", exchange, by);

    /// <summary>
    /// Null when the connection may use the queue for this: it is allowed to, and no other connection has it to itself.
    /// </summary>
    public CatalogError? CheckUse(AccessKind kind, BrokerQueue queue, BrokerConnection by) =>
        CheckQueueAccess(kind, queue.Name, by) ?? CheckExclusive(queue, by);

    /// <summary>Null when a key may be used with an exchange; asked of topic exchanges only.</summary>
    internal CatalogError? CheckKey(AccessKind kind, Exchange exchange, string key, BrokerConnection by) =>
        by.Access.IsFull || exchange.Type != ExchangeType.Topic
        || by.Access.MayUseKey(kind, exchange.Name, key, by.TopicClient)
            ? null
            : Refused($"{Verb(kind)} access to topic '{key}' in exchange '{exchange.Name}' in vhost '{Name}'", by);

    private CatalogError? CheckDeclareQueue(string name, bool passive, FieldTable arguments, BrokerConnection by)
    {
        if (passive || by.Access.IsFull) return null;

        // All names that the broker makes up are alike: the prefix stands for them.
        if (name.Length == 0) name = CatalogIds.QueueNamePrefix;
        var error = CheckQueueAccess(AccessKind.Configure, name, by);
        if (error is not null || !arguments.TryGetString(DeadLetterExchange, out var deadLetters)) return error;
        return CheckQueueAccess(AccessKind.Read, name, by)
            ?? CheckExchangeAccess(AccessKind.Write, deadLetters, by);
    }

    private CatalogError? CheckDeclareExchange(
        string name, bool passive, FieldTable arguments, BrokerConnection? by)
    {
        if (passive || by is null || by.Access.IsFull) return null;
        var error = CheckExchangeAccess(AccessKind.Configure, name, by);
        if (error is not null || !arguments.TryGetString(AlternateExchange, out var alternate)) return error;
        return CheckExchangeAccess(AccessKind.Read, name, by)
            ?? CheckExchangeAccess(AccessKind.Write, alternate, by);
    }

    private CatalogError? CheckBindQueue(string queue, string exchange, string key, BrokerConnection by) =>
        by.Access.IsFull
            ? null
            : CheckQueueAccess(AccessKind.Write, queue, by) ?? CheckBindFrom(exchange, key, by);

    private CatalogError? CheckBindExchange(string destination, string source, string key, BrokerConnection by) =>
        by.Access.IsFull
            ? null
            : CheckExchangeAccess(AccessKind.Write, destination, by) ?? CheckBindFrom(source, key, by);

    private CatalogError? CheckBindFrom(string source, string key, BrokerConnection by)
    {
        if (CheckExchangeAccess(AccessKind.Read, source, by) is { } error) return error;
        return _catalog.TryGetExchange(source, out var exchange)
            ? CheckKey(AccessKind.Read, exchange!, key, by)
            : null;
    }

    private CatalogError Refused(AccessKind kind, string what, string name, BrokerConnection by)
    {
        var shown = name.Length == 0 && what == "exchange" ? "amq.default" : name;
        return Refused($"{Verb(kind)} access to {what} '{shown}' in vhost '{Name}'", by);
    }

    private CatalogError Refused(string access, BrokerConnection by)
    {
        // The management API records what it refuses itself, with the request.
        if (by.Transport.Listener != ProtocolConnection.ManagementListener)
            Broker.Audit.Write(AuditEvents.AccessDenied, by.User.Name, by.Transport, access);
        return new CatalogError(CatalogErrorCode.AccessRefused, $"{access} refused for user '{by.User.Name}'");
    }

    private static string Verb(AccessKind kind) => kind.ToString().ToLowerInvariant();
}
