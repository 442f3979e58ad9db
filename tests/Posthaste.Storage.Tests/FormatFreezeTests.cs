using Posthaste.Storage.Devices;
using Posthaste.Storage.Encryption;
using Posthaste.Storage.Journaling;
using Posthaste.Storage.Segments;
using Posthaste.Storage.Snapshots;
using Posthaste.Storage.Tests.Journaling;
using Posthaste.Storage.Verification;

namespace Posthaste.Storage.Tests;

/// <summary>
/// Directories written by every format version, checked in, keep opening. To add one for a new version, raise
/// <see cref="DataDirectory.FormatVersion"/> and run the tests with POSTHASTE_WRITE_SAMPLE set to the folder of the
/// samples.
/// </summary>
public sealed class FormatFreezeTests
{
    private const string Encrypted = "-encrypted";

    private static string Folder(string version) => Path.Combine(AppContext.BaseDirectory, "FormatFreeze", version);

    private static MasterKey? KeyOf(string version) =>
        version.EndsWith(Encrypted, StringComparison.Ordinal) ? TestKeys.Master : null;

    [Theory]
    [InlineData("v1")]
    [InlineData("v1" + Encrypted)]
    public void A_directory_of_each_version_opens_and_has_what_was_written(string version)
    {
        using var copy = new TemporaryDirectory();
        CopyAll(Folder(version), copy.Path);
        using var below = new FileDevice(copy.Path);
        using DataDirectory directory = DataDirectory.Open(below, newId: 0, KeyOf(version));
        IStorageDevice device = directory.Device;
        Assert.Empty(DataVerifier.Verify(device).Findings);
        Assert.Equal((0x0123456789ABCDEFul, 2L), (directory.Id, directory.Epoch));
        var replay = new RecordingReplay();
        using Journal journal = Journal.Open(
            device, SampleData.Options(directory), 0, replay, out RecoveryReport report);
        Assert.Empty(report.Damages);
        Assert.Null(report.TornTail);
        CheckRecords(replay);

        using SnapshotReader? snapshot = new SnapshotStore(device).OpenNewest(out _);
        Assert.True(snapshot!.Take(SampleData.SnapshotContent().Length).SequenceEqual(SampleData.SnapshotContent()));
        Assert.True(snapshot.IsAtEnd);
        Assert.Contains(replay.Batches, b => b.Start == snapshot.Info.Position);
    }

    [Theory]
    [InlineData("")]
    [InlineData(Encrypted)]
    public void The_current_version_writes_what_is_checked_in(string kind)
    {
        string version = $"v{DataDirectory.FormatVersion}{kind}";
        using var written = new TemporaryDirectory();
        using var device = new FileDevice(written.Path);
        SampleData.Write(device, KeyOf(version));
        if (Environment.GetEnvironmentVariable("POSTHASTE_WRITE_SAMPLE") is { Length: > 0 } target)
        {
            CopyAll(written.Path, Path.Combine(target, version));
            return;
        }
        string frozen = Folder(version);
        string[] names = [.. Directory.EnumerateFiles(frozen, "*", SearchOption.AllDirectories)
            .Select(f => Path.GetRelativePath(frozen, f))];
        Assert.True(names.Length >= 6);
        foreach (string name in names)
        {
            Assert.True(File.ReadAllBytes(Path.Combine(frozen, name))
                .AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(written.Path, name))), name);
        }
    }

    [Fact]
    public void Segments_of_the_first_version_read_back()
    {
        using var device = new FileDevice(Folder("v1"));
        using var store = new SegmentStore(device, new SegmentOptions());
        int length = (int)(device.List("segments")[0].LengthBytes / 2);
        var info = new SegmentBlockInfo
        {
            SegmentId = 1,
            Offset = length,
            Length = length,
            DestinationId = 5,
            Level = 1,
            FirstSeq = 4,
            LastSeq = 7,
            Count = 4,
            MinExpiresAtMs = long.MaxValue,
        };
        SegmentBlock block = store.Load(info);
        ulong seq = 4;
        foreach (SegmentBlock.Item item in block)
        {
            Assert.Equal(new SegmentEntry { Seq = seq++, ExpiresAtMs = long.MaxValue, BodyBytes = 5 }, item.Entry);
            Assert.Equal("hello"u8, block.Array.AsSpan(item.MessageOffset, item.MessageBytes));
        }
        block.Release();
    }

    private static void CheckRecords(RecordingReplay replay)
    {
        var records = new Queue<RecordingReplay.Record>(replay.Records);
        for (int batch = 0; batch < SampleData.BatchCount; batch++)
        {
            for (int i = 0; i < 3; i++)
            {
                RecordingReplay.Record record = records.Dequeue();
                Assert.Equal(i + 1, record.Type);
                Assert.Equal(SampleData.PayloadOf(batch, i), record.Payload);
            }
            if (batch is 3 or 7 or 10)
            {
                Assert.True(records.Dequeue().Payload.AsSpan().SequenceEqual(SampleData.LargePayload()));
            }
        }
        Assert.Empty(records);
    }

    private static void CopyAll(string from, string to)
    {
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target, overwrite: true);
        }
    }
}
