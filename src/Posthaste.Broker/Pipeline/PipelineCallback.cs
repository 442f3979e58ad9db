namespace Posthaste.Broker.Pipeline;

/// <summary>
/// Something to do once everything that was appended before is durable and applied: a reply that has to wait.
/// </summary>
public abstract class PipelineCallback
{
    /// <summary>Called once, in the order of posting, on the committing thread. Must be short.</summary>
    /// <param name="durable">False when the journal failed before: what the reply would promise is not on disk.</param>
    /// <param name="flushes">Where to register the output that was written to.</param>
    protected internal abstract void Applied(bool durable, FlushSet flushes);
}
