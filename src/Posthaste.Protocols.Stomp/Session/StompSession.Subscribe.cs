using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Security.Access;
using Posthaste.Broker.Sessions;
using Posthaste.Core.Queues;
using Posthaste.Primitives.Tables;
using Posthaste.Protocols.Stomp.Format;
using Posthaste.Protocols.Stomp.Wire;

namespace Posthaste.Protocols.Stomp.Session;

/// <summary>SUBSCRIBE and UNSUBSCRIBE.</summary>
internal sealed partial class StompSession
{
    private const string TemporaryPrefix = "/temp-queue/";

    // 128 random bits: names of queues that nobody else comes upon.
    private const int NameBytes = 16;

    // By id, or by destination for subscriptions without one; guarded by the output's gate.
    private readonly Dictionary<string, StompSubscription> _subscriptions = new(StringComparer.Ordinal);
    private int _lastNumber;

    private StompError Subscribe(scoped in StompFrame frame, ReadScope scope)
    {
        var error = CheckSubscribe(frame, out var key);
        if (error.IsError)
            return error;
        error = Destination.Parse(frame.Value(KnownHeader.Destination), out var destination);
        if (error.IsError)
            return error;
        error = SubscriptionOptions.Read(frame, out var options);
        if (error.IsError)
            return error;
        error = FindSource(frame, destination, out var queue, out var isJournaled);
        if (error.IsError)
            return error;
        error = ToWire(Host.CheckUse(AccessKind.Read, queue, _opened));
        if (error.IsError)
            return error;
        var subscription = new StompSubscription(
            this, queue, ++_lastNumber, frame.Raw(KnownHeader.Id).ToArray())
        {
            NoAck = options.NoAck,
            IsCumulative = options.IsCumulative,
            PrefetchMax = options.NoAck ? (ushort)0 : options.Prefetch,
            Priority = options.Priority,
            IsOfTopic = destination.Kind == DestinationKind.Topic,
        };
        error = Consume(subscription, key, scope);
        if (error.IsError)
            return error;
        if (isJournaled)
            ReceiptWhenDurable(frame);
        else
            ReceiptAtOnce(frame, scope);
        return default;
    }

    private StompError CheckSubscribe(scoped in StompFrame frame, out string key)
    {
        key = "";
        if (!frame.Has(KnownHeader.Destination))
            return new("Missing destination", "SUBSCRIBE must include a 'destination' header");
        if (frame.Raw(KnownHeader.Id).Length > _limits.IdBytesMax)
            return new("Invalid header", $"an id has at most {_limits.IdBytesMax} bytes");
        if (frame.Has(KnownHeader.Selector))
            return new("Not supported", "subscriptions with a 'selector' are not supported");
        foreach (var line in new HeaderLines(frame.Headers))
        {
            if (line.Name.StartsWith("x-stream-"u8) && !line.Name.EndsWith("-bytes"u8))
            {
                var name = Encoding.UTF8.GetString(line.Name);
                return new("Not supported", $"'{name}': there are no streams to read from");
            }
        }

        if (QueueParameters.IsDurable(frame) && !frame.Has(KnownHeader.Id))
            return new("Missing Header", "Header 'id' is required for durable subscriptions");
        var error = TryGetKey(frame, out key);
        if (error.IsError)
            return error;
        lock (Output.Gate)
        {
            if (_subscriptions.ContainsKey(key))
            {
                return new(
                    "Duplicated subscription identifier", $"A subscription identified by '{key}' already exists.");
            }

            return _subscriptions.Count < _limits.SubscriptionsMax
                ? default
                : TooManySubscriptions();
        }
    }

    private StompError TooManySubscriptions() =>
        new("Too many subscriptions", $"a connection has at most {_limits.SubscriptionsMax}");

    /// <summary>What a subscription goes by: its id, or its destination where 1.0 lets the id be left out.</summary>
    private static StompError TryGetKey(scoped in StompFrame frame, out string key)
    {
        key = frame.Has(KnownHeader.Id)
            ? $"id={Encoding.UTF8.GetString(frame.Value(KnownHeader.Id))}"
            : $"destination={Encoding.UTF8.GetString(frame.Value(KnownHeader.Destination))}";
        if (key.StartsWith($"id={TemporaryPrefix}", StringComparison.Ordinal))
            return new("Invalid id", $"{frame.Command.WireName()} 'id' may not start with {TemporaryPrefix}");
        return frame.Has(KnownHeader.Id) || frame.Has(KnownHeader.Destination)
            ? default
            : new("Missing destination or id", "UNSUBSCRIBE must include a 'destination' or 'id' header");
    }

    /// <summary>The queue that a subscription is on; declared and bound where the destination asks for it.</summary>
    private StompError FindSource(
        scoped in StompFrame frame, Destination destination, out BrokerQueue queue, out bool isJournaled)
    {
        queue = null!;
        isJournaled = false;
        switch (destination.Kind)
        {
            case DestinationKind.TemporaryQueue:
                return new(
                    "Invalid destination",
                    $"'{TemporaryPrefix}{destination.KeyText}' is not a valid destination for 'SUBSCRIBE'");
            case DestinationKind.ExistingQueue:
                if (!Host.TryGetQueue(destination.Key, out queue))
                    return new("not_found", $"no queue '{destination.KeyText}' in vhost '{Host.Name}'");
                return default;
            case DestinationKind.Queue:
                var error = Declare(frame, destination, out var declared);
                queue = declared.Queue!;
                isJournaled = declared.IsJournaled;
                return error;
            default:
                return BindSource(frame, destination, out queue, out isJournaled);
        }
    }

    private StompError BindSource(
        scoped in StompFrame frame, Destination destination, out BrokerQueue queue, out bool isJournaled)
    {
        queue = null!;
        isJournaled = false;
        if (!Host.TryGetExchange(destination.Exchange, out var exchange))
        {
            var name = Encoding.UTF8.GetString(destination.Exchange);
            return new("not_found", $"no exchange '{name}' in vhost '{Host.Name}'");
        }

        var error = QueueParameters.Read(frame, destination.Kind, out var parameters);
        if (error.IsError)
            return error;
        error = Declare(SourceName(frame), parameters, out var declared);
        if (error.IsError)
            return error;
        queue = declared.Queue!;
        var bound = Host.BindQueue(queue.Name, exchange.Name, destination.KeyText, FieldTable.Empty, _opened);
        isJournaled = declared.IsJournaled || bound.IsJournaled;
        return ToWire(bound.Error);
    }

    /// <summary>
    /// The name of a topic's or an exchange's queue: as the client says, or always the same for one durable
    /// subscription, or one of its own.
    /// </summary>
    private static string SourceName(scoped in StompFrame frame)
    {
        if (HeaderLines.TryFind(frame.Headers, "x-queue-name"u8, out var named))
            return Encoding.UTF8.GetString(HeaderText.Unescape(StompFrame.Trim(named, frame.Version)));
        if (!QueueParameters.IsDurable(frame))
            return $"stomp-subscription-{RandomName()}";
        var destination = frame.Value(KnownHeader.Destination);
        var hash = SHA256.HashData([.. destination, 0, .. frame.Value(KnownHeader.Id)]);
        return $"stomp-subscription-{Base64Url.EncodeToString(hash.AsSpan(0, NameBytes))}";
    }

    private static string RandomName() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(NameBytes));

    private StompError Consume(StompSubscription subscription, string key, ReadScope scope)
    {
        // Known before it is added: the queue may be deleted, and say so, before Consume returns.
        lock (Output.Gate)
        {
            _subscriptions.Add(key, subscription);
            _byNumber.Add(subscription.Number, subscription);
        }

        var refusal = subscription.Queue.Consume(subscription, scope.Flushes);
        if (refusal == ConsumerRefusal.None)
            return default;
        lock (Output.Gate)
        {
            _subscriptions.Remove(key);
            _byNumber.Remove(subscription.Number);
        }

        var name = $"queue '{subscription.Queue.Name}' in vhost '{Host.Name}'";
        return refusal == ConsumerRefusal.QueueDeleted
            ? new("not_found", $"no {name}")
            : new("access_refused", $"{name} in exclusive use");
    }

    private StompError Unsubscribe(scoped in StompFrame frame, ReadScope scope)
    {
        var error = TryGetKey(frame, out var key);
        if (error.IsError)
            return error;
        StompSubscription? subscription;
        lock (Output.Gate)
        {
            if (!_subscriptions.Remove(key, out subscription))
            {
                return new(
                    "No subscription found",
                    $"UNSUBSCRIBE must refer to an existing subscription.\nSubscription to {key} not found.");
            }
        }

        subscription.Queue.Cancel(subscription, scope.Flushes);
        lock (Output.Gate)
        {
            subscription.HasEnded = true;
            ForgetIfDone(subscription);
        }

        if (!subscription.IsOfTopic || !QueueParameters.IsDurable(frame))
        {
            ReceiptAtOnce(frame, scope);
            return default;
        }

        var deleted = Host.DeleteQueue(subscription.Queue.Name, ifUnused: false, ifEmpty: false, _opened, out _);
        ReceiptWhenDurable(frame);
        return ToWire(deleted.Error);
    }

    private void EndSubscriptions(ReadScope scope)
    {
        StompSubscription[] subscriptions;
        lock (Output.Gate)
        {
            subscriptions = [.. _byNumber.Values];
            _subscriptions.Clear();
            _byNumber.Clear();
        }

        foreach (var subscription in subscriptions)
        {
            if (!subscription.HasEnded)
                subscription.Queue.Cancel(subscription, scope.Flushes);
            var taken = scope.LendTaken();
            lock (Output.Gate)
                subscription.TakeAll(taken);
            foreach (var delivery in taken)
                scope.Settlements.Add(delivery, Settlement.RequeueFailed, scope.Flushes);
        }

        scope.Settlements.Flush(scope.Flushes);
    }
}
