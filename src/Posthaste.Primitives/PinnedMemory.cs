namespace Posthaste.Primitives;

/// <summary>
/// A pinned byte array with shared ownership: the kernel and any number of readers may use it while they hold a
/// reference. The last release returns it to its pool. Content is not cleared between uses.
/// </summary>
public sealed class PinnedMemory : RefCounted
{
    private readonly PinnedMemoryPool _pool;

    internal PinnedMemory(PinnedMemoryPool pool, int bytes)
    {
        _pool = pool;
        Array = GC.AllocateUninitializedArray<byte>(bytes, pinned: true);
    }

    /// <summary>The bytes. Only a holder of a reference may touch them.</summary>
    public byte[] Array { get; }

    internal void Reuse() => Revive();

    /// <inheritdoc/>
    protected override void Free() => _pool.Return(this);
}
