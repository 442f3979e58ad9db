using Posthaste.Broker;
using Posthaste.Broker.Pipeline;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Session;

/// <summary>
/// The replies of one channel, in order. A reply that promises something durable waits until it is; replies behind it
/// wait with it, so a client that sends several requests at once gets the answers in the order of its requests.
/// </summary>
internal sealed class ReplyQueue
{
    private readonly AmqpOutput _output;
    private readonly Action _wake;
    private readonly Action<WireError> _fail;
    private readonly ushort _channel;

    // Guarded by the output's gate. Null until a reply has to wait, which on most channels never happens.
    private Queue<Reply>? _waiting;

    /// <param name="output">Where replies go.</param>
    /// <param name="wake">Lets the reader look again: it may wait for the queue to be empty.</param>
    /// <param name="fail">Ends the connection: a promise cannot be kept.</param>
    /// <param name="channel">The channel's number.</param>
    public ReplyQueue(AmqpOutput output, Action wake, Action<WireError> fail, ushort channel)
    {
        _output = output;
        _wake = wake;
        _fail = fail;
        _channel = channel;
    }

    /// <summary>Whether nothing waits. Under the gate, or as an estimate without.</summary>
    public bool IsEmpty => _waiting is null || _waiting.Count == 0;

    /// <summary>Writes the reply, or puts it behind those that wait.</summary>
    public void Send<TMethod>(in TMethod method)
        where TMethod : IMethod<TMethod>, allows ref struct
    {
        lock (_output.Gate)
        {
            if (IsEmpty)
                _output.WriteMethod(_channel, method);
            else
                _waiting!.Enqueue(new Reply(this, Encode(method)) { IsReady = true });
        }
    }

    /// <summary>Writes frames that are already encoded, or puts them behind those that wait.</summary>
    public void SendEncoded(byte[] frames)
    {
        lock (_output.Gate)
        {
            if (IsEmpty)
                _output.WriteBytes(frames);
            else
                _waiting!.Enqueue(new Reply(this, frames) { IsReady = true });
        }
    }

    /// <summary>A reply that waits; the caller has it posted to the commit pipeline, which calls it back.</summary>
    public PipelineCallback Defer<TMethod>(in TMethod method)
        where TMethod : IMethod<TMethod>, allows ref struct
    {
        var reply = new Reply(this, Encode(method));
        lock (_output.Gate)
            (_waiting ??= new Queue<Reply>()).Enqueue(reply);
        return reply;
    }

    private byte[] Encode<TMethod>(in TMethod method)
        where TMethod : IMethod<TMethod>, allows ref struct
    {
        var frame = new byte[MethodFrame.GetBytes(method)];
        MethodFrame.Write(frame, _channel, method);
        return frame;
    }

    private void Applied(Reply reply, FlushSet flushes)
    {
        lock (_output.Gate)
        {
            reply.IsReady = true;
            while (_waiting!.TryPeek(out var next) && next.IsReady)
                _output.WriteBytes(_waiting.Dequeue().Frames);
        }

        flushes.Add(_output);
        _wake();
    }

    private sealed class Reply(ReplyQueue queue, byte[] frames) : PipelineCallback
    {
        public byte[] Frames { get; } = frames;

        public bool IsReady { get; set; }

        protected override void Applied(bool durable, FlushSet flushes)
        {
            if (durable)
                queue.Applied(this, flushes);
            else
                queue._fail(new WireError(ReplyCode.InternalError, JournalFailedText));
        }
    }

    private const string JournalFailedText =
        "the journal cannot be written: nothing more becomes durable until a restart";
}
