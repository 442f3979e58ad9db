using System.Text;
using Posthaste.Broker;
using Posthaste.Broker.Sessions;
using Posthaste.Core.Catalog;
using Posthaste.Core.Notes;
using Posthaste.Protocols.Mqtt.Wire;
using Posthaste.Protocols.Mqtt.Wire.Packets;
using Posthaste.Protocols.Mqtt.Wire.Properties;
using Posthaste.Protocols.Mqtt.Wire.Topics;

namespace Posthaste.Protocols.Mqtt.Session;

/// <summary>
/// A client's subscriptions at work: SUBSCRIBE and UNSUBSCRIBE, and what is done again when a session is resumed. The
/// reader's alone.
/// </summary>
internal sealed class Subscriber
{
    private readonly MqttConnection _connection;
    private readonly SessionQueues _queues;
    private readonly RetainedFeed _retained;
    private readonly SessionReplies _replies;

    public Subscriber(MqttConnection connection)
    {
        _connection = connection;
        _queues = new SessionQueues(connection);
        _retained = new RetainedFeed(connection, _queues);
        _replies = new SessionReplies(connection);
    }

    /// <summary>Retained messages are still to be sent.</summary>
    public bool HasRetained => _retained.IsPending;

    private MqttSession Session => _connection.Session;

    /// <summary>Binds and consumes again what the session subscribed to before.</summary>
    public void Resume()
    {
        var flushes = FlushSet.ForThisThread;
        foreach (var subscription in Session.Subscriptions.All.ToArray())
        {
            if (_queues.Attach(subscription, replaced: null, flushes) is { } error)
                MqttLog.SubscribeRefused(_connection.Logger, Session.ClientId, subscription.Filter, error.Text);
        }

        flushes.FlushAll();
    }

    public void Subscribe(in Subscribe subscribe, ReadScope scope)
    {
        var identifier = subscribe.Properties.Number(PropertyId.SubscriptionIdentifier);
        var codes = new List<byte>();
        foreach (var asked in subscribe)
            codes.Add((byte)Subscribe(asked, identifier, scope));
        if (_connection.Version == MqttVersion.V31 && codes.Exists(static code => ((ReasonCode)code).IsFailure()))
        {
            _connection.RequestFail(new WireError(ReasonCode.UnspecifiedError, "a subscription was refused"));
            return;
        }

        if (_connection.Limits.DisconnectsDenied && codes.Contains((byte)ReasonCode.NotAuthorized))
        {
            _connection.RequestFail(new WireError(ReasonCode.NotAuthorized, "a topic filter is not allowed"));
            return;
        }

        _replies.Send(
            new SubAck { PacketId = subscribe.PacketId, Codes = codes.ToArray() }, Session.IsKept, scope.Flushes);
        _retained.Start();
    }

    public void Unsubscribe(in Unsubscribe unsubscribe, ReadScope scope)
    {
        var codes = new List<byte>();
        foreach (var filter in unsubscribe)
            codes.Add((byte)Unsubscribe(filter, scope));
        _replies.Send(
            new UnsubAck { PacketId = unsubscribe.PacketId, Codes = codes.ToArray() }, Session.IsKept, scope.Flushes);
    }

    /// <summary>Goes on with retained messages, as far as there is room.</summary>
    public void Feed(ReadScope scope) => _retained.Feed(scope);

    /// <summary>Nothing is delivered any more.</summary>
    public void End(ReadScope scope)
    {
        _retained.Stop();
        _queues.End(scope.Flushes);
    }

    private ReasonCode Subscribe(in Subscription asked, uint identifier, ReadScope scope)
    {
        if (!TopicFilter.IsValid(asked.Filter))
            return ReasonCode.TopicFilterInvalid;
        var limits = _connection.Limits;
        var levels = asked.Filter.Count((byte)'/') + 1;
        if (asked.Filter.Length > limits.FilterBytesMax || levels > limits.FilterLevelsMax)
            return ReasonCode.QuotaExceeded;

        var filter = Encoding.UTF8.GetString(asked.Filter);
        var isShared = SharedGroup.IsShared(filter);
        var isNew = !Session.Subscriptions.TryGet(filter, out var replaced);
        if (isNew && Session.Subscriptions.Count >= limits.SubscriptionsMax)
            return ReasonCode.QuotaExceeded;

        // A message of a group that one member has begun to take with QoS 2 could not go to another (section 4.8.2);
        // with QoS 1 it can, so that is what is granted.
        var qos = isShared ? (QoS)byte.Min((byte)asked.MaximumQoS, (byte)QoS.AtLeastOnce) : asked.MaximumQoS;
        var subscription = new TopicSubscription(filter)
        {
            MaxQoS = qos,
            NoLocal = asked.NoLocal,
            RetainAsPublished = asked.RetainAsPublished,
            Retained = asked.RetainHandling,
            UsesSessionQueue = qos != QoS.AtMostOnce || replaced is { UsesSessionQueue: true },
            Identifier = identifier,
        };
        if (Keep(subscription, replaced, scope.Flushes) is var refusal and not ReasonCode.Success)
            return refusal;
        if (!isShared && IsRetainedAskedFor(subscription, isNew))
            _retained.Add(subscription);
        return (ReasonCode)qos;
    }

    /// <summary>Binds, then remembers; what cannot be remembered is bound no longer.</summary>
    private ReasonCode Keep(TopicSubscription subscription, TopicSubscription? replaced, FlushSet flushes)
    {
        if (_queues.Attach(subscription, replaced, flushes) is { } error)
        {
            MqttLog.SubscribeRefused(_connection.Logger, Session.ClientId, subscription.Filter, error.Text);
            return error.Code == CatalogErrorCode.AccessRefused
                ? ReasonCode.NotAuthorized
                : ReasonCode.QuotaExceeded;
        }

        if (Session.IsKept && _connection.Store.SetFilter(subscription) != NoteRefusal.None)
        {
            if (replaced is null)
                _queues.Detach(subscription, flushes);
            return ReasonCode.QuotaExceeded;
        }

        lock (_connection.Output.Gate)
            Session.Subscriptions.Set(subscription);
        if (replaced is { UsesSessionQueue: false } && subscription.UsesSessionQueue)
            _queues.Detach(replaced, flushes);
        return ReasonCode.Success;
    }

    private ReasonCode Unsubscribe(ReadOnlySpan<byte> filterBytes, ReadScope scope)
    {
        if (!TopicFilter.IsValid(filterBytes))
            return ReasonCode.TopicFilterInvalid;
        var filter = Encoding.UTF8.GetString(filterBytes);
        if (!Session.Subscriptions.TryGet(filter, out var subscription))
            return ReasonCode.NoSubscriptionExisted;
        lock (_connection.Output.Gate)
            Session.Subscriptions.Remove(filter);
        _retained.Remove(filter);
        _queues.Detach(subscription, scope.Flushes);
        if (Session.IsKept)
            _connection.Store.RemoveFilter(filter);
        return ReasonCode.Success;
    }

    private static bool IsRetainedAskedFor(TopicSubscription subscription, bool isNew) => subscription.Retained switch
    {
        RetainHandling.Send => true, // [MQTT-3.3.1-9]
        RetainHandling.SendIfNew => isNew, // [MQTT-3.3.1-10]
        _ => false, // [MQTT-3.3.1-11]
    };
}
