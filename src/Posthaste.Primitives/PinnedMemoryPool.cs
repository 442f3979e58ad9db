using System.Numerics;

namespace Posthaste.Primitives;

/// <summary>
/// Hands out pinned memory in sizes of powers of two. What is in use is bounded by its holders; what lies idle in
/// the pool is bounded here, and beyond that goes to the garbage collector. Any thread.
/// </summary>
/// <param name="idleBytesMax">Idle bytes kept for reuse. Zero keeps nothing.</param>
public sealed class PinnedMemoryPool(long idleBytesMax)
{
    /// <summary>The smallest array handed out.</summary>
    public const int BytesMin = 16 * 1024;

    private static readonly int SmallestClass = BitOperations.Log2(BytesMin);

    private readonly Lock _lock = new();
    private readonly Stack<PinnedMemory>?[] _idle = new Stack<PinnedMemory>?[32 - SmallestClass];
    private long _idleBytes;
    private long _usedBytes;

    /// <summary>Bytes handed out and not yet returned.</summary>
    public long UsedBytes => Interlocked.Read(ref _usedBytes);

    /// <summary>Bytes that wait for reuse.</summary>
    public long IdleBytes => Interlocked.Read(ref _idleBytes);

    /// <summary>Memory of at least <paramref name="bytesMin"/> bytes with one reference, owned by the caller.</summary>
    /// <exception cref="OutOfMemoryException">The process has no memory left.</exception>
    public PinnedMemory Rent(int bytesMin)
    {
        Checks.Require(bytesMin >= 0);
        int bytes = SizeFor(bytesMin);
        Interlocked.Add(ref _usedBytes, bytes);
        if (BitOperations.IsPow2(bytes))
        {
            lock (_lock)
            {
                if (_idle[ClassOf(bytes)] is { Count: > 0 } stack)
                {
                    PinnedMemory memory = stack.Pop();
                    _idleBytes -= bytes;
                    memory.Reuse();
                    return memory;
                }
            }
        }
        return new PinnedMemory(this, bytes);
    }

    internal void Return(PinnedMemory memory)
    {
        int bytes = memory.Array.Length;
        Interlocked.Add(ref _usedBytes, -bytes);
        if (!BitOperations.IsPow2(bytes))
        {
            return;
        }
        lock (_lock)
        {
            if (_idleBytes + bytes <= idleBytesMax)
            {
                (_idle[ClassOf(bytes)] ??= new Stack<PinnedMemory>()).Push(memory);
                _idleBytes += bytes;
            }
        }
    }

    // Beyond 16 MiB rounding up to a power of two would waste more than reuse saves: such sizes are exact.
    private static int SizeFor(int bytesMin) => bytesMin <= BytesMin ? BytesMin
        : bytesMin <= 16 * 1024 * 1024 ? (int)BitOperations.RoundUpToPowerOf2((uint)bytesMin)
        : bytesMin;

    private static int ClassOf(int bytes) => BitOperations.Log2((uint)bytes) - SmallestClass;
}
