using Posthaste.Broker.Storage;
using Posthaste.Core.Queues;

namespace Posthaste.Broker.Pipeline;

/// <summary>What a compound record says of the entries of one queue.</summary>
/// <param name="QueueId">The queue.</param>
/// <param name="Ranges">Entries that leave it.</param>
internal readonly record struct QueueSettlement(ulong QueueId, EntryRanges Ranges)
{
    /// <summary>Entries that come back to it, with what they have been through then.</summary>
    public IReadOnlyList<(EntryId Id, EntryCounters Counters)> Returned { get; init; } = [];

    /// <summary>Bytes of its parts of the record.</summary>
    public int PartBytes =>
        (Ranges.Count == 0 ? 0 : CompoundRecord.PartHeaderBytes + SettleRecord.Size(Ranges.Count))
        + (Returned.Count * (CompoundRecord.PartHeaderBytes + CountersRecord.Bytes));

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

        foreach (var (id, counters) in Returned)
        {
            target = CompoundRecord.BeginPart(target, RecordType.Counters, CountersRecord.Bytes);
            CountersRecord.Write(target, QueueId, id, counters);
            target = target[CountersRecord.Bytes..];
        }

        return target;
    }
}
