namespace Posthaste.Primitives.Tests;

public sealed class PinnedMemoryTests
{
    [Fact]
    public void The_last_holder_returns_it_and_the_next_renter_gets_it()
    {
        var pool = new PinnedMemoryPool(idleBytesMax: 1_000_000);
        PinnedMemory memory = pool.Rent(100_000);
        Assert.Equal(131_072, memory.Array.Length);
        Assert.True(memory.TryRetain());
        memory.Release();
        Assert.Equal((131_072L, 0L), (pool.UsedBytes, pool.IdleBytes));
        memory.Release();
        Assert.Equal((0L, 131_072L), (pool.UsedBytes, pool.IdleBytes));
        Assert.False(memory.TryRetain());

        PinnedMemory again = pool.Rent(70_000);
        Assert.Same(memory, again);
        Assert.True(again.IsAlive);
    }

    [Fact]
    public void Releasing_more_than_was_retained_fails_loudly()
    {
        PinnedMemory memory = new PinnedMemoryPool(idleBytesMax: 0).Rent(1);
        memory.Release();
        Assert.Throws<BrokenInvariantException>(memory.Release);
    }

    [Fact]
    public void What_lies_idle_is_bounded()
    {
        var pool = new PinnedMemoryPool(idleBytesMax: 40_000);
        PinnedMemory[] rented = [pool.Rent(1), pool.Rent(1), pool.Rent(1)];
        Array.ForEach(rented, m => m.Release());
        Assert.Equal(2 * PinnedMemoryPool.BytesMin, pool.IdleBytes);
        PinnedMemory large = pool.Rent(20_000_000);
        Assert.Equal(20_000_000, large.Array.Length);
        large.Release();
        Assert.Equal((0L, 2L * PinnedMemoryPool.BytesMin), (pool.UsedBytes, pool.IdleBytes));
    }
}
