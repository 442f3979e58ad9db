using Posthaste.Broker.Publishing;
using Posthaste.Broker.Sessions;
using Posthaste.Broker.Transactions;
using Posthaste.Core.Messages;

namespace Posthaste.Protocols.Stomp.Session;

/// <summary>
/// A transaction between BEGIN and COMMIT or ABORT. The broker's buffer holds what becomes durable in one record; here
/// are the deliveries to make unacknowledged again on an abort. The reader's alone.
/// </summary>
internal sealed class StompTransaction(TransactionBuffer buffer)
{
    private readonly List<UnackedDelivery> _settled = [];

    /// <summary>Messages and acknowledgements in it.</summary>
    public int ActionCount { get; private set; }

    /// <summary>Bytes of the messages in it.</summary>
    public long Bytes { get; private set; }

    /// <summary>Notes a message; its bytes are copied.</summary>
    public void Publish(in OutgoingPublish message)
    {
        buffer.Publish(message);
        Bytes += message.PropertiesLength + message.BodyLength;
        ActionCount++;
    }

    /// <summary>Notes a direct reply; false if nobody waits for it.</summary>
    public bool TryReply(ReadOnlySpan<byte> name, in MessageView message)
    {
        ActionCount++;
        return buffer.TryReply(name, message);
    }

    /// <summary>Notes what an acknowledgement speaks for.</summary>
    public void Settle(List<UnackedDelivery> taken, Settlement settlement)
    {
        _settled.AddRange(taken);
        ActionCount++;
        foreach (var delivery in taken)
        {
            switch (settlement)
            {
                case Settlement.Acknowledge:
                    buffer.Settle(delivery.Queue, delivery.Id, delivery.Subscription);
                    break;
                case Settlement.Reject:
                    buffer.Reject(delivery.Queue, delivery.Id, delivery.Subscription);
                    break;
                default:
                    buffer.Return(delivery.Queue, delivery.Id, delivery.Subscription, countsAsFailure: false);
                    break;
            }
        }
    }

    /// <summary>Commits; the reply is called when it is durable.</summary>
    public void Commit(TransactionReply reply) => buffer.Commit(reply);

    /// <summary>Forgets everything.</summary>
    /// <returns>The deliveries that are unacknowledged again, for their subscriptions.</returns>
    public List<UnackedDelivery> Abort()
    {
        buffer.Rollback();
        return _settled;
    }
}
