namespace Posthaste.Storage.Journaling;

/// <summary>
/// Receives the journal's records in order, on the thread that reads. A batch is delivered only when all of it is
/// valid; what can be saved of a damaged one comes with <see cref="JournalBatchInfo.IsSalvaged"/> set.
/// </summary>
public interface IJournalReplay
{
    /// <summary>The records that follow belong to this batch.</summary>
    void BeginBatch(in JournalBatchInfo batch);

    /// <summary>One record. The span is valid during the call only.</summary>
    void Visit(byte type, ReadOnlySpan<byte> payload, long payloadPosition);

    /// <summary>The batch is complete.</summary>
    void EndBatch();
}

/// <summary>A batch as found in the journal.</summary>
/// <param name="Start">The position of its first byte.</param>
/// <param name="End">The position behind its last.</param>
/// <param name="Number">Its number, without gaps; zero for a salvaged one.</param>
/// <param name="UnixTimeMs">The wall clock when it was sealed; zero for a salvaged one.</param>
/// <param name="Epoch">The epoch that wrote it; zero for a salvaged one.</param>
/// <param name="IsSalvaged">True when the batch is damaged and its valid records are delivered one by one.</param>
public readonly record struct JournalBatchInfo(
    long Start, long End, ulong Number, long UnixTimeMs, long Epoch, bool IsSalvaged);
