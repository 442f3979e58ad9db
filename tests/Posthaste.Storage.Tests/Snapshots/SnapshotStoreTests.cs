using System.Buffers;
using Posthaste.Primitives;
using Posthaste.Storage.Devices;
using Posthaste.Storage.Snapshots;

namespace Posthaste.Storage.Tests.Snapshots;

public sealed class SnapshotStoreTests : IDisposable
{
    private readonly MemoryDevice _device = new();

    public void Dispose() => _device.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(262_144)]
    [InlineData(1_000_000)]
    public void Content_reads_back(int contentBytes)
    {
        var content = new byte[contentBytes];
        new SeededRandom(1).Fill(content);
        var store = new SnapshotStore(_device);
        Write(store, 4096, content);

        using SnapshotReader? reader = store.OpenNewest(out IReadOnlyList<string> damages);
        Assert.NotNull(reader);
        Assert.Empty(damages);
        Assert.Equal(new SnapshotInfo(4096, 3, 77), reader.Info);
        Assert.Equal(contentBytes == 0, reader.IsAtEnd);
        var random = new SeededRandom(2);
        for (int at = 0; at < contentBytes;)
        {
            int count = Math.Min(contentBytes - at, random.Below(50_000));
            Assert.True(reader.Take(count).SequenceEqual(content.AsSpan(at, count)));
            at += count;
        }
        Assert.True(reader.IsAtEnd);
        Assert.Throws<EndOfStreamException>(() => reader.Take(1));
    }

    [Fact]
    public void One_that_was_not_completed_never_was()
    {
        var store = new SnapshotStore(_device);
        Write(store, 16, [1]);
        using (SnapshotWriter writer = store.Create(new SnapshotInfo(32, 1, 1)))
        {
            writer.Write(new byte[] { 2 });
        }
        Assert.Equal([16L], store.Positions());
        Assert.Single(_device.List("state"));
    }

    [Fact]
    public void A_damaged_newest_one_is_reported_and_the_one_before_it_is_used()
    {
        var store = new SnapshotStore(_device);
        Write(store, 16, [1]);
        Write(store, 32, [2]);
        TestFiles.FlipBit(_device, _device.List("state")[^1].Name, offset: 80, bit: 3);

        using SnapshotReader? reader = store.OpenNewest(out IReadOnlyList<string> damages);
        Assert.Equal(16, reader!.Info.Position);
        Assert.Contains("quarantine/", Assert.Single(damages), StringComparison.Ordinal);
        Assert.Single(_device.List("quarantine"));
        Assert.Equal([16L], store.Positions());
    }

    [Fact]
    public void Older_ones_are_deleted()
    {
        var store = new SnapshotStore(_device);
        for (int i = 1; i <= 4; i++)
        {
            Write(store, i * 16, [1]);
        }
        store.DeleteOlder(keptCount: 2);
        Assert.Equal([48L, 64L], store.Positions());
    }

    private static void Write(SnapshotStore store, long position, byte[] content)
    {
        using SnapshotWriter writer = store.Create(new SnapshotInfo(position, 3, 77));
        writer.Write(content);
        writer.Complete();
    }
}
