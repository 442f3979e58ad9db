using Posthaste.Storage.Devices;
using Posthaste.Storage.Journaling;
using Posthaste.Storage.Verification;

namespace Posthaste.Storage.Tests.Verification;

public sealed class DataVerifierTests : IDisposable
{
    private readonly MemoryDevice _device = new();

    public DataVerifierTests() => SampleData.Write(_device);

    public void Dispose() => _device.Dispose();

    [Fact]
    public void A_healthy_directory_has_no_findings()
    {
        var fractions = new List<double>();
        DataVerification result = DataVerifier.Verify(_device, new Immediately(fractions.Add));
        Assert.Empty(result.Findings);
        Assert.Equal(SampleData.BatchCount * 3 + 3, result.JournalRecordCount);
        Assert.Equal((1, 2L), (result.SnapshotCount, result.SegmentBlockCount));
        Assert.True(result.JournalFileCount > 1);
        Assert.Equal(1, fractions[^1]);
        Assert.True(fractions.Zip(fractions.Skip(1)).All(p => p.First <= p.Second));
    }

    [Theory]
    [InlineData("format")]
    [InlineData("epoch")]
    [InlineData("state/")]
    [InlineData("segments/")]
    public void Every_flipped_bit_of_a_small_file_is_found(string prefix)
    {
        string folder = prefix.EndsWith('/') ? prefix[..^1] : "";
        StorageFileInfo file = Assert.Single(
            _device.List(folder), f => f.Name.StartsWith(prefix, StringComparison.Ordinal));
        for (long offset = 0; offset < file.LengthBytes; offset++)
        {
            for (int bit = 0; bit < 8; bit++)
            {
                AssertFound(file.Name, offset, bit);
            }
        }
    }

    [Fact]
    public void Every_flipped_bit_of_the_journal_is_found()
    {
        foreach ((string name, long start, long end) in UsedStretches())
        {
            for (long offset = start; offset < end; offset++)
            {
                // Every bit where the formats are dense: header pages, batch headers, small records.
                if (offset is < 64 or (>= 2048 and < 2112) or (>= 4096 and < 5100) || end - offset < 400)
                {
                    for (int bit = 0; bit < 8; bit++)
                    {
                        AssertFound(name, offset, bit);
                    }
                }
                else if (offset % 97 == 0)
                {
                    AssertFound(name, offset, (int)(offset & 7));
                }
            }
        }
    }

    [Fact]
    public void A_missing_journal_file_is_found()
    {
        _device.Delete(_device.List("journal")[1].Name);
        Assert.Contains(DataVerifier.Verify(_device).Findings, f => f.Kind == DataFindingKind.Damage
            && f.File == "journal/0000000000000002.jnl");
    }

    [Fact]
    public void A_directory_of_a_newer_version_is_not_judged()
    {
        TestFiles.ReplaceIdentity(_device, "posthaste data directory, format 2, id 0000000000000001");
        var e = Assert.Throws<DataDirectoryVersionException>(() => DataVerifier.Verify(_device));
        Assert.Contains("newer version", e.Message, StringComparison.Ordinal);
    }

    private void AssertFound(string name, long offset, int bit)
    {
        TestFiles.FlipBit(_device, name, offset, bit);
        if (!DataVerifier.Verify(_device).Findings.Any(f => f.File == name))
        {
            Assert.Fail($"A flip of bit {bit} at offset {offset} of {name} was not found.");
        }
        TestFiles.FlipBit(_device, name, offset, bit);
    }

    private List<(string Name, long Start, long End)> UsedStretches()
    {
        using JournalReader reader = JournalReader.Open(_device);
        long tail = reader.Scan(0, new SampleData.RecordingNothing()).EndPosition;
        return [.. reader.Files.Select(f =>
            ($"journal/{f.Sequence:D16}.jnl", 0L, 4096 + Math.Min(tail, f.End) - f.Base))];
    }

    private sealed class Immediately(Action<double> report) : IProgress<double>
    {
        public void Report(double value) => report(value);
    }
}
