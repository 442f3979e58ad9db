using Posthaste.Broker;
using Posthaste.Broker.Formats;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Sessions;
using Posthaste.Broker.Statistics;
using Posthaste.Core.Queues;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Session;

/// <summary>
/// What a channel has been given and not settled, and how much more it may be given: delivery tags, the limit shared by
/// its consumers (basic.qos global), and channel.flow. Guarded by the output's gate.
/// </summary>
/// <remarks>
/// Queues ask with <see cref="TryReserve"/> and then deliver, each under its own strand; between the two another queue
/// may do the same. With a shared limit what is reserved therefore counts as given.
/// </remarks>
internal sealed class ChannelDeliveries
{
    private readonly AmqpOutput _output;
    private readonly MessageFormats _formats;
    private readonly ushort _channel;
    private readonly int _unackedMax;
    private readonly UnackedRing _unacked = new();
    private readonly DeliveryAges _ages = new();
    private List<SessionSubscription>? _waiting;
    private ulong _lastTag;
    private int _shared;
    private int _sharedGiven;
    private int _sharedReserved;
    private volatile bool _isLimited;
    private DeliveryCounts _counts;
    private bool _hasEnded;
    private bool _isActive = true;

    /// <summary>Least time that any of its deliveries has.</summary>
    private long _shortestTimeoutMs = long.MaxValue;

    public ChannelDeliveries(AmqpOutput output, MessageFormats formats, ushort channel, int unackedMax)
    {
        _output = output;
        _formats = formats;
        _channel = channel;
        _unackedMax = unackedMax;
    }

    /// <summary>Whether the consumers share one limit. The reader's question.</summary>
    public bool HasSharedLimit => _shared > 0;

    /// <summary>The limit of all consumers together; 0 for none.</summary>
    public int SharedLimit => _shared;

    /// <summary>What is out.</summary>
    public int UnackedCount => _unacked.Count;

    /// <summary>What went out. Read while others count.</summary>
    public DeliveryCounts Counts => _counts;

    /// <summary>Deliveries with this timeout (0 for none) are to come. The reader's.</summary>
    public void ExpectTimeout(long timeoutMs)
    {
        if (timeoutMs > 0 && timeoutMs < Volatile.Read(ref _shortestTimeoutMs))
            Volatile.Write(ref _shortestTimeoutMs, timeoutMs);
    }

    /// <summary>Whether the client has held a delivery for longer than it may. The ticker's, at each tick.</summary>
    public bool HasOverdue(long nowMs, out long timeoutMs)
    {
        timeoutMs = 0;
        if (_unacked.Count == 0)
            return false;
        lock (_output.Gate)
        {
            _ages.Note(_unacked.OldestTag, _lastTag, nowMs);
            var shortestMs = Volatile.Read(ref _shortestTimeoutMs);
            return shortestMs != long.MaxValue && _unacked.HasOverdue(_ages, shortestMs, nowMs, out timeoutMs);
        }
    }

    /// <summary>Tells of the oldest delivery of each queue. Any thread.</summary>
    public void ShowOldest(OldestDeliveries into)
    {
        if (_unacked.Count == 0)
            return;
        lock (_output.Gate)
            _unacked.ShowOldest(_ages, into);
    }

    /// <summary>The client was not read: its time begins anew.</summary>
    public void ForgetAges()
    {
        lock (_output.Gate)
            _ages.Forget();
    }

    /// <summary>Whether one more message may be delivered; if not, the subscription is resumed when it may.</summary>
    public bool TryReserve(AmqpSubscription subscription)
    {
        if (!_output.TryReserve(subscription))
            return false;
        if (!_isLimited && _unacked.Count < _unackedMax)
            return true;
        lock (_output.Gate)
        {
            if (MayGive(subscription))
            {
                if (_shared > 0 && !subscription.NoAck)
                    _sharedReserved++;
                return true;
            }

            _waiting ??= [];
            if (!_waiting.Contains(subscription))
                _waiting.Add(subscription);
            return false;
        }
    }

    public void Unreserve(AmqpSubscription subscription)
    {
        if (!_isLimited || subscription.NoAck)
            return;
        lock (_output.Gate)
            _sharedReserved = int.Max(0, _sharedReserved - 1);
    }

    /// <summary>Writes the delivery and remembers it until it is settled.</summary>
    public void Deliver(AmqpSubscription subscription, in DeliveredMessage message, FlushSet flushes)
    {
        var properties = DeliveredProperties.Of(message, _formats, _output.FrameBytesMax);
        lock (_output.Gate)
        {
            var tag = ++_lastTag;
            if (!subscription.NoAck)
            {
                _unacked.Add(tag, message.Id, subscription);
                _sharedGiven++;
                _sharedReserved = int.Max(0, _sharedReserved - 1);
            }

            _counts.CountDelivery(subscription.NoAck, message.Redelivered);
            _output.WriteDeliver(
                _channel, subscription.Tag, tag, message.Redelivered, message.Message.Exchange,
                properties.RoutingKey, properties.Encoded, message.Message.Body);
        }

        flushes.Add(_output);
    }

    /// <summary>Writes a message that belongs to no queue, as a direct reply.</summary>
    public void DeliverReply(ReadOnlySpan<byte> consumerTag, in Core.Messages.MessageView message, FlushSet flushes)
    {
        var properties = DeliveredProperties.Of(message, _formats, _output.FrameBytesMax);
        lock (_output.Gate)
        {
            _counts.CountDelivery(noAck: true, redelivered: false);
            _output.WriteDeliver(
                _channel, consumerTag, ++_lastTag, redelivered: false, message.Exchange, properties.RoutingKey,
                properties.Encoded, message.Body);
        }

        flushes.Add(_output);
    }

    /// <summary>Writes basic.get-ok, and remembers the message unless it counts as settled.</summary>
    public void DeliverGet(in DeliveredMessage message, bool noAck, long remaining, FlushSet flushes)
    {
        var properties = DeliveredProperties.Of(message, _formats, _output.FrameBytesMax);
        lock (_output.Gate)
        {
            if (_hasEnded && !noAck)
            {
                GiveBack(message.Queue, message.Id);
                return;
            }

            var tag = ++_lastTag;
            if (!noAck)
                _unacked.Add(tag, message.Id, message.Queue);
            _counts.CountGet(noAck, message.Redelivered);
            _output.WriteWithContent(
                _channel,
                new BasicGetOk
                {
                    DeliveryTag = tag,
                    Redelivered = message.Redelivered,
                    Exchange = message.Message.Exchange,
                    RoutingKey = properties.RoutingKey,
                    MessageCount = (uint)remaining,
                },
                properties.Encoded,
                message.Message.Body);
        }

        flushes.Add(_output);
    }

    /// <summary>A get that found nothing.</summary>
    public void CountGetEmpty()
    {
        lock (_output.Gate)
            _counts.GotEmptyCount++;
    }

    /// <summary>Takes what a client settles; false when the tag is not out.</summary>
    public bool TryTake(ulong tag, bool multiple, List<UnackedDelivery> into, List<SessionSubscription> resumed)
    {
        lock (_output.Gate)
        {
            if (multiple)
            {
                if (!_unacked.TryTakeThrough(tag, into))
                    return false;
            }
            else
            {
                if (!_unacked.TryTake(tag, out var delivery))
                    return false;
                into.Add(delivery);
            }

            foreach (var delivery in into)
            {
                if (delivery.Subscription is not null)
                    _sharedGiven--;
            }

            TakeResumable(resumed);
            return true;
        }
    }

    /// <summary>Takes everything that is out; nothing goes out any more.</summary>
    public void End(List<UnackedDelivery> into)
    {
        lock (_output.Gate)
        {
            _hasEnded = true;
            _unacked.TryTakeThrough(0, into);
            _sharedGiven = 0;
        }
    }

    /// <summary>Makes deliveries unsettled again that were taken before.</summary>
    public void Restore(List<UnackedDelivery> taken)
    {
        lock (_output.Gate)
        {
            _unacked.Restore(taken);
            _sharedGiven = _unacked.CountOfConsumers();
        }
    }

    /// <summary>The limit of all consumers together; 0 for none.</summary>
    public void SetSharedLimit(ushort prefetch, List<SessionSubscription> resumed)
    {
        lock (_output.Gate)
        {
            _shared = prefetch;
            _sharedReserved = 0;
            UpdateLimited();
            TakeResumable(resumed);
        }
    }

    /// <summary>channel.flow: an inactive channel is given nothing.</summary>
    public void SetActive(bool active, List<SessionSubscription> resumed)
    {
        lock (_output.Gate)
        {
            _isActive = active;
            UpdateLimited();
            TakeResumable(resumed);
        }
    }

    /// <summary>
    /// A get that was answered after its channel had ended. Not on the queue's strand, which this is.
    /// </summary>
    private static void GiveBack(BrokerQueue queue, EntryId id) => ThreadPool.UnsafeQueueUserWorkItem(
        static item =>
        {
            item.queue.Return([item.id], by: null, countsAsFailure: false, FlushSet.ForThisThread);
            FlushSet.ForThisThread.FlushAll();
        },
        (queue, id),
        preferLocal: false);

    private bool MayGive(AmqpSubscription subscription) =>
        _isActive && _unacked.Count < _unackedMax
        && (_shared == 0 || subscription.NoAck || _sharedGiven + _sharedReserved < _shared);

    private void UpdateLimited() => _isLimited = _shared > 0 || !_isActive;

    private void TakeResumable(List<SessionSubscription> resumed)
    {
        if (_waiting is not { Count: > 0 } || !_isActive || _unacked.Count >= _unackedMax
            || (_shared > 0 && _sharedGiven + _sharedReserved >= _shared))
        {
            return;
        }

        resumed.AddRange(_waiting);
        _waiting.Clear();
    }
}
