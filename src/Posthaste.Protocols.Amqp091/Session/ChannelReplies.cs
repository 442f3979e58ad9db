using Posthaste.Broker.Sessions;
using Posthaste.Broker.Transactions;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Session;

/// <summary>The replies of one channel, as methods.</summary>
internal sealed class ChannelReplies : ReplyQueue
{
    private readonly AmqpOutput _output;
    private readonly ushort _channel;

    public ChannelReplies(AmqpConnection connection, ushort channel)
        : base(connection)
    {
        _output = connection.Output;
        _channel = channel;
    }

    /// <summary>Writes the reply, or puts it behind those that wait.</summary>
    public void Send<TMethod>(in TMethod method)
        where TMethod : IMethod<TMethod>, allows ref struct
    {
        lock (_output.Gate)
        {
            if (IsEmpty)
                _output.WriteMethod(_channel, method);
            else
                Wait(Encode(method));
        }
    }

    /// <summary>A reply that waits; the caller has it posted to the commit pipeline, which calls it back.</summary>
    public TransactionReply Defer<TMethod>(in TMethod method)
        where TMethod : IMethod<TMethod>, allows ref struct => DeferEncoded(Encode(method));

    private byte[] Encode<TMethod>(in TMethod method)
        where TMethod : IMethod<TMethod>, allows ref struct
    {
        var frame = new byte[MethodFrame.GetBytes(method)];
        MethodFrame.Write(frame, _channel, method);
        return frame;
    }
}
