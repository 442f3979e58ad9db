using System.Buffers;
using System.Runtime.InteropServices;
using Posthaste.Server.Transport;

namespace Posthaste.Server.Tests.Transport;

public sealed class PinnedBlockPoolTests
{
    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    [InlineData(PinnedBlockPool.BlockBytes)]
    public void A_rent_is_a_whole_block(int minBufferSize)
    {
        using var pool = new PinnedBlockPool();
        using var block = pool.Rent(minBufferSize);
        Assert.Equal(PinnedBlockPool.BlockBytes, block.Memory.Length);
    }

    [Fact]
    public void More_than_a_block_is_refused()
    {
        using var pool = new PinnedBlockPool();
        Assert.Throws<ArgumentOutOfRangeException>(() => pool.Rent(PinnedBlockPool.BlockBytes + 1));
    }

    [Fact]
    public void A_block_is_pinned()
    {
        using var pool = new PinnedBlockPool();
        using var block = pool.Rent();
        Assert.True(MemoryMarshal.TryGetArray<byte>(block.Memory, out var array));
        // The pinned heap is reported as part of the oldest generation from the start.
        Assert.Equal(GC.MaxGeneration, GC.GetGeneration(array.Array!));
    }

    [Fact]
    public void What_was_returned_last_is_rented_first()
    {
        using var pool = new PinnedBlockPool();
        var (first, second) = (pool.Rent(), pool.Rent());
        first.Dispose();
        second.Dispose();
        Assert.Same(second, pool.Rent());
        Assert.Same(first, pool.Rent());
        Assert.Equal(0, pool.IdleCount);
    }

    [Fact]
    public void A_block_returned_twice_fails_loudly()
    {
        using var pool = new PinnedBlockPool();
        var block = pool.Rent();
        block.Dispose();
        Assert.Throws<InvalidOperationException>(block.Dispose);
    }

    [Fact]
    public void Trimming_lets_go_of_what_an_interval_did_not_need()
    {
        using var pool = new PinnedBlockPool();
        Return(RentMany(pool, 100));
        pool.Trim();
        Assert.Equal(100, pool.IdleCount);

        // In this interval 30 of the 100 are enough.
        Return(RentMany(pool, 30));
        pool.Trim();
        Assert.Equal(30, pool.IdleCount);

        pool.Trim();
        Assert.Equal(0, pool.IdleCount);
    }

    [Fact]
    public void A_block_that_outlives_its_pool_is_let_go()
    {
        var pool = new PinnedBlockPool();
        var block = pool.Rent();
        pool.Dispose();
        block.Dispose();
        Assert.Equal(0, pool.IdleCount);
        Assert.Throws<ObjectDisposedException>(() => pool.Rent());
    }

    [Fact]
    public async Task Threads_never_hold_the_same_block()
    {
        using var pool = new PinnedBlockPool();
        var threads = Enumerable.Range(0, 4).Select(thread => Task.Factory.StartNew(() =>
        {
            for (var round = 0; round < 20_000; round++)
            {
                using var block = pool.Rent();
                var span = block.Memory.Span;
                span[0] = (byte)thread;
                Thread.SpinWait(10);
                Assert.Equal((byte)thread, span[0]);
            }
        }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default));
        await Task.WhenAll(threads);
        Assert.InRange(pool.IdleCount, 1, 4);
    }

    private static List<IMemoryOwner<byte>> RentMany(PinnedBlockPool pool, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => pool.Rent())];

    private static void Return(List<IMemoryOwner<byte>> blocks) => blocks.ForEach(block => block.Dispose());
}
