using Posthaste.Broker;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Sessions;

namespace Posthaste.Protocols.Mqtt.Session;

/// <summary>From which kind of queue a client gets messages.</summary>
internal enum QueueKind
{
    /// <summary>The connection's queue for subscriptions of QoS 0: nothing is acknowledged.</summary>
    Transient,

    /// <summary>The session's queue for subscriptions of QoS 1 and 2.</summary>
    Session,

    /// <summary>The queue of a shared subscription.</summary>
    Shared,
}

/// <summary>A connection on one of its queues. Called by the queue on its strand.</summary>
internal sealed class QueueDelivery(BrokerQueue queue, QueueKind kind, MqttDeliveries deliveries)
    : SessionSubscription(queue)
{
    private bool _isSettled;
    private bool _hasSent;

    public QueueKind Kind { get; } = kind;

    /// <summary>What the member of a group was granted; null for other queues.</summary>
    public Grant? Shared { get; set; }

    /// <summary>The filter of the group, UTF-8; empty for other queues.</summary>
    public byte[] SharedFilter { get; init; } = [];

    public override string ConsumerTag => Connection?.TopicClient.Id ?? "";

    public override BrokerConnection? Connection => deliveries.Connection;

    protected override bool TryReserve() => deliveries.TryReserve(this);

    protected override void Unreserve() => deliveries.Unreserve(this);

    protected override void Deliver(in DeliveredMessage message, FlushSet flushes) =>
        _isSettled = deliveries.Deliver(this, message, flushes, out _hasSent);

    protected override bool IsSettledOnDelivery => _isSettled;

    protected override bool HasSent => _hasSent;

    protected override void Cancelled(SubscriptionEnd reason, FlushSet flushes) => deliveries.QueueDeleted(this);
}
