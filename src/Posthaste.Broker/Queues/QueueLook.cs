namespace Posthaste.Broker.Queues;

/// <summary>What a queue is like in one moment, for those who look at it.</summary>
/// <param name="ReadyBytes">Bytes of the bodies that are ready.</param>
/// <param name="ResidentCount">Entries with an index in memory; the others are in segment files only.</param>
/// <param name="LastUsedMs">When a command last came to it, in milliseconds since the Unix epoch.</param>
/// <param name="Consumers">Who consumes from it.</param>
/// <param name="ActiveConsumer">With single active consumer, the one that is; else null.</param>
public sealed record QueueLook(
    long ReadyBytes, long ResidentCount, long LastUsedMs, IReadOnlyList<Subscription> Consumers,
    Subscription? ActiveConsumer);

/// <summary>What is seen of a queue.</summary>
public sealed partial class BrokerQueue
{
    /// <summary>Looks at what only its strand may touch: waits for the batch that is being worked on.</summary>
    public QueueLook Look()
    {
        lock (_strand)
        {
            return _isGone
                ? new QueueLook(0, 0, _nowMs, [], null)
                : new QueueLook(
                    _machine.ReadyBodyBytes, _machine.ResidentEntryCount, Math.Max(_nowMs, _lastUsedMs),
                    [.. _machine.Consumers.Cast<Subscription>()], (Subscription?)_machine.ActiveConsumer);
        }
    }
}
