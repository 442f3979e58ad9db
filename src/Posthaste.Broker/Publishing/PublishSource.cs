namespace Posthaste.Broker.Publishing;

/// <summary>Someone who wants to know when its messages are safe: a channel in confirm mode.</summary>
public abstract class PublishSource
{
    /// <summary>
    /// Messages <paramref name="firstSeq"/> to <paramref name="lastSeq"/> are handled: in every queue that they were
    /// routed to, and synced where they must be. Called for transient messages on the publisher's own thread during the
    /// flush of its batch, for the others later on the committing thread; so a later transient message may be reported
    /// before an earlier durable one.
    /// </summary>
    /// <param name="accepted">False when a queue refused it or the journal failed: a negative acknowledgement is
    /// due.</param>
    /// <param name="flushes">Where to register the output that was written to.</param>
    protected internal abstract void Handled(ulong firstSeq, ulong lastSeq, bool accepted, FlushSet flushes);
}
