using System.Text;
using Posthaste.Broker;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Sessions;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Session;

/// <summary>A consumer: a channel's subscription to a queue. Called by the queue on its strand.</summary>
internal sealed class AmqpSubscription : SessionSubscription
{
    private readonly AmqpChannel _channel;
    private readonly bool _noWait;

    public AmqpSubscription(AmqpChannel channel, BrokerQueue queue, byte[] tag, bool noWait)
        : base(queue)
    {
        _channel = channel;
        _noWait = noWait;
        Tag = tag;
    }

    /// <summary>The consumer tag.</summary>
    public byte[] Tag { get; }

    public override string ConsumerTag => Encoding.UTF8.GetString(Tag);

    public override BrokerConnection Connection => _channel.Connection;

    public override BrokerChannel Channel => _channel;

    protected override void Started(FlushSet flushes)
    {
        if (_noWait)
            return;
        _channel.Replies.Send(new BasicConsumeOk { ConsumerTag = Tag });
        flushes.Add(_channel.Output);
    }

    protected override bool TryReserve() => _channel.Deliveries.TryReserve(this);

    protected override void Unreserve() => _channel.Deliveries.Unreserve(this);

    protected override void Deliver(in DeliveredMessage message, FlushSet flushes) =>
        _channel.Deliveries.Deliver(this, message, flushes);

    protected override void Cancelled(SubscriptionEnd reason, FlushSet flushes) => _channel.OnCancelled(this, flushes);
}
