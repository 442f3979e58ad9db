using Posthaste.Broker.Connections;

namespace Posthaste.Broker.Queues;

/// <summary>
/// A request for one message. Answered once, at once or when the bytes have been read from disk; then on another
/// thread.
/// </summary>
public abstract class GetRequest
{
    /// <summary>The message counts as settled when it is handed over.</summary>
    public bool NoAck { get; init; }

    /// <summary>Who asks; null for the broker itself.</summary>
    public virtual BrokerConnection? Connection => null;

    /// <summary>The channel that it came on; null where the protocol has none.</summary>
    public virtual BrokerChannel? Channel => null;

    /// <param name="message">Valid during the call only.</param>
    /// <param name="remaining">Ready messages left in the queue.</param>
    protected internal abstract void OnMessage(in DeliveredMessage message, long remaining, FlushSet flushes);

    protected internal abstract void OnEmpty(FlushSet flushes);
}
