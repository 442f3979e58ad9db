namespace Posthaste.Storage.Verification;

/// <summary>What kind of thing a finding is.</summary>
public enum DataFindingKind
{
    /// <summary>Bytes that had been made durable are not what was written.</summary>
    Damage = 0,

    /// <summary>
    /// The end of a file holds a write that was not finished. After a crash that is normal and nothing is lost; after a
    /// clean stop it means that the last thing written is damaged.
    /// </summary>
    UnfinishedWrite = 1,
}

/// <summary>Something in a data directory that is not as it should be.</summary>
/// <param name="Kind">How bad it is.</param>
/// <param name="File">The file in the data directory.</param>
/// <param name="Offset">Where in it.</param>
/// <param name="Length">How many bytes at most.</param>
/// <param name="What">In words.</param>
public sealed record DataFinding(DataFindingKind Kind, string File, long Offset, long Length, string What);

/// <summary>What a verification saw.</summary>
public sealed class DataVerification
{
    /// <summary>What is not as it should be; empty when all is well.</summary>
    public IReadOnlyList<DataFinding> Findings => FindingList;

    /// <summary>Journal files read.</summary>
    public int JournalFileCount { get; internal set; }

    /// <summary>Records of the journal found valid.</summary>
    public long JournalRecordCount { get; internal set; }

    /// <summary>Snapshots found valid.</summary>
    public int SnapshotCount { get; internal set; }

    /// <summary>Segment blocks found valid.</summary>
    public long SegmentBlockCount { get; internal set; }

    /// <summary>Bytes read and checked.</summary>
    public long CheckedBytes { get; internal set; }

    internal List<DataFinding> FindingList { get; } = [];
}
