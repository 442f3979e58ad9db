using Posthaste.Storage.Devices;
using Posthaste.Storage.Journaling;

namespace Posthaste.Storage.Tests.Journaling;

/// <summary>A torn tail is cut, damage is reported and kept; one is never taken for the other.</summary>
public sealed class JournalDamageTests : IDisposable
{
    private const int DataStart = 4096;
    private const int BatchBytes = 64 + 3 * 128; // header and three records of 112 bytes
    private readonly MemoryDevice _device = new();
    private long _epoch;

    public void Dispose() => _device.Dispose();

    [Fact]
    public void A_damaged_batch_before_a_valid_one_is_quarantined_and_its_other_records_are_delivered()
    {
        WriteBatches(4);
        long offset = DataStart + BatchBytes + 64 + 128 + 50; // the second record of the second batch
        TestFiles.FlipBit(_device, NameOf(1), offset, bit: 0);

        RecordingReplay replay = Open(out RecoveryReport report);
        Assert.Equal(11, replay.Records.Count);
        Assert.Equal([false, true, false, false], replay.Batches.Select(b => b.IsSalvaged));
        Assert.Equal(2, report.SalvagedCount);
        Assert.Single(replay.Records, r => r.Payload[0] == 1 && r.Payload[1] == 2);
        JournalDamage damage = report.Damages[0];
        Assert.Equal((NameOf(1), DataStart + BatchBytes, BatchBytes), (damage.File, damage.Offset, damage.Length));
        Assert.True(_device.Exists(damage.QuarantinedAs!));
        Assert.Null(report.TornTail);
    }

    [Fact]
    public void A_damaged_batch_header_costs_no_record()
    {
        WriteBatches(4);
        TestFiles.FlipBit(_device, NameOf(1), DataStart + BatchBytes + 20, bit: 5);

        RecordingReplay replay = Open(out RecoveryReport report);
        Assert.Equal(12, replay.Records.Count);
        Assert.Equal(DataStart + BatchBytes, report.Damages[0].Offset);
    }

    [Fact]
    public void An_incomplete_last_batch_is_cut_and_the_next_records_take_its_place()
    {
        WriteBatches(4);
        TestFiles.FlipBit(_device, NameOf(1), DataStart + 3 * BatchBytes + 100, bit: 0);

        RecordingReplay replay = Open(out RecoveryReport report);
        Assert.Equal(9, replay.Records.Count);
        Assert.Empty(report.Damages);
        Assert.Equal(3 * BatchBytes, report.EndPosition);
        Assert.Equal((NameOf(1), DataStart + 3 * BatchBytes), (report.TornTail!.File, report.TornTail.Offset));

        WriteBatches(1);
        Assert.Equal(12, Open(out report).Records.Count);
        Assert.Null(report.TornTail);
    }

    [Fact]
    public void Records_of_a_cut_batch_never_resurface()
    {
        // The cut batch's second and third record are whole and lie where a later batch of one record ends.
        WriteBatches(2);
        TestFiles.FlipBit(_device, NameOf(1), DataStart + BatchBytes + 64 + 20, bit: 0);
        using (Journal journal = OpenJournal(new RecordingReplay(), out RecoveryReport report))
        {
            Assert.NotNull(report.TornTail);
            journal.Append(1, 112, out _).Fill(0xEE);
            Assert.True(journal.Seal(0, out JournalBatch batch));
            journal.Commit(batch);
        }
        RecordingReplay replay = Open(out RecoveryReport after);
        Assert.Equal(4, replay.Records.Count);
        Assert.Equal(0xEE, replay.Records[^1].Payload[0]);
        Assert.Null(after.TornTail);
        Assert.Empty(after.Damages);
    }

    [Fact]
    public void Recycled_files_never_show_what_they_held()
    {
        using (Journal journal = OpenJournal(new RecordingReplay(), out _))
        {
            for (int i = 0; i < 3_000; i++)
            {
                WriteBatch(journal, i);
                if (i % 100 == 0)
                {
                    journal.Recycle(journal.DurablePosition);
                }
            }
            Assert.True(journal.Files[^1].Sequence > 8);
            Assert.True(_device.List("journal").Count <= 3);
        }
        using JournalReader reader = JournalReader.Open(_device);
        long first = reader.Files[0].Base;
        var replay = new RecordingReplay();
        RecoveryReport report = reader.Scan(0, replay);
        Assert.Empty(report.Damages);
        Assert.Null(report.TornTail);
        Assert.True(replay.Records.Count > 100);
        Assert.All(replay.Records, r => Assert.True(r.Position >= first));
        Assert.Equal(2_999 % 256, replay.Records[^1].Payload[0]);
    }

    [Fact]
    public void One_damaged_copy_of_a_header_page_is_reported_and_costs_nothing()
    {
        WriteBatches(2);
        TestFiles.FlipBit(_device, NameOf(1), 30, bit: 0);
        Assert.Equal(6, Open(out RecoveryReport report).Records.Count);
        Assert.Equal((NameOf(1), 0L), (Assert.Single(report.Damages).File, report.Damages[0].Offset));
    }

    [Fact]
    public void A_file_without_a_valid_header_page_is_kept_aside()
    {
        WriteBatches(2);
        TestFiles.FlipBit(_device, NameOf(1), 30, bit: 0);
        TestFiles.FlipBit(_device, NameOf(1), 2048 + 30, bit: 0);
        Assert.Empty(Open(out RecoveryReport report).Records);
        Assert.NotEmpty(report.Damages);
        Assert.True(_device.Exists("quarantine/0000000000000001.jnl"));
    }

    [Fact]
    public void A_record_damaged_on_disk_is_named_when_it_is_loaded()
    {
        long position;
        using (Journal journal = OpenJournal(new RecordingReplay(), out _))
        {
            position = WriteBatch(journal, 1);
        }
        using Journal reopened = OpenJournal(new RecordingReplay(), out _, replayFrom: BatchBytes);
        TestFiles.FlipBit(_device, NameOf(1), DataStart + position, bit: 0);
        // The granule of the tail is in memory; a granule further the device has to answer.
        for (int i = 0; i < 200; i++)
        {
            WriteBatch(reopened, i);
        }
        Assert.True(reopened.TryPin(position, 112, out JournalBlock block, out _));
        block.Release();
        using Journal later = OpenJournal(new RecordingReplay(), out _, replayFrom: reopened.DurablePosition);
        var e = Assert.Throws<StorageDamagedException>(() => later.Load(position, 112, out _));
        Assert.Contains(NameOf(1), e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_epoch_from_the_past_is_refused()
    {
        WriteBatches(1);
        _epoch = 0;
        Assert.Throws<StorageDamagedException>(() => OpenJournal(new RecordingReplay(), out _));
    }

    private RecordingReplay Open(out RecoveryReport report)
    {
        var replay = new RecordingReplay();
        OpenJournal(replay, out report).Dispose();
        return replay;
    }

    private Journal OpenJournal(RecordingReplay replay, out RecoveryReport report, long replayFrom = 0) => Journal.Open(
        _device, new JournalOptions { Epoch = ++_epoch, Salt = 7, FileBytes = 128 * 1024, FirstFileBytes = 128 * 1024 },
        replayFrom, replay, out report);

    private void WriteBatches(int count)
    {
        using Journal journal = OpenJournal(new RecordingReplay(), out _);
        for (int i = 0; i < count; i++)
        {
            WriteBatch(journal, i);
        }
    }

    private static long WriteBatch(Journal journal, int number)
    {
        long first = -1;
        for (byte i = 0; i < 3; i++)
        {
            Span<byte> payload = journal.Append(1, 112, out long position);
            payload.Fill(i);
            payload[0] = (byte)number;
            first = first < 0 ? position : first;
        }
        Assert.True(journal.Seal(0, out JournalBatch batch));
        journal.Commit(batch);
        return first;
    }

    private static string NameOf(long sequence) => $"journal/{sequence:D16}.jnl";
}
