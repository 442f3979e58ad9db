using System.Text;
using Posthaste.Broker;
using Posthaste.Broker.Replies;
using Posthaste.Core.Messages;

namespace Posthaste.Protocols.Amqp091.Session;

/// <summary>The consumer of a channel on `amq.rabbitmq.reply-to`: replies come to it without a queue.</summary>
internal sealed class DirectReplyConsumer : DirectReplyTarget
{
    private readonly AmqpChannel _channel;
    private readonly DirectReplies _replies;
    private readonly byte[] _tag;

    public DirectReplyConsumer(AmqpChannel channel, DirectReplies replies, string tag)
    {
        _channel = channel;
        _replies = replies;
        _tag = Encoding.UTF8.GetBytes(tag);
        Tag = tag;
        Name = replies.Register(this);
        NameBytes = Encoding.UTF8.GetBytes(Name);
    }

    /// <summary>The consumer tag.</summary>
    public string Tag { get; }

    /// <summary>What takes the place of `amq.rabbitmq.reply-to` in requests of this channel.</summary>
    public string Name { get; }

    public byte[] NameBytes { get; }

    /// <summary>Replies that still come find nobody.</summary>
    public void End() => _replies.Unregister(Name);

    protected override void Deliver(in MessageView message, FlushSet flushes)
    {
        // At most once: a requester that lets its socket fill up loses replies rather than the broker its memory.
        if (_channel.Output.HasRoom)
            _channel.Deliveries.DeliverReply(_tag, message, flushes);
        else
            _channel.NoteReplyDropped();
    }
}
