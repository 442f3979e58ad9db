using Posthaste.Broker.Transactions;

namespace Posthaste.Broker.Sessions;

/// <summary>
/// The replies of one session or channel, in order. A reply that promises something durable waits until it is; replies
/// behind it wait with it, so a client that sends several requests at once gets the answers in the order of its
/// requests.
/// </summary>
/// <remarks>Any thread: everything is guarded by the output's gate.</remarks>
public class ReplyQueue
{
    private readonly ProtocolSession _session;

    // Null until a reply has to wait, which on most channels never happens.
    private Queue<Reply>? _waiting;

    /// <param name="session">
    /// Whose output it is. Woken when the queue may have become empty, and closed when the journal has failed.
    /// </param>
    public ReplyQueue(ProtocolSession session)
    {
        Output = session.Output;
        _session = session;
    }

    /// <summary>Whether nothing waits. Under the gate, or as an estimate without.</summary>
    public bool IsEmpty => _waiting is null || _waiting.Count == 0;

    /// <summary>Where replies go.</summary>
    protected SessionOutput Output { get; }

    /// <summary>
    /// Writes frames that are already encoded, or puts them behind those that wait. The output is not flushed.
    /// </summary>
    public void SendEncoded(byte[] frames)
    {
        lock (Output.Gate)
        {
            if (IsEmpty)
                Output.WriteBytes(frames);
            else
                Wait(frames);
        }
    }

    /// <summary>
    /// A reply that waits for durability. The caller posts it to the commit pipeline (or hands it to a transaction's
    /// commit), which calls it back. For a commit that was refused a message nothing is written: what the session says
    /// instead stands behind it in the row.
    /// </summary>
    public TransactionReply DeferEncoded(byte[] frames)
    {
        var reply = new Reply(this, frames);
        lock (Output.Gate)
            (_waiting ??= new Queue<Reply>()).Enqueue(reply);
        return reply;
    }

    /// <summary>Under the gate, while others wait: puts a reply that promises nothing behind them.</summary>
    protected void Wait(byte[] frames) => _waiting!.Enqueue(new Reply(this, frames) { IsReady = true });

    private void Applied(Reply reply, FlushSet flushes)
    {
        lock (Output.Gate)
        {
            reply.IsReady = true;
            while (_waiting!.TryPeek(out var next) && next.IsReady)
            {
                _waiting.Dequeue();
                if (next.Refused.Count == 0)
                    Output.WriteBytes(next.Frames);
            }
        }

        flushes.Add(Output);
        _session.Wake();
    }

    private sealed class Reply(ReplyQueue queue, byte[] frames) : TransactionReply
    {
        public byte[] Frames { get; } = frames;

        public bool IsReady { get; set; }

        protected internal override void Applied(bool durable, FlushSet flushes)
        {
            if (durable)
                queue.Applied(this, flushes);
            else
                queue._session.RequestCloseAsNotDurable();
        }
    }
}
