using Posthaste.Storage.Devices;
using Posthaste.Storage.Journaling;

namespace Posthaste.Storage.Tests.Journaling;

public sealed class JournalFaultTests : IDisposable
{
    private readonly FaultyDevice _device = new(seed: 1);

    public void Dispose() => _device.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_failed_write_or_sync_makes_the_journal_read_only_for_good(bool isWrite)
    {
        using Journal journal = Open(1);
        long position = Commit(journal, 100);
        _device.WriteErrorChance = isWrite ? 1 : 0;
        _device.SyncErrorChance = isWrite ? 0 : 1;
        JournalBatch batch = Append(journal, 100, out _);
        Assert.Throws<JournalFailedException>(() => journal.Commit(batch));

        _device.WriteErrorChance = _device.SyncErrorChance = 0;
        Assert.True(journal.IsFailed);
        Assert.NotNull(journal.Failure);
        Assert.Throws<JournalFailedException>(() => journal.Append(1, 10, out _));
        Assert.Throws<JournalFailedException>(() => journal.RentLarge(100_000));
        Assert.Throws<JournalFailedException>(() => journal.Commit(batch));
        JournalBlock block = journal.Load(position, 100, out int offset);
        Assert.Equal(0x5A, block.Array[offset]);
        block.Release();

        using Journal reopened = Open(2);
        Commit(reopened, 100);
    }

    [Fact]
    public void A_full_device_shows_before_anything_fails_and_the_reserve_serves_settlements()
    {
        using Journal journal = Open(1);
        Assert.True(journal.PrepareNextFile());
        Assert.Equal(JournalSpace.Ample, journal.Space);
        _device.CapacityBytes = FilesBytes() + 1_000;

        FillFile(journal);
        Assert.Equal(JournalSpace.Ample, journal.Space);
        Assert.False(journal.PrepareNextFile());
        Assert.Equal(JournalSpace.Low, journal.Space);

        FillFile(journal);
        Assert.Equal(JournalSpace.Exhausted, journal.Space);
        Assert.Throws<JournalFullException>(() => CommitUntilRefused(journal));
        Assert.False(journal.IsFailed);
        // What is smaller may still fit; and what is pending stays whole.
        if (journal.Seal(0, out JournalBatch rest))
        {
            journal.Commit(rest);
        }
        long durable = journal.DurablePosition;

        Assert.True(journal.Recycle(durable) > 0);
        Assert.Equal(JournalSpace.Ample, journal.Space);
        Commit(journal, 1_000);
        Assert.True(journal.DurablePosition > durable);
    }

    [Fact]
    public void A_record_of_its_own_file_is_refused_before_anything_is_appended()
    {
        using Journal journal = Open(1);
        Commit(journal, 100);
        _device.CapacityBytes = FilesBytes() + 100_000;
        Assert.Throws<StorageFullException>(() => journal.RentLarge(500_000));
        _device.CapacityBytes = long.MaxValue;
        JournalBlock block = journal.RentLarge(500_000);
        Assert.True(FilesBytes() > 500_000);
        block.Release();
        Assert.True(FilesBytes() < 500_000);
    }

    [Fact]
    public void An_unreadable_device_is_no_reason_to_cut_anything()
    {
        using (Journal journal = Open(1))
        {
            Commit(journal, 100);
        }
        _device.ReadErrorChance = 1;
        Assert.Throws<IOException>(() => Open(2));
        _device.ReadErrorChance = 0;
        var replay = new RecordingReplay();
        Journal.Open(_device, Options(2), 0, replay, out _).Dispose();
        Assert.Single(replay.Records);
    }

    private static void CommitUntilRefused(Journal journal)
    {
        for (int i = 0; i < 1_000; i++)
        {
            Commit(journal, 1_000);
        }
    }

    private static void FillFile(Journal journal)
    {
        int fileCount = journal.Files.Count;
        while (journal.Files.Count == fileCount)
        {
            Commit(journal, 10_000);
        }
    }

    private static long Commit(Journal journal, int payloadBytes)
    {
        journal.Commit(Append(journal, payloadBytes, out long position));
        return position;
    }

    private static JournalBatch Append(Journal journal, int payloadBytes, out long position)
    {
        journal.Append(1, payloadBytes, out position).Fill(0x5A);
        Assert.True(journal.Seal(0, out JournalBatch batch));
        return batch;
    }

    private long FilesBytes() => _device.List("journal").Sum(f => f.LengthBytes);

    private Journal Open(long epoch) => Journal.Open(_device, Options(epoch), 0, new RecordingReplay(), out _);

    private static JournalOptions Options(long epoch) => new()
    {
        Epoch = epoch,
        Salt = 3,
        FileBytes = 128 * 1024,
        FirstFileBytes = 128 * 1024,
        ResidentBytesMax = 0,
    };
}
