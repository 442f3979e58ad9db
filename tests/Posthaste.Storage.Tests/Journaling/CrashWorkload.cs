using Posthaste.Primitives;
using Posthaste.Storage.Devices;
using Posthaste.Storage.Encryption;
using Posthaste.Storage.Journaling;
using Posthaste.Storage.Snapshots;

namespace Posthaste.Storage.Tests.Journaling;

/// <summary>
/// A small broker's use of the storage on a device that may lose its power at any change: it knows what was promised,
/// and checks after each opening that the promise was kept.
/// </summary>
internal sealed class CrashWorkload(ulong seed, FaultyDevice device, MasterKey? key = null)
{
    private readonly SeededRandom _random = new(seed);
    private readonly List<RecordingReplay.Record> _committed = [];
    private List<RecordingReplay.Record> _inFlight = [];
    private long _lastEpoch;
    private long _recycledBefore;

    public FaultyDevice Device { get; private set; } = device;

    /// <summary>Opens, works and closes; false when the power went off on the way.</summary>
    public bool TryRun(int steps)
    {
        try
        {
            using DataDirectory directory = DataDirectory.Open(Device, newId: 99, key, _random.Fill);
            Assert.True(directory.Epoch > _lastEpoch);
            _lastEpoch = directory.Epoch;
            using Journal journal = OpenAndCheck(directory);
            for (int i = 0; i < steps; i++)
            {
                Step(directory.Device, journal);
            }
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    public void Crash() => Device = Device.Crash();

    private Journal OpenAndCheck(DataDirectory directory)
    {
        long from = 0;
        var store = new SnapshotStore(directory.Device);
        using (SnapshotReader? snapshot = store.OpenNewest(out IReadOnlyList<string> damages))
        {
            Assert.Empty(damages);
            from = snapshot?.Info.Position ?? 0;
        }
        Assert.True(from >= _recycledBefore);
        var replay = new RecordingReplay();
        Journal journal = Journal.Open(directory.Device, Options(directory), from, replay, out RecoveryReport report);
        try
        {
            Assert.Empty(report.Damages);
            CheckReplay(replay.Records, from);
            CheckReads(journal);
            return journal;
        }
        catch
        {
            journal.Dispose();
            throw;
        }
    }

    // What was committed is there, in order; what was in flight is there as a whole or not at all.
    private void CheckReplay(List<RecordingReplay.Record> found, long from)
    {
        List<RecordingReplay.Record> expected = _committed.FindAll(r => r.Position >= from);
        if (found.Count > expected.Count)
        {
            expected.AddRange(_inFlight);
            _committed.AddRange(_inFlight);
        }
        _inFlight = [];
        Assert.Equal(expected.Count, found.Count);
        Assert.True(expected.Zip(found).All(p => p.First.IsSame(p.Second)));
    }

    private void CheckReads(Journal journal)
    {
        long first = Math.Max(journal.Files[0].Base, _recycledBefore);
        foreach (RecordingReplay.Record record in _committed.FindAll(r => r.Position >= first))
        {
            JournalBlock block = journal.Load(record.Position, record.Payload.Length, out int offset);
            Assert.True(block.Array.AsSpan(offset, record.Payload.Length).SequenceEqual(record.Payload));
            block.Release();
        }
    }

    private void Step(IStorageDevice view, Journal journal)
    {
        switch (_random.Below(10))
        {
            case 0:
                journal.PrepareNextFile();
                break;
            case 1:
                SnapshotAndRecycle(view, journal);
                break;
            default:
                Append(journal);
                Commit(journal);
                break;
        }
    }

    private void Append(Journal journal)
    {
        // Records of few sizes, so that what a torn batch left behind often sits where new records begin.
        for (int count = _random.Between(1, 12); count > 0; count--)
        {
            int size = _random.Below(16) switch { 0 => 70_000, 1 => 200_000, < 5 => 5_000, _ => 100 };
            RecordingReplay.Record record;
            if (size > Journal.InlinePayloadBytesMax)
            {
                JournalBlock block = journal.RentLarge(size);
                _random.Fill(block.Payload);
                byte[] copy = block.Payload.ToArray();
                record = new RecordingReplay.Record(9, journal.AppendLarge(9, block), copy);
            }
            else
            {
                Span<byte> payload = journal.Append(8, size, out long position);
                _random.Fill(payload);
                record = new RecordingReplay.Record(8, position, payload.ToArray());
            }
            _inFlight.Add(record);
        }
    }

    private void Commit(Journal journal)
    {
        Assert.True(journal.Seal(unixTimeMs: 5, out JournalBatch batch));
        journal.Commit(batch);
        _committed.AddRange(_inFlight);
        _inFlight = [];
    }

    private void SnapshotAndRecycle(IStorageDevice view, Journal journal)
    {
        long position = journal.DurablePosition;
        var store = new SnapshotStore(view);
        using (SnapshotWriter writer = store.Create(new SnapshotInfo(position, _lastEpoch, 5)))
        {
            writer.Complete();
        }
        store.DeleteOlder(keptCount: 1);
        _recycledBefore = position;
        journal.Recycle(position);
    }

    private static JournalOptions Options(DataDirectory directory) => new()
    {
        Epoch = directory.Epoch,
        Salt = directory.Id,
        FileBytes = 128 * 1024,
        FirstFileBytes = 128 * 1024,
        ResidentBytesMax = 0,
        LoadedBytesMax = 256 * 1024,
    };
}
