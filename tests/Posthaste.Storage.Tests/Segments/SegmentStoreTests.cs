using System.Text;
using Posthaste.Storage.Devices;
using Posthaste.Storage.Segments;

namespace Posthaste.Storage.Tests.Segments;

public sealed class SegmentStoreTests : IDisposable
{
    private readonly MemoryDevice _device = new();

    public void Dispose() => _device.Dispose();

    [Fact]
    public void Entries_read_back_with_the_place_of_their_message()
    {
        using var store = new SegmentStore(_device, new SegmentOptions());
        SegmentBlockInfo info = WriteBlock(store, destinationId: 7, firstSeq: 100, count: 50);
        store.Sync(7);

        Assert.Equal((100ul, 149ul, 50), (info.FirstSeq, info.LastSeq, info.Count));
        Assert.Equal(5_000 + 100, info.MinExpiresAtMs);
        SegmentBlock block = store.Load(info);
        ulong seq = 100;
        foreach (SegmentBlock.Item item in block)
        {
            Assert.Equal(EntryOf(seq), item.Entry);
            Assert.Equal(MessageOf(seq), block.Array.AsSpan(item.MessageOffset, item.MessageBytes).ToArray());
            SegmentLocation location = SegmentLocation.Unpack(item.Location.Pack());
            Assert.True(store.TryPin(location, item.MessageBytes, out SegmentBlock pinned, out int offset));
            Assert.Equal(item.MessageOffset, offset);
            Assert.Same(block, pinned);
            pinned.Release();
            seq++;
        }
        Assert.Equal(150ul, seq);
        block.Release();
    }

    [Fact]
    public void A_block_ends_at_a_mebibyte_and_takes_one_larger_message_alone()
    {
        using var store = new SegmentStore(_device, new SegmentOptions());
        using SegmentBlockBuilder builder = store.NewBuilder();
        builder.Begin(1, 0);
        var message = new byte[100_000];
        int count = 0;
        while (builder.TryAdd(new SegmentEntry { Seq = (ulong)count }, message))
        {
            count++;
        }
        Assert.Equal(10, count);
        Assert.True(builder.Bytes <= 1024 * 1024);

        builder.Begin(1, 0);
        Assert.True(builder.TryAdd(new SegmentEntry { Seq = 1 }, new byte[3_000_000]));
        Assert.False(builder.TryAdd(new SegmentEntry { Seq = 2 }, default));
        SegmentBlock block = store.Load(store.Write(builder));
        SegmentBlock.Enumerator items = block.GetEnumerator();
        Assert.True(items.MoveNext());
        Assert.Equal(3_000_000, items.Current.MessageBytes);
        block.Release();
    }

    [Fact]
    public void A_restart_adopts_what_is_live_and_deletes_the_rest()
    {
        SegmentBlockInfo kept, dropped, orphan;
        using (var store = new SegmentStore(_device, new SegmentOptions()))
        {
            kept = WriteBlock(store, 1, 1, 10);
            dropped = WriteBlock(store, 2, 1, 10);
            orphan = WriteBlock(store, 3, 1, 10);
            store.SyncAll();
            store.DropBlock(dropped);
        }
        using var reopened = new SegmentStore(_device, new SegmentOptions());
        Assert.True(reopened.Adopt(kept));
        Assert.False(reopened.Adopt(dropped));
        Assert.Equal(1, reopened.DeleteUnreferenced());
        Assert.Single(_device.List("segments"));
        reopened.Load(kept).Release();
        Assert.Throws<StorageDamagedException>(() => reopened.Load(orphan));
        // Numbers are never used twice, not even those of files that are gone.
        Assert.True(WriteBlock(reopened, 4, 1, 1).SegmentId > orphan.SegmentId);
    }

    [Fact]
    public void A_file_goes_with_its_last_block_and_a_destination_with_all_its_files()
    {
        using var store = new SegmentStore(_device, new SegmentOptions { SegmentBytesMax = 10_000 });
        List<SegmentBlockInfo> blocks = [];
        for (int i = 0; i < 10; i++)
        {
            blocks.Add(WriteBlock(store, 1, (ulong)i * 100, 50));
        }
        int fileCount = _device.List("segments").Count;
        Assert.True(fileCount > 2);
        int firstId = blocks[0].SegmentId;
        foreach (SegmentBlockInfo block in blocks.FindAll(b => b.SegmentId == firstId))
        {
            Assert.Equal(fileCount, _device.List("segments").Count);
            store.DropBlock(block);
        }
        Assert.Equal(fileCount - 1, _device.List("segments").Count);
        store.DeleteDestination(1);
        Assert.Empty(_device.List("segments"));
    }

    [Fact]
    public void The_cache_stays_within_its_budget_and_leaves_pinned_blocks_alone()
    {
        using var store = new SegmentStore(_device, new SegmentOptions { CacheBytesMax = 100_000 });
        SegmentBlockInfo first = WriteBlock(store, 1, 1, 50);
        SegmentBlock held = store.Load(first);
        for (ulong i = 1; i < 50; i++)
        {
            store.Load(WriteBlock(store, 1, i * 100, 50)).Release();
        }
        Assert.True(store.CachedBytes <= 100_000);
        Assert.False(store.TryPin(new SegmentLocation(first.SegmentId, first.Offset + 100), 1, out _, out _));
        Assert.True(held.IsAlive);
        held.Release();
        Assert.False(held.IsAlive);
    }

    [Fact]
    public void A_full_device_refuses_a_block_that_fits_later()
    {
        using var store = new SegmentStore(_device, new SegmentOptions());
        SegmentBlockInfo before = WriteBlock(store, 1, 1, 50);
        _device.CapacityBytes = before.Length + 100;
        Assert.Throws<StorageFullException>(() => WriteBlock(store, 1, 100, 50));
        _device.CapacityBytes = long.MaxValue;
        SegmentBlockInfo after = WriteBlock(store, 1, 100, 50);
        Assert.Equal(before.Offset + before.Length, after.Offset);
        store.Load(after).Release();
    }

    private static SegmentBlockInfo WriteBlock(SegmentStore store, ulong destinationId, ulong firstSeq, int count)
    {
        using SegmentBlockBuilder builder = store.NewBuilder();
        builder.Begin(destinationId, level: 3);
        for (ulong seq = firstSeq; seq < firstSeq + (ulong)count; seq++)
        {
            Assert.True(builder.TryAdd(EntryOf(seq), MessageOf(seq)));
        }
        return store.Write(builder);
    }

    private static SegmentEntry EntryOf(ulong seq) => new()
    {
        Seq = seq,
        ExpiresAtMs = 5_000 + (long)seq,
        Flags = (byte)seq,
        DeliveryCount = (ushort)(seq + 1),
        AcquiredCount = (ushort)(seq + 2),
        BodyBytes = (uint)seq + 3,
    };

    private static byte[] MessageOf(ulong seq) => Encoding.ASCII.GetBytes(new string('m', (int)(seq % 97)) + seq);
}
