using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Posthaste.Broker;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Sessions;
using Posthaste.Core.Catalog;
using Posthaste.Core.Queues;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Session;

/// <summary>Consumers, single gets and prefetch.</summary>
internal sealed partial class AmqpChannel
{
    // 128 random bits, as in RabbitMQ: tags of different channels do not meet by chance.
    private const int GeneratedTagBytes = 16;

    // By consumer tag; guarded by the output's gate, because a deleted queue removes its consumers from its own strand.
    private Dictionary<string, AmqpSubscription>? _consumers;
    private DirectReplyConsumer? _replyConsumer;
    private PendingGet? _get;
    private ushort _prefetch;

    public AmqpOutput Output => _output;

    private WireError HandleBasic(MethodId method, ReadOnlySpan<byte> payload, ReadScope scope) => method switch
    {
        MethodId.BasicQos => BasicQos.TryRead(payload, out var m) ? Handle(m, scope) : Malformed(method),
        MethodId.BasicConsume => BasicConsume.TryRead(payload, out var m) ? Handle(m, scope) : Malformed(method),
        MethodId.BasicCancel => BasicCancel.TryRead(payload, out var m) ? Handle(m, scope) : Malformed(method),
        MethodId.BasicCancelOk => default,
        MethodId.BasicGet => BasicGet.TryRead(payload, out var m) ? Handle(m, scope) : Malformed(method),
        MethodId.BasicRecover => BasicRecover.TryRead(payload, out var m) ? Handle(m, scope) : Malformed(method),
        MethodId.BasicRecoverAsync =>
            BasicRecoverAsync.TryRead(payload, out var m) ? Recover(m.Requeue, method, scope) : Malformed(method),
        _ => Unknown(method),
    };

    private WireError Handle(in BasicQos qos, ReadScope scope)
    {
        if (qos.PrefetchSize != 0)
            return new(ReplyCode.NotImplemented, $"prefetch_size!=0 ({qos.PrefetchSize})", MethodId.BasicQos);
        if (qos.Global)
        {
            Deliveries.SetSharedLimit(qos.PrefetchCount, scope.Resumed);
        }
        else
        {
            // As in RabbitMQ, a limit for each consumer to come replaces the one for all.
            _prefetch = qos.PrefetchCount;
            Deliveries.SetSharedLimit(0, scope.Resumed);
        }

        Reply(default(BasicQosOk));
        return default;
    }

    private WireError Handle(in BasicConsume consume, ReadScope scope)
    {
        var givenTag = Encoding.UTF8.GetString(consume.ConsumerTag);
        if (CheckNewConsumer(givenTag) is { } refused)
            return refused;
        var tag = givenTag.Length > 0 ? givenTag : GenerateTag();
        if (consume.Queue.SequenceEqual("amq.rabbitmq.reply-to"u8))
            return ConsumeReplies(tag, consume);
        if (!TryFindQueue(consume.Queue, MethodId.BasicConsume, out var queue, out var error))
            return error;
        var given = Arguments(consume.Arguments);
        if (ConsumerArguments.Parse(
            queue.Name, Host.Name, queue.Definition.Settings.Type, given, out var arguments)
            is { } invalid)
        {
            return ToWire(invalid, MethodId.BasicConsume);
        }

        if (Deliveries.HasSharedLimit && queue.Definition.Settings.Type == QueueType.Quorum)
        {
            return new(
                ReplyCode.NotImplemented, $"queue '{queue.Name}' in vhost '{Host.Name}' does not support global qos",
                MethodId.BasicConsume);
        }

        var subscription = new AmqpSubscription(this, queue, Encoding.UTF8.GetBytes(tag), consume.NoWait)
        {
            NoAck = consume.NoAck,
            PrefetchMax = consume.NoAck ? (ushort)0 : _prefetch,
            Priority = arguments.Priority,
            Exclusive = consume.Exclusive,
            TimeoutMs = arguments.TimeoutMs ?? queue.ConsumerTimeoutMs,
            Arguments = given,
        };
        Deliveries.ExpectTimeout(subscription.TimeoutMs);

        // Known before it is added: the queue may be deleted, and say so, before Consume returns.
        lock (_output.Gate)
            (_consumers ??= []).Add(tag, subscription);
        var refusal = queue.Consume(subscription, scope.Flushes);
        if (refusal == ConsumerRefusal.None)
            return default;
        lock (_output.Gate)
            _consumers.Remove(tag);
        return refusal == ConsumerRefusal.QueueDeleted
            ? NoQueue(queue.Name, MethodId.BasicConsume)
            : new(
                ReplyCode.AccessRefused, $"queue '{queue.Name}' in vhost '{Host.Name}' in exclusive use",
                MethodId.BasicConsume);
    }

    private WireError? CheckNewConsumer(string tag)
    {
        lock (_output.Gate)
        {
            if (_consumers is null || _consumers.Count == 0)
                return IsReplyConsumer(tag) ? TagInUse(tag) : null;
            if (_consumers.ContainsKey(tag) || IsReplyConsumer(tag))
                return TagInUse(tag);
            return _consumers.Count < _connection.Limits.ConsumersPerChannelMax ? null : new WireError(
                ReplyCode.NotAllowed,
                $"reached maximum ({_connection.Limits.ConsumersPerChannelMax}) of consumers per channel",
                MethodId.BasicConsume);
        }
    }

    private bool IsReplyConsumer(string tag) => _replyConsumer is { } replies && replies.Tag == tag;

    private static WireError TagInUse(string tag) =>
        new(ReplyCode.NotAllowed, $"attempt to reuse consumer tag '{tag}'", MethodId.BasicConsume);

    private static string GenerateTag() =>
        "amq.ctag-" + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(GeneratedTagBytes));

    private WireError ConsumeReplies(string tag, in BasicConsume consume)
    {
        if (!consume.NoAck)
            return Precondition("reply consumer cannot acknowledge", MethodId.BasicConsume);
        if (_replyConsumer is not null)
            return Precondition("reply consumer already set", MethodId.BasicConsume);
        _replyConsumer = new DirectReplyConsumer(this, _connection.Broker.Replies, tag);
        if (!consume.NoWait)
            Reply(new BasicConsumeOk { ConsumerTag = Encoding.UTF8.GetBytes(tag) });
        return default;
    }

    private WireError Handle(in BasicCancel cancel, ReadScope scope)
    {
        var tag = Encoding.UTF8.GetString(cancel.ConsumerTag);
        if (IsReplyConsumer(tag))
        {
            _replyConsumer!.End();
            _replyConsumer = null;
        }
        else if (Remove(tag) is { } subscription)
        {
            subscription.Queue.Cancel(subscription, scope.Flushes);
        }

        if (!cancel.NoWait)
            Reply(new BasicCancelOk { ConsumerTag = cancel.ConsumerTag });
        return default;
    }

    private AmqpSubscription? Remove(string tag)
    {
        lock (_output.Gate)
            return _consumers is not null && _consumers.Remove(tag, out var subscription) ? subscription : null;
    }

    /// <summary>The queue is gone. On its strand.</summary>
    internal void OnCancelled(AmqpSubscription subscription, FlushSet flushes)
    {
        Remove(Encoding.UTF8.GetString(subscription.Tag));
        if (!_connection.Capabilities.ConsumerCancelNotify)
            return;
        Replies.Send(new BasicCancel { ConsumerTag = subscription.Tag, NoWait = true });
        flushes.Add(_output);
    }

    private void CancelAll(FlushSet flushes)
    {
        _replyConsumer?.End();
        _replyConsumer = null;
        AmqpSubscription[] subscriptions;
        lock (_output.Gate)
        {
            subscriptions = [.. _consumers?.Values ?? (IEnumerable<AmqpSubscription>)[]];
            _consumers = null;
        }

        foreach (var subscription in subscriptions)
            subscription.Queue.Cancel(subscription, flushes);
    }

    private WireError Handle(in BasicGet get, ReadScope scope)
    {
        if (!TryFindQueue(get.Queue, MethodId.BasicGet, out var queue, out var error))
            return error;
        Deliveries.ExpectTimeout(queue.ConsumerTimeoutMs);
        _get = new PendingGet(this) { NoAck = get.NoAck };
        queue.Get(_get, scope.Flushes);

        // The bytes may have to be read from disk first. The answer keeps its place among those of the channel.
        if (!_get.IsAnswered)
            _connection.HoldFor(this);
        return default;
    }

    /// <summary>A basic.get that the queue answers, possibly later and on another thread.</summary>
    private sealed class PendingGet(AmqpChannel channel) : GetRequest
    {
        private volatile bool _isAnswered;

        public bool IsAnswered => _isAnswered;

        public override BrokerConnection Connection => channel.Connection;

        public override BrokerChannel Channel => channel;

        protected override void OnMessage(in DeliveredMessage message, long remaining, FlushSet flushes)
        {
            channel.Deliveries.DeliverGet(message, NoAck, remaining, flushes);
            Finish();
        }

        protected override void OnEmpty(FlushSet flushes)
        {
            channel.Deliveries.CountGetEmpty();
            channel.Replies.Send(default(BasicGetEmpty));
            flushes.Add(channel._output);
            Finish();
        }

        private void Finish()
        {
            _isAnswered = true;
            channel._connection.Wake();
        }
    }
}
