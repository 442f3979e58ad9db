using Posthaste.Core.Messages;
using Posthaste.Core.Queues;

namespace Posthaste.Broker.Queues;

/// <summary>A message on its way to a consumer.</summary>
public readonly ref struct DeliveredMessage
{
    internal DeliveredMessage(
        BrokerQueue queue, EntryId id, bool redelivered, EntryCounters counters, MessageView message)
    {
        Queue = queue;
        Id = id;
        Redelivered = redelivered;
        Counters = counters;
        Message = message;
    }

    public BrokerQueue Queue { get; }

    /// <summary>What to settle it by; not meaningful for consumers that do not acknowledge.</summary>
    public EntryId Id { get; }

    /// <summary>It may have been delivered before.</summary>
    public bool Redelivered { get; }

    /// <summary>Counters as they stood before this delivery.</summary>
    public EntryCounters Counters { get; }

    public MessageView Message { get; }
}
