using System.Text.Unicode;
using Posthaste.Broker.Publishing;
using Posthaste.Broker.Replies;
using Posthaste.Broker.Sessions;
using Posthaste.Core.Messages;
using Posthaste.Core.Retained;
using Posthaste.Protocols.Mqtt.Format;
using Posthaste.Protocols.Mqtt.Wire;
using Posthaste.Protocols.Mqtt.Wire.Packets;
using Posthaste.Protocols.Mqtt.Wire.Properties;
using Posthaste.Protocols.Mqtt.Wire.Topics;

namespace Posthaste.Protocols.Mqtt.Session;

/// <summary>
/// From a PUBLISH in the receive buffer to the broker's batch. Made for a connection when it publishes for the first
/// time; the reader's alone. Allocates nothing for ordinary messages.
/// </summary>
internal sealed class PublishPath
{
    private const int MsPerSecond = 1000;
    private const int KeyBytesOnStack = 512;

    // The facts alone, for publishes without properties: the usual ones. Pinned, as all that a batch points to.
    private static readonly byte[] PlainFacts = WritePlainFacts();

    private readonly MqttConnection _connection;
    private readonly RouteCache _routes;
    private readonly PublishBatch _batch;
    private readonly PublishAcks _acks;
    private readonly TopicAliases _aliases;
    private readonly int _messageBytesMax;

    public PublishPath(MqttConnection connection)
    {
        _connection = connection;
        _routes = connection.Host.CreateRouteCache(connection.Opened);
        _batch = new PublishBatch(connection.Opened);
        _acks = new PublishAcks(connection);
        _aliases = new TopicAliases(connection.Limits.TopicAliasMax);
        _messageBytesMax = connection.Broker.Options.MessageBytesMax;
    }

    /// <summary>Messages that have come.</summary>
    public long Count { get; private set; }

    /// <summary>Messages that went nowhere.</summary>
    public long DroppedCount { get; private set; }

    /// <summary>Messages that are to be acknowledged, or were.</summary>
    public long ToConfirmCount => (long)_acks.LastSeq;

    /// <summary>Messages that were acknowledged.</summary>
    public long ConfirmedCount => _acks.ConfirmedCount;

    /// <summary>
    /// Hands over what was gathered; nothing in the receive buffer or the scratch is pointed to any more.
    /// </summary>
    public void Flush(ReadScope scope)
    {
        _batch.Flush(scope.Flushes);
    }

    /// <summary>Nothing is answered any more.</summary>
    public void Close() => _acks.Close();

    /// <summary>Takes one message; its bytes are pinned until the end of the read.</summary>
    /// <returns>What ends the connection.</returns>
    public WireError Publish(in Publish publish, ReadScope scope)
    {
        Count++;
        var topic = publish.Topic;
        if (!publish.Properties.IsEmpty && ReadProperties(publish, ref topic) is { IsError: true } malformed)
            return malformed;
        if (publish.Payload.Length > _messageBytesMax)
            return new WireError(ReasonCode.PacketTooLarge, $"a message has {_messageBytesMax} bytes at most");
        if (publish.QoS == QoS.ExactlyOnce)
            _acks.ForgetRefused(_connection.Session.Received);
        if (publish.QoS != QoS.AtMostOnce && CheckWindow(publish) is { IsError: true } overrun)
            return overrun;

        // A repeated one was published before [MQTT-4.3.3-10].
        if (publish.QoS == QoS.ExactlyOnce && _connection.Session.Received.Contains(publish.PacketId))
            return Answer(publish, ReasonCode.Success, scope);
        if (publish.QoS != QoS.AtMostOnce && _connection.Version == MqttVersion.V5
            && _connection.Broker.Alarms.PublishersBlocked)
        {
            return Refuse(publish, ReasonCode.QuotaExceeded, scope);
        }

        _connection.NotePublish(publish.Payload.Length);
        if (Payload.IsMalformed(publish))
            return Refuse(publish, ReasonCode.PayloadFormatInvalid, scope);
        return topic[0] == (byte)'$' ? PublishReserved(publish, topic, scope) : PublishTopic(publish, topic, scope);
    }

    private WireError ReadProperties(in Publish publish, ref ReadOnlySpan<byte> topic)
    {
        if (publish.Properties.Has(PropertyId.SubscriptionIdentifier)) // [MQTT-3.3.4-6]
            return WireError.Protocol("a subscription identifier from a client");
        return publish.Properties.TryFind(PropertyId.TopicAlias, out var alias)
            ? _aliases.Resolve((ushort)alias.Number, ref topic)
            : default;
    }

    /// <summary>Whether the client has more under way than it was told it may [MQTT-3.3.4-9].</summary>
    private WireError CheckWindow(in Publish publish)
    {
        var isV5 = _connection.Version == MqttVersion.V5;
        var underWay = isV5 ? _acks.PubAcksUnderWay + _connection.Session.Received.Count : _acks.UnderWay;
        var max = isV5 ? _connection.Limits.ReceiveMax : PublishAcks.UnderWayMax;
        var isKnown = publish.QoS == QoS.ExactlyOnce && _connection.Session.Received.Contains(publish.PacketId);
        return underWay < max || isKnown
            ? default
            : new WireError(ReasonCode.ReceiveMaximumExceeded, $"more than {max} publishes under way");
    }

    /// <summary>Topics that the broker keeps for itself, and addresses for replies.</summary>
    private WireError PublishReserved(in Publish publish, ReadOnlySpan<byte> topic, ReadScope scope)
    {
        if (topic.StartsWith(ReplyTopics.Prefix))
            return Route(publish, default, topic[ReplyTopics.Prefix.Length..], scope);
        if (topic.StartsWith(DelayedTopic.Prefix))
            return PublishDelayed(publish, topic, scope);
        if (topic.StartsWith("$SYS/"u8) || topic.SequenceEqual("$SYS"u8))
            return Refuse(publish, ReasonCode.NotAuthorized, scope);
        return topic.StartsWith("$share/"u8)
            ? Refuse(publish, ReasonCode.TopicNameInvalid, scope)
            : PublishTopic(publish, topic, scope);
    }

    private WireError PublishTopic(in Publish publish, ReadOnlySpan<byte> topic, ReadScope scope)
    {
        var key = topic.Length <= KeyBytesOnStack ? stackalloc byte[topic.Length] : scope.Take(topic.Length);
        TopicKeys.Swap(topic, key);
        return Route(publish, MqttHandler.ExchangeBytes, key, scope);
    }

    /// <summary>`$delayed/SECONDS/TOPIC`: a publish to the topic behind it, later.</summary>
    private WireError PublishDelayed(in Publish publish, ReadOnlySpan<byte> topic, ReadScope scope)
    {
        if (!DelayedTopic.TryParse(topic, out var delayS, out var target))
            return Refuse(publish, ReasonCode.TopicNameInvalid, scope);
        if (delayS == 0)
            return PublishTopic(publish, target, scope);
        var key = target.Length <= KeyBytesOnStack ? stackalloc byte[target.Length] : scope.Take(target.Length);
        TopicKeys.Swap(target, key);
        var status = _routes.ResolveDelayed(MqttHandler.ExchangeBytes, key, (long)delayS * MsPerSecond, out var route);
        return status == RouteStatus.Found
            ? Add(publish, route, scope)
            : Refuse(publish, ReasonCode.NotAuthorized, scope);
    }

    private WireError Route(
        in Publish publish, ReadOnlySpan<byte> exchange, ReadOnlySpan<byte> key, ReadScope scope)
    {
        var status = _routes.Resolve(exchange, key, out var route);
        if (status == RouteStatus.NeedsHeaders)
            status = _routes.Resolve(exchange, key, [], headers: null, out route);
        if (status == RouteStatus.AccessRefused)
            return Refuse(publish, ReasonCode.NotAuthorized, scope);
        if (status != RouteStatus.Found)
            return Refuse(publish, ReasonCode.ImplementationSpecificError, scope);
        if (!route.IsEmpty || publish.Retain)
            return Add(publish, route, scope);

        _batch.CountUnroutable(route);
        if (_batch.IsTapped)
        {
            var message = Describe(publish, route, scope);
            _batch.ShowUnroutable(ref message, scope.Flushes);
        }

        var isReply = exchange.IsEmpty && TryReply(publish, key, scope);
        if (!isReply)
            DroppedCount++;
        return Answer(publish, isReply ? ReasonCode.Success : ReasonCode.NoMatchingSubscribers, scope);
    }

    private WireError Add(in Publish publish, Route route, ReadScope scope)
    {
        var message = Describe(publish, route, scope);
        if (publish.Retain && route.IsDelayed)
            message.Flags |= MessageFlags.Retained;
        else if (publish.Retain && _connection.Host.Retained.Prepare(ref message) != RetainRefusal.None)
            return Refuse(publish, ReasonCode.QuotaExceeded, scope);

        var code = route.IsEmpty ? ReasonCode.NoMatchingSubscribers : ReasonCode.Success;
        if (publish.QoS == QoS.ExactlyOnce && _connection.Session.IsKept)
            return _connection.ExactlyOnce.Publish(publish.PacketId, message, code, scope);
        if (publish.QoS != QoS.AtMostOnce)
        {
            message.Source = _acks;
            message.Seq = _acks.Add(publish.PacketId, AnswerTo(publish.QoS), code);
            if (publish.QoS == QoS.ExactlyOnce)
                _connection.Session.Received.Add(publish.PacketId);
        }

        _batch.Add() = message;
        if (_batch.IsFull)
            Flush(scope);
        return default;
    }

    private unsafe OutgoingPublish Describe(in Publish publish, Route route, ReadScope scope)
    {
        var properties = Encode(publish, scope);
        return new OutgoingPublish
        {
            Route = route,
            Format = PropertyFormat.Mqtt,
            Flags = publish.QoS == QoS.AtMostOnce ? MessageFlags.None : MessageFlags.Persistent,
            TtlMs = StoredProperties.ExpiryOf(publish.Properties) is { } expiryS ? (long)expiryS * MsPerSecond : -1,
            Properties = ReadScope.AddressOf(properties),
            PropertiesLength = properties.Length,
            Body = ReadScope.AddressOf(publish.Payload),
            BodyLength = publish.Payload.Length,
        };
    }

    private ReadOnlySpan<byte> Encode(in Publish publish, ReadScope scope)
    {
        var session = _connection.Session;
        if (publish.Properties.IsEmpty && !session.Subscriptions.HasNoLocal)
            return PlainFacts.AsSpan(PlainFactsIndex(publish.QoS, publish.Retain), 1);
        var facts = new PublishFacts(
            publish.QoS, publish.Retain, Mark: session.Subscriptions.HasNoLocal ? session.Mark : 0,
            ExpiryS: StoredProperties.ExpiryOf(publish.Properties));
        var encoded = scope.Take(StoredProperties.GetBytes(facts, publish.Properties));
        StoredProperties.Write(encoded, facts, publish.Properties);
        return encoded;
    }

    private bool TryReply(in Publish publish, ReadOnlySpan<byte> name, ReadScope scope)
    {
        if (!DirectReplies.IsReplyName(name))
            return false;
        var flags = publish.QoS == QoS.AtMostOnce ? MessageFlags.None : MessageFlags.Persistent;
        var message = new MessageView(
            PropertyFormat.Mqtt, flags, _connection.Broker.NowMs, default, name, Encode(publish, scope),
            publish.Payload);
        return _connection.Broker.Replies.TryDeliver(name, message, scope.Flushes);
    }

    /// <summary>Answers a publish that needs nothing more.</summary>
    private WireError Answer(in Publish publish, ReasonCode code, ReadScope scope)
    {
        if (publish.QoS == QoS.AtMostOnce)
            return default;
        if (publish.QoS == QoS.ExactlyOnce && !code.IsFailure() && _connection.Session.IsKept)
            return _connection.ExactlyOnce.Note(publish.PacketId, code, scope);
        if (publish.QoS == QoS.ExactlyOnce && !code.IsFailure())
            _connection.Session.Received.Add(publish.PacketId);
        var seq = _acks.Add(publish.PacketId, AnswerTo(publish.QoS), code);
        _acks.Report(seq, seq, accepted: true, scope.Flushes);
        return default;
    }

    /// <summary>
    /// Tells a client of MQTT 5 that a publish is refused. 3.x has no such answer: what is not allowed is answered as
    /// if it had been published, and dropped ([MQTT-3.3.5-2] of 3.1.1). Where the settings say so, both are
    /// disconnected.
    /// </summary>
    private WireError Refuse(in Publish publish, ReasonCode code, ReadScope scope)
    {
        MqttLog.PublishRefused(_connection.Logger, _connection.Session.ClientId, code);
        if (code == ReasonCode.NotAuthorized && _connection.Limits.DisconnectsDenied)
            return new WireError(code, "the topic of a publish is not allowed");
        if (publish.QoS == QoS.AtMostOnce && code == ReasonCode.PayloadFormatInvalid)
            return new WireError(code, "a payload that is not the UTF-8 that it is said to be");
        if (code == ReasonCode.QuotaExceeded && _connection.Version != MqttVersion.V5)
            return new WireError(code, "there is no room for a message to be retained");
        return Answer(publish, _connection.Version == MqttVersion.V5 ? code : ReasonCode.Success, scope);
    }

    private static PacketType AnswerTo(QoS qos) => qos == QoS.AtLeastOnce ? PacketType.PubAck : PacketType.PubRec;

    private static int PlainFactsIndex(QoS qos, bool retain) => ((int)qos * 2) + (retain ? 1 : 0);

    private static byte[] WritePlainFacts()
    {
        var facts = GC.AllocateUninitializedArray<byte>(6, pinned: true);
        foreach (var qos in Enum.GetValues<QoS>())
        {
            new PublishFacts(qos, Retain: false).Write(facts.AsSpan(PlainFactsIndex(qos, retain: false)));
            new PublishFacts(qos, Retain: true).Write(facts.AsSpan(PlainFactsIndex(qos, retain: true)));
        }

        return facts;
    }

    private static class Payload
    {
        /// <summary>Said to be text (section 3.3.2.3.2), but is not.</summary>
        public static bool IsMalformed(in Publish publish) =>
            publish.Properties.Number(PropertyId.PayloadFormatIndicator) == 1 && !Utf8.IsValid(publish.Payload);
    }
}
