using System.Buffers;
using Microsoft.AspNetCore.Connections;

namespace Posthaste.Server.Transport;

/// <summary>Makes the transport's pools (one for each of its I/O queues) and trims them all by one timer.</summary>
internal sealed class PinnedBlockPoolFactory : IMemoryPoolFactory<byte>, IDisposable
{
    /// <summary>
    /// Seconds after which a block that was not needed is let go: longer than the pauses of bursty load.
    /// </summary>
    private const int TrimIntervalSeconds = 10;

    private readonly Lock _lock = new();
    private readonly List<PinnedBlockPool> _pools = [];
    private readonly ITimer _timer;

    public PinnedBlockPoolFactory(TimeProvider time)
    {
        var interval = TimeSpan.FromSeconds(TrimIntervalSeconds);
        _timer = time.CreateTimer(static self => ((PinnedBlockPoolFactory)self!).Trim(), this, interval, interval);
    }

    /// <summary>Blocks in use, in all pools.</summary>
    public int RentedCount
    {
        get
        {
            lock (_lock) return _pools.Sum(pool => pool.RentedCount);
        }
    }

    public MemoryPool<byte> Create(MemoryPoolOptions? options = null)
    {
        var pool = new PinnedBlockPool();
        lock (_lock) _pools.Add(pool);
        return pool;
    }

    public void Dispose() => _timer.Dispose();

    private void Trim()
    {
        lock (_lock)
        {
            foreach (var pool in _pools) pool.Trim();
        }
    }
}
