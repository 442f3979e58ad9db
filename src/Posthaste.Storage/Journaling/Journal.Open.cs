using Posthaste.Primitives;
using Posthaste.Storage.Devices;

namespace Posthaste.Storage.Journaling;

// Recovery: read what is valid, tell a torn tail from damage, go on behind the last valid batch.
public sealed partial class Journal
{
    /// <summary>
    /// Opens the journal of a device, or begins one, and replays it. Returns when every record was delivered.
    /// </summary>
    /// <param name="device">A device whose directory the caller has locked (<see cref="DataDirectory"/>).</param>
    /// <param name="options">The settings, the fresh epoch among them.</param>
    /// <param name="replayFrom">
    /// Zero, or a position that was <see cref="DurablePosition"/> when a snapshot was taken; earlier records are not
    /// visited.
    /// </param>
    /// <param name="replay">Receives the records.</param>
    /// <param name="report">What was found; the caller shows damage and a torn tail to people.</param>
    /// <exception cref="IOException">The device failed. Nothing was cut off and opening may be tried again.</exception>
    public static Journal Open(
        IStorageDevice device,
        JournalOptions options,
        long replayFrom,
        IJournalReplay replay,
        out RecoveryReport report)
    {
        options.Validate();
        using JournalReader reader = JournalReader.Open(device, replayFrom);
        report = reader.Scan(replayFrom, replay);
        if (report.LastEpoch >= options.Epoch)
        {
            throw new StorageDamagedException(
                $"The journal was written in epoch {report.LastEpoch}, but the directory's epoch is {options.Epoch}: "
                + "the file 'epoch' is older than the journal. Restore both from the same backup.");
        }
        Quarantine(device, reader, report);
        var journal = new Journal(device, options);
        try
        {
            journal.Resume(device, reader, report, replayFrom);
            return journal;
        }
        catch
        {
            journal.Dispose();
            throw;
        }
    }

    private void Resume(IStorageDevice device, JournalReader reader, RecoveryReport report, long replayFrom)
    {
        long tail = report.EndPosition;
        bool isPastEnd = reader.Parts.Count == 0 || tail > reader.LogicalEnd;
        List<JournalReader.Part> kept = reader.Parts.Where((p, i) => i == 0 || p.Header.Base < tail).ToList();
        foreach (JournalReader.Part part in kept)
        {
            _files.Adopt(new JournalFile(part.Header.Sequence, part.Header.Base, part.Header.Salt,
                new JournalFileStore(device.Open(part.Name, writable: true), part.Name, part.Header.DataBytes)));
        }
        // What lies behind the tail belongs to the torn batch: its positions will be used again. The last file goes
        // first, so that a crash in between leaves no gap.
        foreach (JournalReader.Part part in reader.Parts.Skip(kept.Count).Reverse())
        {
            _files.Retire(part.Name);
            device.SyncDirectory(StorageNames.JournalFolder);
        }
        foreach (string name in reader.Leftovers)
        {
            if (JournalFiles.IsSpare(name))
            {
                _files.AdoptSpare(name);
            }
            else
            {
                _files.Retire(name);
            }
        }
        // A killed process leaves written batches that were never synced: from here on they count as durable, so they
        // have to be, before anything is built on them.
        _files.SyncAll();
        _files.EndEachWhereTheNextBegins();
        if (isPastEnd)
        {
            tail = JournalFormat.GranuleCeiling(Math.Max(tail, replayFrom));
            long lastSequence = kept.Count == 0 ? 0 : kept[^1].Header.Sequence;
            _files.Begin(tail, lastSequence + 1, Math.Min(_options.FirstFileBytes, _options.FileBytes));
        }
        device.SyncDirectory(StorageNames.JournalFolder);
        _batchNumber = report.LastBatchNumber + 1;
        ResumeAt(tail);
    }

    // The granule with the tail comes into memory, because what is appended next becomes part of the same granule.
    private void ResumeAt(long tail)
    {
        _tail = tail;
        _durablePosition = tail;
        JournalFile file = _files.Tail;
        long start = JournalFormat.GranuleFloor(tail);
        if (tail == start)
        {
            return;
        }
        int bytes = (int)Math.Min(JournalFormat.BlockBytes, file.End - start);
        PinnedMemory memory = _memory.Rent(bytes);
        JournalBlock block = NewBlock(memory, 0, start, bytes, 0, isLoaded: false);
        int have = (int)(tail - start);
        int read = file.Store.File.Read(file.OffsetOf(start), memory.Array.AsSpan(0, have));
        Checks.Require(read == have);
        _residency.AddAppended(block, file);
        _active = block;
        _pieceStart = tail;
        _room = bytes - have;
    }

    private static void Quarantine(IStorageDevice device, JournalReader reader, RecoveryReport report)
    {
        const int ChunkBytes = 1024 * 1024;
        foreach (string name in reader.Unreadable)
        {
            // Its positions may be used again, and with them its name.
            device.Rename(name, $"{StorageNames.QuarantineFolder}/{StorageNames.FileOf(name)}");
        }
        var chunk = new byte[ChunkBytes];
        for (int i = 0; i < report.DamageList.Count; i++)
        {
            JournalDamage damage = report.DamageList[i];
            if (damage.Position < 0 || damage.File.Length == 0 || !device.Exists(damage.File))
            {
                continue;
            }
            string name = $"{StorageNames.QuarantineFolder}/journal-{damage.Position:D16}-{damage.Length}.bin";
            if (!device.Exists(name))
            {
                using IStorageFile copy = device.Create(name, 0);
                for (long at = 0; at < damage.Length; at += ChunkBytes)
                {
                    int count = (int)Math.Min(ChunkBytes, damage.Length - at);
                    int read = reader.Read(damage.Position + at, chunk.AsSpan(0, count));
                    copy.Write(at, chunk.AsSpan(0, read));
                }
                copy.Sync();
                device.SyncDirectory(StorageNames.QuarantineFolder);
            }
            report.DamageList[i] = damage with { QuarantinedAs = name };
        }
    }
}
