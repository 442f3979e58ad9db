using Posthaste.Primitives;
using Posthaste.Storage.Devices;

namespace Posthaste.Storage.Journaling;

/// <summary>The settings of a journal.</summary>
public sealed record JournalOptions
{
    /// <summary>
    /// The fencing epoch to write with: <see cref="DataDirectory.Epoch"/>. Higher than any used before.
    /// </summary>
    public required long Epoch { get; init; }

    /// <summary>Salts the checksums: <see cref="DataDirectory.Id"/>.</summary>
    public required ulong Salt { get; init; }

    /// <summary>
    /// Room for records in a file, default 64 MiB; at least 128 KiB, a multiple of 16 KiB. Large enough that
    /// a roll (two syncs more) is rare, small enough that what is settled returns soon.
    /// </summary>
    public int FileBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>
    /// Room in the very first file of a new journal, default 4 MiB, so that a new broker starts without writing
    /// <see cref="FileBytes"/> zeros; used when smaller than <see cref="FileBytes"/>.
    /// </summary>
    public int FirstFileBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>
    /// Written blocks kept in memory for readers near the tail, default 64 MiB. What is not durable yet is always
    /// kept.
    /// </summary>
    public long ResidentBytesMax { get; init; } = 64 * 1024 * 1024;

    /// <summary>Blocks loaded from disk kept in memory, default 32 MiB, the least recently used go first.</summary>
    public long LoadedBytesMax { get; init; } = 32 * 1024 * 1024;

    /// <summary>
    /// Prepared files kept for the next rolls at most, default 4, at least 2; what is recycled beyond that is deleted.
    /// </summary>
    public int SpareFilesMax { get; init; } = 4;

    internal void Validate()
    {
        Checks.Require(Epoch > 0);
        Checks.Require(FileBytes >= 128 * 1024 && FileBytes % JournalFormat.GranuleBytes == 0);
        Checks.Require(FirstFileBytes >= 128 * 1024 && FirstFileBytes % JournalFormat.GranuleBytes == 0);
        Checks.Require(SpareFilesMax >= JournalFiles.SparesWanted);
    }
}
