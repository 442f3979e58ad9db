using Posthaste.Primitives;

namespace Posthaste.Storage.Segments;

/// <summary>
/// Collects entries of one destination into a block. Reusable; one thread; disposing returns its memory.
/// </summary>
public sealed class SegmentBlockBuilder : IDisposable
{
    private readonly PinnedMemoryPool _pool;
    private PinnedMemory _memory;
    private int _bytes;
    private SegmentBlockInfo _info;

    internal SegmentBlockBuilder(PinnedMemoryPool pool)
    {
        _pool = pool;
        _memory = pool.Rent(SegmentFormat.BlockBytesMax);
        Begin(0, 0);
    }

    /// <summary>Entries collected.</summary>
    public int Count => _info.Count;

    /// <summary>Bytes that the block will take in its file.</summary>
    public int Bytes => SegmentFormat.BlockBytes(_bytes);

    /// <summary>
    /// Where in the block the message added last begins; with the block's own offset, where it will be in the file.
    /// </summary>
    public int LastMessageOffset { get; private set; }

    /// <summary>Empties the builder for a block of this destination and level.</summary>
    public void Begin(ulong destinationId, byte level)
    {
        _bytes = SegmentFormat.HeaderBytes;
        _info = new SegmentBlockInfo
        {
            DestinationId = destinationId,
            Level = level,
            FirstSeq = ulong.MaxValue,
            MinExpiresAtMs = long.MaxValue,
        };
    }

    /// <summary>Adds a message.</summary>
    /// <returns>False when the block is full: write it, begin another, add again. An empty block takes any
    /// message.</returns>
    public bool TryAdd(in SegmentEntry entry, ReadOnlySpan<byte> message)
    {
        int end = _bytes + SegmentFormat.EntryBytes(message.Length);
        int blockBytes = SegmentFormat.BlockBytes(end);
        if (blockBytes > SegmentFormat.BlockBytesMax && Count > 0)
        {
            return false;
        }
        if (blockBytes > _memory.Array.Length)
        {
            _memory.Release();
            _memory = _pool.Rent(blockBytes);
        }
        SegmentFormat.WriteEntry(_memory.Array.AsSpan(_bytes), entry, message);
        LastMessageOffset = _bytes + SegmentFormat.EntryHeaderBytes;
        _bytes = end;
        _info = _info with
        {
            Count = _info.Count + 1,
            FirstSeq = Math.Min(_info.FirstSeq, entry.Seq),
            LastSeq = Math.Max(_info.LastSeq, entry.Seq),
            MinExpiresAtMs = Math.Min(_info.MinExpiresAtMs, entry.ExpiresAtMs),
        };
        return true;
    }

    /// <summary>Returns the memory; the builder is of no use afterwards.</summary>
    public void Dispose() => _memory.Release();

    internal ulong DestinationId => _info.DestinationId;

    /// <summary>Writes the header for a place and returns the whole block.</summary>
    internal ReadOnlySpan<byte> Finish(int segmentId, long offset, out SegmentBlockInfo info)
    {
        Checks.Require(Count > 0);
        info = _info with { SegmentId = segmentId, Offset = offset, Length = Bytes };
        Span<byte> block = _memory.Array.AsSpan(0, Bytes);
        block[_bytes..].Clear();
        SegmentFormat.WriteHeader(block, info);
        return block;
    }
}
