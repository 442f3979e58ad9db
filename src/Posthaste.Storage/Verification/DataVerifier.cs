using Posthaste.Storage.Devices;
using Posthaste.Storage.Journaling;
using Posthaste.Storage.Segments;
using Posthaste.Storage.Snapshots;

namespace Posthaste.Storage.Verification;

/// <summary>
/// Reads everything in a data directory that anything may ever refer to, and names each place that is not what was
/// written; a single flipped bit is enough. Changes nothing and needs no lock, but beside a running broker what is just
/// being written shows as unfinished. One thread; memory for a few blocks.
/// </summary>
public sealed class DataVerifier : IJournalReplay
{
    private readonly IStorageDevice _device;
    private readonly IProgress<double>? _progress;
    private readonly DataVerification _result = new();
    private readonly long _totalBytes;

    private DataVerifier(IStorageDevice device, IProgress<double>? progress)
    {
        _device = device;
        _progress = progress;
        string[] folders = [StorageNames.JournalFolder, StorageNames.StateFolder, StorageNames.SegmentFolder];
        foreach (string folder in folders)
        {
            _totalBytes += device.List(folder).Sum(f => f.LengthBytes);
        }
    }

    /// <summary>Verifies the data directory of a device.</summary>
    /// <param name="device">Where it is.</param>
    /// <param name="progress">Told the fraction done, 0 to 1; may be null.</param>
    /// <exception cref="DataDirectoryVersionException">A newer version of Posthaste wrote it.</exception>
    /// <exception cref="IOException">The device failed.</exception>
    public static DataVerification Verify(IStorageDevice device, IProgress<double>? progress = null)
    {
        var verifier = new DataVerifier(device, progress);
        verifier.VerifyIdentity();
        verifier.VerifyJournal();
        verifier.VerifySnapshots();
        verifier.VerifySegments();
        progress?.Report(1);
        return verifier._result;
    }

    void IJournalReplay.BeginBatch(in JournalBatchInfo batch) => AddChecked(batch.End - batch.Start);

    void IJournalReplay.Visit(byte type, ReadOnlySpan<byte> payload, long payloadPosition) =>
        _result.JournalRecordCount++;

    void IJournalReplay.EndBatch()
    {
        // Records were counted one by one.
    }

    private void VerifyIdentity()
    {
        bool hasFormat = _device.Exists(StorageNames.Format);
        if (hasFormat != _device.Exists(StorageNames.Epoch))
        {
            string missing = hasFormat ? StorageNames.Epoch : StorageNames.Format;
            _result.FindingList.Add(new DataFinding(DataFindingKind.Damage, missing, 0, 0, "the file is missing"));
        }
        VerifyIdentity(StorageNames.Format, static device => DataDirectory.ReadId(device));
        VerifyIdentity(StorageNames.Epoch, static device => DataDirectory.ReadEpoch(device));
    }

    private void VerifyIdentity<T>(string name, Func<IStorageDevice, T> read)
    {
        try
        {
            _ = read(_device);
        }
        catch (StorageDamagedException e)
        {
            _result.FindingList.Add(new DataFinding(DataFindingKind.Damage, name, 0, 0, e.Message));
        }
    }

    private void VerifyJournal()
    {
        using JournalReader reader = JournalReader.Open(_device);
        RecoveryReport report = reader.Scan(0, this);
        _result.JournalFileCount = reader.Files.Count;
        foreach (JournalDamage damage in report.Damages)
        {
            Add(DataFindingKind.Damage, damage);
        }
        if (report.TornTail is { } tail)
        {
            Add(DataFindingKind.UnfinishedWrite, tail);
        }
    }

    private void VerifySnapshots()
    {
        var store = new SnapshotStore(_device);
        foreach (StorageFileInfo file in _device.List(StorageNames.StateFolder))
        {
            if (SnapshotStore.PositionOf(file.Name) is null)
            {
                continue;
            }
            try
            {
                store.Verify(file.Name);
                _result.SnapshotCount++;
            }
            catch (StorageDamagedException e)
            {
                _result.FindingList.Add(
                    new DataFinding(DataFindingKind.Damage, file.Name, 0, file.LengthBytes, e.Message));
            }
            AddChecked(file.LengthBytes);
        }
    }

    private void VerifySegments()
    {
        foreach (StorageFileInfo file in _device.List(StorageNames.SegmentFolder))
        {
            foreach (SegmentWalk.Step step in SegmentWalk.Blocks(_device, file))
            {
                _result.SegmentBlockCount += step.Finding is null ? 1 : 0;
                if (step.Finding is { } finding)
                {
                    _result.FindingList.Add(finding);
                }
                AddChecked(step.Bytes);
            }
        }
    }

    private void AddChecked(long bytes)
    {
        _result.CheckedBytes += bytes;
        _progress?.Report(Math.Min(1, (double)_result.CheckedBytes / Math.Max(1, _totalBytes)));
    }

    private void Add(DataFindingKind kind, JournalDamage damage) => _result.FindingList.Add(
        new DataFinding(kind, damage.File, damage.Offset, damage.Length, damage.What));
}
