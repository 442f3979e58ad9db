using Posthaste.Primitives;

namespace Posthaste.Storage.Segments;

/// <summary>
/// A block of a segment in memory, checked when it was read. Whoever got it from <see cref="SegmentStore.Load"/> or
/// <see cref="SegmentStore.TryPin"/> owns a reference and releases it.
/// </summary>
public sealed class SegmentBlock : RefCounted
{
    private readonly PinnedMemory _memory;

    internal SegmentBlock(PinnedMemory memory, in SegmentBlockInfo info)
    {
        _memory = memory;
        Info = info;
    }

    /// <summary>Where the block is and what it holds.</summary>
    public SegmentBlockInfo Info { get; }

    /// <summary>
    /// The array that holds the block; offsets of entries and from <see cref="SegmentStore.TryPin"/> index into it.
    /// </summary>
    public byte[] Array => _memory.Array;

    /// <summary>Walks the entries in the order in which they were added.</summary>
    public Enumerator GetEnumerator() => new(this);

    /// <inheritdoc/>
    protected override void Free() => _memory.Release();

    /// <summary>An entry of a loaded block.</summary>
    /// <param name="Entry">What was kept beside the message.</param>
    /// <param name="Location">Where the message is in the segment, for good.</param>
    /// <param name="MessageOffset">Where it is in <see cref="Array"/>.</param>
    /// <param name="MessageBytes">Its size.</param>
    public readonly record struct Item(
        SegmentEntry Entry, SegmentLocation Location, int MessageOffset, int MessageBytes);

    /// <summary>Walks the entries of a block.</summary>
    public struct Enumerator
    {
        private readonly SegmentBlock _block;
        private int _next = SegmentFormat.HeaderBytes;
        private int _left;

        internal Enumerator(SegmentBlock block)
        {
            _block = block;
            _left = block.Info.Count;
        }

        /// <summary>The entry reached.</summary>
        public Item Current { get; private set; }

        /// <summary>Goes on to the next entry, if there is one.</summary>
        public bool MoveNext()
        {
            if (_left == 0)
            {
                return false;
            }
            _left--;
            SegmentEntry entry = SegmentFormat.ReadEntry(_block.Array.AsSpan(_next), out int messageBytes);
            int messageOffset = _next + SegmentFormat.EntryHeaderBytes;
            Current = new Item(entry, new SegmentLocation(_block.Info.SegmentId, _block.Info.Offset + messageOffset),
                messageOffset, messageBytes);
            _next += SegmentFormat.EntryBytes(messageBytes);
            return true;
        }
    }
}
