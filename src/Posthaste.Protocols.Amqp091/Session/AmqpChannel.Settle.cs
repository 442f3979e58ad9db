using Posthaste.Broker.Sessions;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Session;

/// <summary>Acknowledgements, rejections and recovery of deliveries.</summary>
internal sealed partial class AmqpChannel
{
    private WireError Handle(in BasicAck ack, ReadScope scope) =>
        Settle(ack.DeliveryTag, ack.Multiple, Settlement.Acknowledge, MethodId.BasicAck, scope);

    private WireError Handle(in BasicNack nack, ReadScope scope) => Settle(
        nack.DeliveryTag, nack.Multiple, nack.Requeue ? Settlement.Requeue : Settlement.Reject, MethodId.BasicNack,
        scope);

    // A requeueing reject says that the delivery failed, a requeueing nack only that it is given back: as RabbitMQ 4
    // counts them.
    private WireError Handle(in BasicReject reject, ReadScope scope) => Settle(
        reject.DeliveryTag, multiple: false, reject.Requeue ? Settlement.RequeueFailed : Settlement.Reject,
        MethodId.BasicReject, scope);

    private WireError Settle(ulong tag, bool multiple, Settlement settlement, MethodId method, ReadScope scope)
    {
        var taken = scope.LendTaken();
        if (!Deliveries.TryTake(tag, multiple, taken, scope.Resumed))
            return Precondition($"unknown delivery tag {tag}", method);
        if (settlement == Settlement.Acknowledge)
            _counts.AcknowledgedCount += taken.Count;
        if (_transaction is { } transaction)
        {
            transaction.Settle(taken, settlement);
            return default;
        }

        foreach (var delivery in taken)
            scope.Settlements.Add(delivery, settlement, scope.Flushes);
        return default;
    }

    private WireError Handle(in BasicRecover recover, ReadScope scope)
    {
        var error = Recover(recover.Requeue, MethodId.BasicRecover, scope);
        if (error.Code == 0)
            Reply(default(BasicRecoverOk));
        return error;
    }

    private WireError Recover(bool requeue, MethodId method, ReadScope scope)
    {
        if (!requeue)
            return new(ReplyCode.NotImplemented, "requeue=false", method);
        var taken = scope.LendTaken();
        Deliveries.TryTake(0, multiple: true, taken, scope.Resumed);
        foreach (var delivery in taken)
            scope.Settlements.Add(delivery, Settlement.Requeue, scope.Flushes);
        return default;
    }
}
