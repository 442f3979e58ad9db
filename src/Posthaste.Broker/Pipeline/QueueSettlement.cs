using Posthaste.Broker.Storage;
using Posthaste.Core.Queues;

namespace Posthaste.Broker.Pipeline;

/// <summary>What a compound record says of the entries of one queue.</summary>
/// <param name="QueueId">The queue.</param>
/// <param name="Ranges">Entries that leave it.</param>
internal readonly record struct QueueSettlement(ulong QueueId, EntryRanges Ranges)
{
    /// <summary>
    /// Entries that come back to it, with what they have been through then, and until when they wait (0: not at all).
    /// </summary>
    public IReadOnlyList<(EntryId Id, EntryCounters Counters, long DueMs)> Returned { get; init; } = [];

    /// <summary>Bytes of its parts of the record.</summary>
    public int PartBytes =>
        (Ranges.Count == 0 ? 0 : CompoundRecord.PartHeaderBytes + SettleRecord.Size(Ranges.Count))
        + Returned.Sum(static entry => CompoundRecord.PartHeaderBytes + ReturnRecord.Size(entry.DueMs));

    /// <summary>Writes its parts.</summary>
    /// <returns>The rest of the target.</returns>
    public Span<byte> WriteParts(Span<byte> target)
    {
        if (Ranges.Count > 0)
        {
            var size = SettleRecord.Size(Ranges.Count);
            target = CompoundRecord.BeginPart(target, RecordType.Settle, size);
            SettleRecord.Write(target, QueueId, Ranges.Span);
            target = target[size..];
        }

        foreach (var (id, counters, dueMs) in Returned)
        {
            var size = ReturnRecord.Size(dueMs);
            target = CompoundRecord.BeginPart(target, ReturnRecord.TypeFor(dueMs), size);
            ReturnRecord.Write(target, QueueId, id, counters, dueMs);
            target = target[size..];
        }

        return target;
    }
}
