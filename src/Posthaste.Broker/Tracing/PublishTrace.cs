using System.Diagnostics;
using Posthaste.Broker.Publishing;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Taps;
using Posthaste.Core.Queues;

namespace Posthaste.Broker.Tracing;

/// <summary>A message that is traced, on its way into its queues.</summary>
/// <param name="tracer">Who traces it.</param>
/// <param name="message">What it is.</param>
/// <param name="span">From its arrival until it is safe.</param>
/// <param name="isStored">Whether it has to be in the journal for that.</param>
/// <param name="inner">Who wants to hear of it, too; null for nobody.</param>
internal sealed class PublishTrace(
    MessageTracer tracer, TracedMessage message, Activity span, bool isStored, PublishSource? inner) : TapSource
{
    public TracedMessage Message { get; } = message;

    public Activity Span { get; } = span;

    public bool IsStored { get; } = isStored;

    /// <summary>As an entry of a queue that it has just come to.</summary>
    public EntryTrace Enter(DateTimeOffset at) => new(Message, Span.Context, at);

    protected internal override void Entered(BrokerQueue queue, EntryId id)
    {
        tracer.Entered(this, queue, id);
        (inner as TapSource)?.Entered(queue, id);
    }

    protected internal override void Handled(ulong firstSeq, ulong lastSeq, bool accepted, FlushSet flushes)
    {
        tracer.Handled(this, accepted);
        inner?.Handled(firstSeq, lastSeq, accepted, flushes);
    }
}
