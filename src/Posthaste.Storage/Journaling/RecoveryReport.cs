namespace Posthaste.Storage.Journaling;

/// <summary>What reading a journal found.</summary>
public sealed class RecoveryReport
{
    /// <summary>Where reading began.</summary>
    public long StartPosition { get; internal set; }

    /// <summary>Behind the last valid batch: where appending goes on.</summary>
    public long EndPosition { get; internal set; }

    /// <summary>Whole batches delivered.</summary>
    public long BatchCount { get; internal set; }

    /// <summary>Records delivered, salvaged ones included.</summary>
    public long RecordCount { get; internal set; }

    /// <summary>Records delivered out of damaged batches.</summary>
    public long SalvagedCount { get; internal set; }

    /// <summary>The number of the last valid batch; zero when there is none.</summary>
    public ulong LastBatchNumber { get; internal set; }

    /// <summary>The wall clock of the last valid batch; zero when there is none.</summary>
    public long LastUnixTimeMs { get; internal set; }

    /// <summary>The highest epoch that wrote a valid batch.</summary>
    public long LastEpoch { get; internal set; }

    /// <summary>
    /// The unfinished batch at the end, cut off: a write that the crash interrupted, so nobody was told that it is
    /// durable. (Damage in the very last batch looks the same.) Null after a clean end.
    /// </summary>
    public JournalDamage? TornTail { get; internal set; }

    /// <summary>What had been durable and is not valid any more; empty when all is well.</summary>
    public IReadOnlyList<JournalDamage> Damages => DamageList;

    internal List<JournalDamage> DamageList { get; } = [];
}

/// <summary>A stretch of the journal that is not what was written.</summary>
/// <param name="File">The name of the file.</param>
/// <param name="Offset">Where in the file.</param>
/// <param name="Length">How many bytes at most; valid records among them are saved.</param>
/// <param name="Position">The journal position of the first byte; -1 for a header page.</param>
/// <param name="What">In words.</param>
/// <param name="QuarantinedAs">The file with a copy of the bytes, or null.</param>
public sealed record JournalDamage(
    string File, long Offset, long Length, long Position, string What, string? QuarantinedAs = null);
