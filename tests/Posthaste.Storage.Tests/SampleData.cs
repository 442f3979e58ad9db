using System.Buffers;
using System.Text;
using Posthaste.Primitives;
using Posthaste.Storage.Devices;
using Posthaste.Storage.Encryption;
using Posthaste.Storage.Journaling;
using Posthaste.Storage.Segments;
using Posthaste.Storage.Snapshots;

namespace Posthaste.Storage.Tests;

/// <summary>
/// A small data directory with everything in it: journal files, a large record, a snapshot, segments.
/// </summary>
internal static class SampleData
{
    public const int BatchCount = 12;

    public static JournalOptions Options(DataDirectory directory) => new()
    {
        Epoch = directory.Epoch,
        Salt = directory.Id,
        FileBytes = 128 * 1024,
        FirstFileBytes = 128 * 1024,
    };

    /// <summary>Writes it; the content is the same every time, also when it is encrypted.</summary>
    public static void Write(IStorageDevice below, MasterKey? key = null)
    {
        using DataDirectory directory = DataDirectory.Open(
            below, newId: 0x0123456789ABCDEF, key, new SeededRandom(1).Fill);
        IStorageDevice device = directory.Device;
        using Journal journal = Journal.Open(device, Options(directory), 0, new RecordingNothing(), out _);
        long middle = 0;
        for (int batch = 0; batch < BatchCount; batch++)
        {
            for (int i = 0; i < 3; i++)
            {
                PayloadOf(batch, i).CopyTo(journal.Append((byte)(i + 1), PayloadOf(batch, i).Length, out _));
            }
            if (batch is 3 or 7 or 10)
            {
                JournalBlock large = journal.RentLarge(70_000);
                LargePayload().CopyTo(large.Payload);
                journal.AppendLarge(4, large);
            }
            journal.Seal(1_700_000_000_000 + batch, out JournalBatch sealed_);
            journal.Commit(sealed_);
            middle = batch == 5 ? journal.DurablePosition : middle;
        }
        WriteSegments(device);
        WriteSnapshot(device, middle, directory.Epoch);
    }

    public static byte[] PayloadOf(int batch, int index) =>
        Encoding.ASCII.GetBytes($"batch {batch} record {index} {new string('.', batch * 7 + index)}");

    public static byte[] LargePayload()
    {
        var payload = new byte[70_000];
        for (int i = 0; i < payload.Length; i++)
        {
            payload[i] = (byte)(i * 31 >> 3);
        }
        return payload;
    }

    public static byte[] SnapshotContent() => Encoding.ASCII.GetBytes("state of the sample");

    private static void WriteSegments(IStorageDevice device)
    {
        using var store = new SegmentStore(device, new SegmentOptions());
        using SegmentBlockBuilder builder = store.NewBuilder();
        for (ulong block = 0; block < 2; block++)
        {
            builder.Begin(5, level: 1);
            for (ulong seq = 0; seq < 4; seq++)
            {
                builder.TryAdd(new SegmentEntry { Seq = block * 4 + seq, ExpiresAtMs = long.MaxValue, BodyBytes = 5 },
                    "hello"u8);
            }
            store.Write(builder);
        }
        store.SyncAll();
    }

    private static void WriteSnapshot(IStorageDevice device, long position, long epoch)
    {
        var info = new SnapshotInfo(position, epoch, 1_700_000_000_000);
        using SnapshotWriter writer = new SnapshotStore(device).Create(info);
        writer.Write(SnapshotContent());
        writer.Complete();
    }

    internal sealed class RecordingNothing : IJournalReplay
    {
        public void BeginBatch(in JournalBatchInfo batch)
        {
            // Only the report is of interest.
        }

        public void Visit(byte type, ReadOnlySpan<byte> payload, long payloadPosition)
        {
            // Only the report is of interest.
        }

        public void EndBatch()
        {
            // Only the report is of interest.
        }
    }
}
