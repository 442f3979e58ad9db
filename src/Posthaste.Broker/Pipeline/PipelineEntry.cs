using System.Runtime.InteropServices;
using Posthaste.Broker.Queues;
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

    public ulong Seq;
    public MessageLocation Location;
    public long ReceivedAtMs;
    public long TtlMs;
    public int Length;
    public int BodyBytes;
    public byte Priority;
    public bool IsPersistent;
}
