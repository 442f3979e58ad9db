using System.Buffers;
using Posthaste.Broker;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Formats;
using Posthaste.Broker.Queues;
using Posthaste.Core.Messages;
using Posthaste.Protocols.Mqtt.Format;
using Posthaste.Protocols.Mqtt.Wire;
using Posthaste.Protocols.Mqtt.Wire.Packets;
using Posthaste.Protocols.Mqtt.Wire.Properties;
using Posthaste.Protocols.Mqtt.Wire.Topics;

namespace Posthaste.Protocols.Mqtt.Session;

/// <summary>What a client takes, from its CONNECT.</summary>
/// <param name="PacketBytesMax">Larger packets are not sent [MQTT-3.1.2-24].</param>
/// <param name="InFlightMax">Deliveries of QoS 1 and 2 at a time.</param>
/// <param name="AliasMax">Topic aliases that we may set.</param>
internal readonly record struct ClientLimits(uint PacketBytesMax, int InFlightMax, int AliasMax);

/// <summary>
/// The way of messages to one client: decides per message whether, how and under which identifier it goes out. Called
/// on the strands of the client's queues; guarded by the output's gate. Allocates nothing for a topic that was seen
/// before.
/// </summary>
internal sealed class MqttDeliveries
{
    private const int MsPerSecond = 1000;
    private const int AliasBytes = 1 + sizeof(ushort);
    private const int ExpiryBytes = 1 + sizeof(uint);

    // Alias, expiry and the identifiers of some ten subscriptions.
    private const int OwnBytesOnStack = 64;

    // Takes the place of the real one while the packet is measured.
    private const ushort AnyPacketId = 1;

    private readonly MqttOutput _output;
    private readonly MessageBroker _broker;
    private readonly PlanCache _plans;
    private readonly ClientLimits _limits;
    private readonly ulong _mark;
    private readonly Action<QueueDelivery> _onQueueDeleted;

    /// <param name="output">Where it goes.</param>
    /// <param name="broker">For its clock and formats.</param>
    /// <param name="session">Whose subscriptions decide.</param>
    /// <param name="limits">What the client takes.</param>
    /// <param name="onQueueDeleted">Told, on the strand, when somebody deletes a queue.</param>
    public MqttDeliveries(
        MqttOutput output, MessageBroker broker, MqttSession session, ClientLimits limits,
        Action<QueueDelivery> onQueueDeleted)
    {
        _output = output;
        _broker = broker;
        _plans = new PlanCache(session.Subscriptions, limits.AliasMax);
        _limits = limits;
        _mark = session.Mark;
        _onQueueDeleted = onQueueDeleted;
        Window = new OutgoingWindow(limits.InFlightMax);
    }

    /// <summary>Whose it is.</summary>
    public BrokerConnection? Connection { get; init; }

    /// <summary>What is out with QoS 1 and 2. Under the gate.</summary>
    public OutgoingWindow Window { get; }

    /// <summary>Messages written. Under the gate, or as an estimate without.</summary>
    public long SentCount { get; private set; }

    /// <summary>Messages that were too large for the client. Under the gate, or as an estimate without.</summary>
    public long TooLargeCount { get; private set; }

    public bool TryReserve(QueueDelivery queue)
    {
        if (!_output.TryReserve(queue))
            return false;
        if (queue.Kind == QueueKind.Transient)
            return true;
        lock (_output.Gate)
            return Window.TryReserve(queue);
    }

    public void Unreserve(QueueDelivery queue)
    {
        if (queue.Kind == QueueKind.Transient)
            return;
        lock (_output.Gate)
            Window.Unreserve();
    }

    public void QueueDeleted(QueueDelivery queue) => _onQueueDeleted(queue);

    /// <summary>Writes the message, unless it is none for this client.</summary>
    /// <param name="queue">Where it comes from.</param>
    /// <param name="delivered">The message.</param>
    /// <param name="flushes">Where the output is registered.</param>
    /// <param name="hasSent">Whether it was one for this client, and small enough.</param>
    /// <returns>Whether the queue is done with it: nothing has to be acknowledged.</returns>
    public bool Deliver(
        QueueDelivery queue, in DeliveredMessage delivered, FlushSet flushes, out bool hasSent)
    {
        var facts = PublishFacts.Of(delivered.Message, out var properties);
        var isSettled = true;
        lock (_output.Gate)
        {
            var sentCount = SentCount;
            var plan = _plans.For(delivered.Message.RoutingKey);
            if (plan.Topic.Length > 0 && TryGrant(queue, delivered, facts, plan, out var grant))
                isSettled = Write(queue, delivered, facts, properties, plan, grant);
            hasSent = SentCount != sentCount;
            if (isSettled && queue.Kind != QueueKind.Transient)
                Window.Unreserve();
        }

        flushes.Add(_output);
        return isSettled;
    }

    /// <summary>What the client's subscriptions say about the message; false if it is none for it.</summary>
    private bool TryGrant(
        QueueDelivery queue, in DeliveredMessage delivered, in PublishFacts facts, DeliveryPlan plan, out Grant grant)
    {
        if (facts.IsCopy)
        {
            grant = Grant.OfCopy(facts.QoS);
            return true;
        }

        if (queue.Kind == QueueKind.Shared)
        {
            // Bindings match a little more than filters do: see TopicKeys.
            grant = queue.Shared!.Value;
            return TopicFilter.Matches(queue.SharedFilter, plan.Topic);
        }

        grant = facts.Mark != 0 && facts.Mark == _mark ? plan.Local : plan.Remote;
        if (grant.Matches)
            return grant.UsesSessionQueue == (queue.Kind == QueueKind.Session);

        // What was begun before the client unsubscribed is brought to its end [MQTT-3.10.4-3].
        grant = Grant.OfCopy(facts.QoS);
        return queue.Kind == QueueKind.Session && delivered.Redelivered;
    }

    /// <returns>Whether the queue is done with the message.</returns>
    private bool Write(
        QueueDelivery queue, in DeliveredMessage delivered, in PublishFacts facts, ReadOnlySpan<byte> properties,
        DeliveryPlan plan, in Grant grant)
    {
        var message = delivered.Message;
        var isV5 = _output.Version == MqttVersion.V5;
        var expiryS = facts.ExpiryS;
        if (isV5 && (message.Format != PropertyFormat.Mqtt || !MessageFormats.IsAsItCame(delivered)))
            properties = PropertyConverter.ForThisThread.Convert(delivered, _broker.Formats, out expiryS);

        var isAliasNew = isV5 && _plans.TryAssignAlias(message.RoutingKey, plan);
        var ownBytes = AliasBytes + ExpiryBytes + grant.Identifiers.Length;
        var rented = ownBytes > OwnBytesOnStack ? ArrayPool<byte>.Shared.Rent(ownBytes) : null;
        Span<byte> own = rented ?? stackalloc byte[OwnBytesOnStack];
        own = own[..WriteOwn(own, plan.Alias, Remaining(expiryS, message.ReceivedAtMs), grant.Identifiers)];

        var qos = queue.Kind == QueueKind.Transient
            ? QoS.AtMostOnce
            : (QoS)byte.Min((byte)facts.QoS, (byte)grant.MaxQoS);
        var head = new PublishHead
        {
            QoS = qos,
            Retain = facts.IsCopy || (facts.Retain && grant.RetainAsPublished),
            Duplicate = qos != QoS.AtMostOnce && queue.Kind == QueueKind.Session && delivered.Redelivered,
            PacketId = AnyPacketId,
            Topic = plan.Alias == 0 || isAliasNew ? plan.Topic : default,
            OwnProperties = own,
            MessageProperties = properties,
            PayloadBytes = message.Body.Length,
        };
        var outcome = Send(queue, delivered, head);
        if (isAliasNew && outcome != Outcome.Sent)
            _plans.TakeBackAlias(message.RoutingKey, plan);
        if (rented is not null)
            ArrayPool<byte>.Shared.Return(rented);
        return outcome != Outcome.Parked && (outcome == Outcome.TooLarge || qos == QoS.AtMostOnce);
    }

    private Outcome Send(QueueDelivery queue, in DeliveredMessage delivered, scoped PublishHead head)
    {
        if (head.GetPacketBytes(_output.Version) > _limits.PacketBytesMax)
        {
            // The server discards it as if it had been sent [MQTT-3.1.2-25].
            TooLargeCount++;
            return Outcome.TooLarge;
        }

        if (head.QoS != QoS.AtMostOnce)
        {
            var state = head.QoS == QoS.AtLeastOnce ? OutgoingState.AwaitsPubAck : OutgoingState.AwaitsPubRec;
            if (queue.Kind == QueueKind.Shared)
                head = head with { PacketId = Window.TakeAny(delivered.Id, queue, state) };
            else if (Window.TryTake(delivered.Id, queue, state, out var packetId))
                head = head with { PacketId = packetId };
            else
                return Outcome.Parked;
        }

        _output.WritePublish(head, delivered.Message.Body);
        _output.CountDelivery(head.QoS == QoS.AtMostOnce, delivered.Redelivered);
        SentCount++;
        return Outcome.Sent;
    }

    private static int WriteOwn(Span<byte> to, ushort alias, uint? expiryS, ReadOnlySpan<byte> identifiers)
    {
        var writer = new PropertyWriter(to);
        if (alias != 0)
            writer.Number(PropertyId.TopicAlias, alias);
        if (expiryS is { } left)
            writer.Number(PropertyId.MessageExpiryInterval, left);
        identifiers.CopyTo(to[writer.Written..]);
        return writer.Written + identifiers.Length;
    }

    /// <summary>What is left of an expiry, in whole seconds: less than one is one.</summary>
    private uint? Remaining(uint? expiryS, long sinceMs)
    {
        if (expiryS is not { } total)
            return null;
        var passedS = long.Max(0, _broker.NowMs - sinceMs) / MsPerSecond;
        return (uint)long.Max(1, total - passedS);
    }

    private enum Outcome
    {
        Sent,

        /// <summary>Its packet identifier is taken: it goes back to the queue when that is free.</summary>
        Parked,

        TooLarge,
    }
}
