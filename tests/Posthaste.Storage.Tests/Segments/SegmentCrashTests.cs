using Posthaste.Storage.Devices;
using Posthaste.Storage.Segments;

namespace Posthaste.Storage.Tests.Segments;

public sealed class SegmentCrashTests
{
    private static readonly byte[] Message = [.. Enumerable.Range(0, 3_000).Select(i => (byte)i)];

    [Fact]
    public void What_was_synced_survives_a_crash_at_every_change()
    {
        for (long at = 1; at < 60; at++)
        {
            var device = new FaultyDevice((ulong)at) { PowerOffAtChange = at };
            var synced = new List<SegmentBlockInfo>();
            WriteUntilPowerIsOff(device, synced);

            using FaultyDevice survivor = device.Crash();
            using var store = new SegmentStore(survivor, new SegmentOptions());
            foreach (SegmentBlockInfo info in synced)
            {
                Assert.True(store.Adopt(info));
                SegmentBlock block = store.Load(info);
                SegmentBlock.Enumerator items = block.GetEnumerator();
                Assert.True(items.MoveNext());
                Assert.Equal(Message, block.Array.AsSpan(items.Current.MessageOffset, Message.Length).ToArray());
                block.Release();
            }
            store.DeleteUnreferenced();
            Assert.Equal(synced.Select(b => b.SegmentId).Distinct().Count(), survivor.List("segments").Count);
        }
    }

    [Fact]
    public void A_failed_sync_takes_back_what_it_covered_and_the_file_is_not_written_again()
    {
        using var device = new FaultyDevice(seed: 3);
        using var store = new SegmentStore(device, new SegmentOptions());
        SegmentBlockInfo kept = Write(store, 1);
        store.Sync(1);
        SegmentBlockInfo lost = Write(store, 2);
        device.SyncErrorChance = 1;
        Assert.Throws<IOException>(() => store.Sync(1));
        device.SyncErrorChance = 0;

        Assert.True(store.TryFind(new SegmentLocation(kept.SegmentId, kept.Offset), out _));
        Assert.False(store.TryFind(new SegmentLocation(lost.SegmentId, lost.Offset), out _));
        Assert.NotEqual(kept.SegmentId, Write(store, 2).SegmentId);
        store.Sync(1);
    }

    private static void WriteUntilPowerIsOff(FaultyDevice device, List<SegmentBlockInfo> synced)
    {
        try
        {
            using var store = new SegmentStore(device, new SegmentOptions { SegmentBytesMax = 10_000 });
            for (ulong i = 0; i < 30; i++)
            {
                List<SegmentBlockInfo> written = [Write(store, i), Write(store, i)];
                store.SyncAll();
                synced.AddRange(written);
            }
        }
        catch (IOException)
        {
            // The power went off, as planned.
        }
    }

    private static SegmentBlockInfo Write(SegmentStore store, ulong seq)
    {
        using SegmentBlockBuilder builder = store.NewBuilder();
        builder.Begin(1, level: 0);
        Assert.True(builder.TryAdd(new SegmentEntry { Seq = seq }, Message));
        return store.Write(builder);
    }
}
