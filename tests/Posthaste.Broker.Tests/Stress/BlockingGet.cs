using Posthaste.Broker.Queues;
using Posthaste.Core.Queues;
using Posthaste.Primitives;

namespace Posthaste.Broker.Tests.Stress;

/// <summary>A get that its thread waits for, also when the bytes have to come from disk.</summary>
internal sealed class BlockingGet : GetRequest, IDisposable
{
    private readonly ManualResetEventSlim _answered = new();
    private bool _isEmpty = true;
    private EntryId _entry;
    private bool _redelivered;
    private long _message;

    /// <returns>False when the queue has nothing.</returns>
    public bool TryTake(BrokerQueue queue, out EntryId entry, out bool redelivered, out long message)
    {
        queue.Get(this, FlushSet.ForThisThread);
        Checks.Require(_answered.Wait(TimeSpan.FromSeconds(60)), "a get was not answered");
        (entry, redelivered, message) = (_entry, _redelivered, _message);
        return !_isEmpty;
    }

    public void Dispose() => _answered.Dispose();

    protected internal override void OnMessage(in DeliveredMessage message, long remaining, FlushSet flushes)
    {
        (_entry, _redelivered, _isEmpty) = (message.Id, message.Redelivered, false);
        _message = MessageId.Read(message.Message.Body);
        _answered.Set();
    }

    protected internal override void OnEmpty(FlushSet flushes) => _answered.Set();
}
