using System.Runtime.InteropServices;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Retained;
using Posthaste.Core.Messages;

namespace Posthaste.Broker.Pipeline;

/// <summary>
/// One thing to apply when the batch that it came with is durable. The order of entries is the journal's order.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal struct PipelineEntry
{
    /// <summary>Queues that get the message; null for a callback.</summary>
    public BrokerQueue[]? Queues;

    /// <summary>A PublishSource (or null) beside queues, a <see cref="PipelineCallback"/> without.</summary>
    public object? Target;

    /// <summary>What becomes of it beside entering the queues: null for nothing.</summary>
    public RetainedChange? Retained;

    public ulong Seq;
    public MessageLocation Location;

    /// <summary>
    /// For queues that do not keep the message: its copy in the arena, when <see cref="Location"/> is in the journal
    /// for
    /// others. What they had there would have to be moved when the journal is reclaimed, and a recovery would find it
    /// again that should not know it.
    /// </summary>
    public MessageLocation? TransientLocation;
    public long ReceivedAtMs;
    public long TtlMs;

    /// <summary>For queues of delayed messages: how long they hold it.</summary>
    public long DelayMs;
    public int Length;
    public int BodyBytes;
    public byte Priority;
    public bool IsPersistent;
}
