namespace Posthaste.Primitives;

/// <summary>
/// Pinned room for many small things that are let go of together: they share blocks of a pool. Owned by one thread at a
/// time.
/// </summary>
/// <param name="pool">Where the blocks come from.</param>
public sealed class PinnedSpace(PinnedMemoryPool pool)
{
    /// <summary>Small things share blocks of this size; the first is smaller, since most uses are.</summary>
    private const int BlockBytes = 256 * 1024;

    private readonly List<PinnedMemory> _blocks = [];
    private int _usedOfLast;

    /// <summary>That many bytes, in the last block or in a new one. They do not move until the release.</summary>
    public Span<byte> Take(int bytes)
    {
        if (_blocks.Count == 0 || _blocks[^1].Array.Length - _usedOfLast < bytes)
        {
            _blocks.Add(pool.Rent(_blocks.Count == 0 ? bytes : Math.Max(bytes, BlockBytes)));
            _usedOfLast = 0;
        }

        var taken = _blocks[^1].Array.AsSpan(_usedOfLast, bytes);
        _usedOfLast += bytes;
        return taken;
    }

    /// <summary>Lets go of everything.</summary>
    public void Release()
    {
        foreach (var block in _blocks) block.Release();
        _blocks.Clear();
        _usedOfLast = 0;
    }
}
