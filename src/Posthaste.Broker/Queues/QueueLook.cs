using Posthaste.Core.Messages;
using Posthaste.Core.Queues;

namespace Posthaste.Broker.Queues;

/// <summary>What a queue is like in one moment, for those who look at it.</summary>
/// <param name="ReadyBytes">Bytes of the bodies that are ready.</param>
/// <param name="ResidentCount">Entries with an index in memory; the others are in segment files only.</param>
/// <param name="HeadReceivedAtMs">
/// When the next message came, in milliseconds since the Unix epoch; null when there is none, or its bytes are on disk
/// only.
/// </param>
/// <param name="LastUsedMs">When a command last came to it, in milliseconds since the Unix epoch.</param>
/// <param name="Consumers">Who consumes from it.</param>
/// <param name="ActiveConsumer">With single active consumer, the one that is; else null.</param>
public sealed record QueueLook(
    long ReadyBytes, long ResidentCount, long? HeadReceivedAtMs, long LastUsedMs, IReadOnlyList<Subscription> Consumers,
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
                ? new QueueLook(0, 0, null, _nowMs, [], null)
                : new QueueLook(
                    _machine.ReadyBodyBytes, _machine.ResidentEntryCount, HeadReceivedAtMs(),
                    Math.Max(_nowMs, _lastUsedMs),
                    [.. _machine.Consumers.Cast<Subscription>()], (Subscription?)_machine.ActiveConsumer);
        }
    }

    /// <summary>See <see cref="QueueMachine.Survey"/>.</summary>
    internal bool Survey(ref EntryId at, int maxChunks, EntrySurvey into)
    {
        lock (_strand) return !_isGone && _machine.Survey(ref at, maxChunks, into);
    }

    private long? HeadReceivedAtMs()
    {
        if (!_machine.TryPeekHead(out var head)) return null;
        var isThere = _broker.Store.TryRead(head.Location, head.Length, ref _lease, out var bytes);
        long? receivedAtMs = isThere ? new MessageView(bytes).ReceivedAtMs : null;
        _lease.Release();
        return receivedAtMs;
    }
}
