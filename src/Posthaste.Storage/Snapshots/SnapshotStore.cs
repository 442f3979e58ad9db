using Posthaste.Storage.Devices;

namespace Posthaste.Storage.Snapshots;

/// <summary>
/// The snapshots of a data directory, <c>state/POSITION.snap</c>: opaque content, each complete or not there. One
/// thread.
/// </summary>
/// <remarks>
/// Keep the newest two, and the journal from the older one on: then a snapshot that is found damaged costs a longer
/// replay and no data.
/// </remarks>
public sealed class SnapshotStore(IStorageDevice device)
{
    private const string Suffix = ".snap";

    /// <summary>Begins a snapshot of everything before a journal position.</summary>
    /// <exception cref="IOException">The device failed or is full.</exception>
    public SnapshotWriter Create(SnapshotInfo info) => new(device, info, NameOf(info.Position));

    /// <summary>
    /// Opens the newest snapshot that is whole, having read and checked all of it. Damaged ones are moved to
    /// <c>quarantine/</c> and named in <paramref name="damages"/>.
    /// </summary>
    /// <param name="damages">A sentence for each damaged one; the caller shows them.</param>
    /// <returns>The snapshot, or null when there is none.</returns>
    /// <exception cref="IOException">The device failed. Nothing is concluded from what could not be read.</exception>
    public SnapshotReader? OpenNewest(out IReadOnlyList<string> damages)
    {
        var found = new List<string>();
        damages = found;
        foreach (long position in Positions().Reverse())
        {
            string name = NameOf(position);
            try
            {
                Verify(name);
                return SnapshotReader.Open(device, name);
            }
            catch (StorageDamagedException e)
            {
                string kept = $"{StorageNames.QuarantineFolder}/{StorageNames.FileOf(name)}";
                device.Rename(name, kept);
                device.SyncDirectory(StorageNames.StateFolder);
                found.Add($"{e.Message} It was moved to {kept}; the one before it is used.");
            }
        }
        return null;
    }

    /// <summary>The positions of the snapshots, oldest first.</summary>
    public IReadOnlyList<long> Positions()
    {
        var positions = new List<long>();
        foreach (StorageFileInfo file in device.List(StorageNames.StateFolder))
        {
            if (PositionOf(file.Name) is { } position)
            {
                positions.Add(position);
            }
        }
        positions.Sort();
        return positions;
    }

    /// <summary>Deletes all but the newest, and what an interrupted write left.</summary>
    /// <exception cref="IOException">The device failed.</exception>
    public void DeleteOlder(int keptCount)
    {
        IReadOnlyList<long> positions = Positions();
        for (int i = 0; i < positions.Count - keptCount; i++)
        {
            device.Delete(NameOf(positions[i]));
        }
        foreach (StorageFileInfo file in device.List(StorageNames.StateFolder))
        {
            if (file.Name.EndsWith(Suffix + ".new", StringComparison.Ordinal))
            {
                device.Delete(file.Name);
            }
        }
    }

    internal static string NameOf(long position) => $"{StorageNames.StateFolder}/{position:D19}{Suffix}";

    internal static long? PositionOf(string name)
    {
        string file = StorageNames.FileOf(name);
        return file.EndsWith(Suffix, StringComparison.Ordinal)
            && long.TryParse(file[..^Suffix.Length], out long position)
            ? position
            : null;
    }

    /// <summary>Reads a snapshot to its end.</summary>
    /// <exception cref="StorageDamagedException">Some of it is not what was written.</exception>
    internal void Verify(string name)
    {
        using SnapshotReader reader = SnapshotReader.Open(device, name);
        reader.Validate();
    }
}
