using Posthaste.Broker;
using Posthaste.Broker.Publishing;
using Posthaste.Broker.Sessions;
using Posthaste.Broker.Transactions;
using Posthaste.Core.Messages;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Content;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Session;

/// <summary>
/// A channel's transaction: messages and settlements since the last commit. The broker's buffer holds what becomes
/// durable; here is what only the client sees: deliveries to make unsettled again on a rollback, returns to send on a
/// commit. The reader's alone.
/// </summary>
internal sealed class ChannelTransaction(TransactionBuffer buffer)
{
    private readonly List<UnackedDelivery> _settled = [];
    private readonly List<byte[]> _returns = [];
    private int _returnBytes;
    private int _publishedCount;

    /// <summary>Messages that wait for the commit.</summary>
    public int PublishedCount => _publishedCount;

    /// <summary>Settlements that wait for the commit.</summary>
    public int SettledCount => _settled.Count;

    /// <summary>Whether a message of this size would be too much for one transaction.</summary>
    public bool WouldOverflow(int bytes) => buffer.WouldOverflow(bytes);

    /// <summary>Notes a message that reaches queues.</summary>
    public void Publish(in OutgoingPublish message)
    {
        buffer.Publish(message);
        _publishedCount++;
    }

    /// <summary>Notes a direct reply; false if nobody waits for it.</summary>
    public bool TryReply(ReadOnlySpan<byte> name, in MessageView message) => buffer.TryReply(name, message);

    /// <summary>Notes a mandatory message that reaches none; false if the transaction holds too many.</summary>
    public bool TryReturn(ushort channel, in PublishView publish, int frameBytesMax, int returnBytesMax)
    {
        var text = "NO_ROUTE"u8;
        var bytes = ContentFrames.GetReturnSize(
            text.Length, publish.Exchange.Length, publish.RoutingKey.Length, publish.Properties.Length,
            publish.Body.Length,
            frameBytesMax);
        if (_returnBytes + bytes > returnBytesMax)
            return false;
        var frames = new byte[bytes];
        ContentFrames.WriteReturn(
            frames, channel, ReplyCode.NoRoute, text, publish.Exchange, publish.RoutingKey, publish.Properties,
            publish.Body,
            frameBytesMax);
        _returns.Add(frames);
        _returnBytes += bytes;
        return true;
    }

    public void Settle(List<UnackedDelivery> taken, Settlement settlement)
    {
        _settled.AddRange(taken);
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
                    buffer.Return(
                        delivery.Queue, delivery.Id, delivery.Subscription, settlement == Settlement.RequeueFailed);
                    break;
            }
        }
    }

    /// <summary>
    /// Commits; tx.commit-ok follows when it is durable. When a full queue has refused a message the channel's error
    /// takes its place: as in RabbitMQ, everything else of the transaction holds.
    /// </summary>
    public WireError Commit(AmqpChannel channel, FlushSet flushes)
    {
        foreach (var frames in _returns)
            channel.Replies.SendEncoded(frames);
        Forget();
        var reply = channel.Replies.Defer(default(TxCommitOk));
        buffer.Commit(reply);
        flushes.Add(channel.Output);
        return reply.Refused.Count == 0
            ? default
            : new(ReplyCode.PreconditionFailed, "partial tx completion", MethodId.TxCommit);
    }

    /// <summary>Undoes: messages are forgotten, settled deliveries are unsettled again.</summary>
    public void Rollback(AmqpChannel channel)
    {
        buffer.Rollback();
        channel.Deliveries.Restore(_settled);
        Forget();
    }

    private void Forget()
    {
        _settled.Clear();
        _returns.Clear();
        _returnBytes = 0;
        _publishedCount = 0;
    }
}
