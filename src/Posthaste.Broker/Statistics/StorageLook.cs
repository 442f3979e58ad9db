namespace Posthaste.Broker.Statistics;

/// <summary>What the broker has stored, and how fast.</summary>
/// <param name="Commits">Write and sync of a batch of the journal: what a confirm waits for; null in memory.</param>
/// <param name="CommittedBytes">Bytes written to the journal since the broker was opened.</param>
/// <param name="JournalFileCount">Files that hold the journal.</param>
/// <param name="JournalBytes">Bytes from the journal's first to its last record.</param>
/// <param name="UncommittedBytes">Bytes on their way to the disk.</param>
/// <param name="ResidentBytes">Bytes of the journal that are in memory, too.</param>
/// <param name="SegmentFileCount">Files of long backlogs.</param>
/// <param name="SegmentBytes">Bytes in them.</param>
/// <param name="TransientBytes">Bytes of messages that are in memory alone.</param>
/// <param name="DiskFreeBytes">Bytes that the disk has left; null in memory or when nobody knows.</param>
public sealed record StorageLook(
    LatencyHistogram? Commits, long CommittedBytes, int JournalFileCount, long JournalBytes, long UncommittedBytes,
    long ResidentBytes, int SegmentFileCount, long SegmentBytes, long TransientBytes, long? DiskFreeBytes);
