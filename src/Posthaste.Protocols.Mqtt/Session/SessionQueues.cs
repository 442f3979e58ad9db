using System.Text;
using Posthaste.Broker;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Security.Access;
using Posthaste.Core.Catalog;
using Posthaste.Core.Queues;
using Posthaste.Primitives.Tables;
using Posthaste.Protocols.Mqtt.Format;

namespace Posthaste.Protocols.Mqtt.Session;

/// <summary>
/// The queues that a connection consumes from: one for its subscriptions of QoS 0, one for the session's of QoS 1 and
/// 2, one for each of its groups. Made when the first subscription asks for them. The reader's alone.
/// </summary>
internal sealed class SessionQueues(MqttConnection connection)
{
    private readonly Dictionary<string, QueueDelivery> _byName = new(StringComparer.Ordinal);

    private MqttSession Session => connection.Session;

    private VirtualHost Host => connection.Host;

    /// <summary>The queue that a subscription gets its messages through, if it is there.</summary>
    public BrokerQueue? QueueOf(TopicSubscription subscription) =>
        _byName.TryGetValue(NameFor(subscription), out var delivery) ? delivery.Queue : null;

    /// <summary>Makes sure that messages for a subscription come.</summary>
    /// <param name="subscription">A new one, or one of a session that is resumed.</param>
    /// <param name="replaced">The one with the same filter that it takes the place of.</param>
    /// <param name="flushes">Where deliveries that it brings are registered.</param>
    /// <returns>Why not.</returns>
    public CatalogError? Attach(TopicSubscription subscription, TopicSubscription? replaced, FlushSet flushes)
    {
        if (SharedGroup.IsShared(subscription.Filter))
            return AttachShared(subscription, flushes);
        var name = NameFor(subscription);
        if (!_byName.ContainsKey(name) && Open(name, subscription.UsesSessionQueue, flushes) is { } error)
            return error;
        var key = TopicKeys.ToBindingKey(subscription.Filter);
        var isBound = replaced is not null && replaced.UsesSessionQueue == subscription.UsesSessionQueue;
        if (isBound || !Session.Subscriptions.AddBinding(name, key))
            return null;
        var bound = Host.BindQueue(name, MqttHandler.Exchange, key, FieldTable.Empty, connection.Opened);
        if (bound.Error is not null)
            Session.Subscriptions.RemoveBinding(name, key);
        return bound.Error;
    }

    /// <summary>No more messages for a subscription that is gone, or that has moved to the session's queue.</summary>
    public void Detach(TopicSubscription subscription, FlushSet flushes)
    {
        if (!SharedGroup.IsShared(subscription.Filter))
        {
            var name = NameFor(subscription);
            var key = TopicKeys.ToBindingKey(subscription.Filter);
            if (Session.Subscriptions.RemoveBinding(name, key))
                Host.UnbindQueue(name, MqttHandler.Exchange, key, FieldTable.Empty, connection.Opened);
            return;
        }

        var group = SharedGroup.Parse(subscription.Filter);
        if (_byName.Remove(group.QueueName, out var delivery))
            delivery.Queue.Cancel(delivery, flushes);
        connection.Handler.Groups.Leave(Host, group, Session.ClientId);
    }

    /// <summary>Somebody has deleted the queue: the next subscription makes a new one.</summary>
    public void Forget(QueueDelivery delivery) => _byName.Remove(delivery.Queue.Name);

    /// <summary>Nothing is delivered any more; a session that ends with its connection leaves its groups.</summary>
    public void End(FlushSet flushes)
    {
        foreach (var delivery in _byName.Values)
            delivery.Queue.Cancel(delivery, flushes);
        _byName.Clear();
        if (Session.IsKept)
            return;
        foreach (var subscription in Session.Subscriptions.All)
        {
            if (SharedGroup.IsShared(subscription.Filter))
                connection.Handler.Groups.Leave(Host, SharedGroup.Parse(subscription.Filter), Session.ClientId);
        }
    }

    private string NameFor(TopicSubscription subscription) =>
        subscription.UsesSessionQueue ? Session.QueueName : Session.TransientQueueName;

    private CatalogError? Open(string name, bool isSessionQueue, FlushSet flushes)
    {
        var isDurable = isSessionQueue && Session.IsKept;
        if (!isDurable || !Host.TryGetQueue(Encoding.UTF8.GetBytes(name), out var queue))
        {
            var declared = Host.DeclareQueue(
                name, passive: false, isDurable, exclusive: !isDurable, autoDelete: false,
                isSessionQueue ? SessionQueueArguments : TransientQueueArguments, connection.Opened);
            if (declared.Error is not null)
                return declared.Error;
            queue = declared.Queue!;
        }

        var kind = isSessionQueue ? QueueKind.Session : QueueKind.Transient;
        return Consume(
            new QueueDelivery(queue, kind, connection.Deliveries) { NoAck = kind == QueueKind.Transient }, flushes);
    }

    private CatalogError? AttachShared(TopicSubscription subscription, FlushSet flushes)
    {
        var group = SharedGroup.Parse(subscription.Filter);
        var grant = Grant.Of([subscription], isLocal: false);
        if (_byName.TryGetValue(group.QueueName, out var known))
        {
            // Only what it was granted has changed.
            lock (connection.Output.Gate)
                known.Shared = grant;
            return null;
        }

        var (queue, error) = connection.Handler.Groups.Join(Host, group, Session.ClientId, connection.Opened);
        if (error is not null)
            return error;
        var delivery = new QueueDelivery(queue!, QueueKind.Shared, connection.Deliveries)
        {
            Shared = grant,
            SharedFilter = Encoding.UTF8.GetBytes(group.Filter),
        };
        return Consume(delivery, flushes);
    }

    private CatalogError? Consume(QueueDelivery delivery, FlushSet flushes)
    {
        if (Host.CheckUse(AccessKind.Read, delivery.Queue, connection.Opened) is { } refused)
            return refused;
        var refusal = delivery.Queue.Consume(delivery, flushes);
        if (refusal != ConsumerRefusal.None)
        {
            return new CatalogError(
                CatalogErrorCode.ResourceLocked, $"queue '{delivery.Queue.Name}' cannot be consumed from: {refusal}");
        }

        _byName[delivery.Queue.Name] = delivery;
        return null;
    }

    private FieldTable TransientQueueArguments =>
    [
        new(QueueArguments.LengthMax, (long)connection.Limits.SlowSubscriberMessagesMax),
        new(QueueArguments.BytesMax, connection.Limits.SlowSubscriberBytesMax),
    ];

    private FieldTable SessionQueueArguments =>
    [
        // Whatever the virtual host's default is: a session's messages are kept by what their publishers ask for.
        new(QueueArguments.Type, QueueTypes.NameOf(QueueType.Classic)),
        new(QueueArguments.BytesMax, connection.Limits.SessionBytesMax),
    ];
}
