using Posthaste.Core.Messages;

namespace Posthaste.Core.Queues;

/// <summary>
/// Messages that never become entries, entries that can't be had, and numbers that a replay has to be told.
/// </summary>
public sealed partial class QueueMachine
{
    /// <summary>The blocks in segment files that hold entries of this queue.</summary>
    public IEnumerable<(byte Level, ColdBlock Block)> Blocks =>
        _logs.SelectMany(log => log.Spans.All.Select(span => (log.Level, span.Block)));

    /// <summary>The consumers that are attached.</summary>
    public IReadOnlyList<QueueConsumer> Consumers => _consumers.Attached;

    /// <summary>The entry that would be delivered next, left where it is.</summary>
    /// <returns>False when none is ready, or its index is not in memory.</returns>
    public bool TryPeekHead(out QueueEntry entry)
    {
        entry = default;
        if (HeadLog() is not { } log) return false;
        ref var head = ref log.Head(out _, out _);
        if (System.Runtime.CompilerServices.Unsafe.IsNullRef(ref head)) return false;
        entry = head;
        return true;
    }

    /// <summary>
    /// The consumer that a message which came in this moment could be handed to without being kept: nothing is ready
    /// before it, and the next consumer does not acknowledge. Null when there is none. What follows is <see
    /// cref="HandedOver"/>, or an <see cref="Append"/>.
    /// </summary>
    public QueueConsumer? PeekHandOver() =>
        ReadyCount == 0 && _consumers.Next() is { NoAck: true } consumer ? consumer : null;

    /// <summary>The consumer of <see cref="PeekHandOver"/> got the message: the next one has the turn.</summary>
    public static void HandedOver(QueueConsumer consumer) => ConsumerSet.Served(consumer);

    /// <summary>
    /// The bytes of a ready entry cannot be read: it leaves, is counted in <see cref="LostCount"/> and is not settled,
    /// so that a repaired file brings it back after a restart.
    /// </summary>
    /// <returns>False when it is not ready (any more).</returns>
    public bool Lose(EntryId id)
    {
        var log = LogOf(id);
        if (log == null) return false;
        ref var entry = ref log.Chunks.Find(id.Seq);
        if (!EntryLog.IsReady(ref entry)) return false;
        log.Lose(id.Seq, ref entry);
        _isStalled = false;
        return true;
    }

    /// <summary>
    /// While recovering: the entry whose message stands at this location had this id. Entries without a durable record
    /// came before it, so the numbers of it and of all after it move up. Recorded before any settlement of it.
    /// </summary>
    public void RestoreSequence(EntryId id, MessageLocation location) => Log(id.Level).Renumber(id.Seq, location);
}
