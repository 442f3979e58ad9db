namespace Posthaste.Storage.Segments;

/// <summary>
/// Loaded blocks by place, the least recently used beyond the budget let go. Holds a reference to each. Any thread.
/// </summary>
internal sealed class SegmentCache(long bytesMax)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<SegmentBlock> _byUse = new();
    private readonly Dictionary<(int Segment, long Offset), LinkedListNode<SegmentBlock>> _blocks = [];
    private long _bytes;

    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>The block at a place, with a reference for the caller.</summary>
    public bool TryGet(int segmentId, long blockOffset, out SegmentBlock block)
    {
        lock (_lock)
        {
            if (!_blocks.TryGetValue((segmentId, blockOffset), out LinkedListNode<SegmentBlock>? node))
            {
                block = null!;
                return false;
            }
            _byUse.Remove(node);
            _byUse.AddFirst(node);
            block = node.Value;
            block.Retain();
            return true;
        }
    }

    /// <summary>Keeps a block, with a reference of the cache's own; unless another thread was first.</summary>
    public void Add(SegmentBlock block)
    {
        lock (_lock)
        {
            var key = (block.Info.SegmentId, block.Info.Offset);
            if (_blocks.ContainsKey(key))
            {
                return;
            }
            block.Retain();
            _blocks.Add(key, _byUse.AddFirst(block));
            _bytes += block.Array.Length;
            while (_bytes > bytesMax && _byUse.Last is { } oldest && oldest.Value != block)
            {
                Forget(oldest);
            }
        }
    }

    public void Remove(int segmentId, long blockOffset)
    {
        lock (_lock)
        {
            if (_blocks.TryGetValue((segmentId, blockOffset), out LinkedListNode<SegmentBlock>? node))
            {
                Forget(node);
            }
        }
    }

    public void Clear()
    {
        lock (_lock)
        {
            while (_byUse.Last is { } oldest)
            {
                Forget(oldest);
            }
        }
    }

    private void Forget(LinkedListNode<SegmentBlock> node)
    {
        _byUse.Remove(node);
        _blocks.Remove((node.Value.Info.SegmentId, node.Value.Info.Offset));
        _bytes -= node.Value.Array.Length;
        node.Value.Release();
    }
}
