using Posthaste.Core.Messages;
using Posthaste.Primitives;

namespace Posthaste.Broker.Storage;

/// <summary>
/// Memory for messages that no journal holds: an address space of blocks, filled in order, each of which goes back to
/// the pool when the last message in it has been released.
/// </summary>
/// <remarks>
/// Any thread may store, retain and release. Whoever reads a message holds a reference to it (its queue entry), so a
/// block never goes away under a reader. A block lives as long as any message in it: the spill of long backlogs to
/// segments keeps a few forgotten messages from pinning many blocks. Memory in use: <see cref="BytesInUse"/>; the
/// broker's alarm bounds it.
/// <code>
///  61                               18 17                0
/// +-----------------------------------+-------------------+
/// | block number                      | offset in block   |   position
/// +-----------------------------------+-------------------+
/// </code>
/// A message larger than a block has a block of its own size, whose number is followed by unused ones.
/// </remarks>
public sealed class MessageArena
{
    /// <summary>
    /// Bytes of a block. 256 KiB: some hundred messages share one bookkeeping entry, and one straggler pins no more
    /// than that.
    /// </summary>
    public const int BlockBytes = 1 << BlockShift;

    private const int BlockShift = 18;
    private const int SpareBlocksMax = 64;

    private readonly Lock _lock = new();
    private readonly Stack<byte[]> _spare = new();
    private Block?[] _blocks = new Block?[64];
    private long _firstNumber;
    private long _nextNumber;
    private Block? _active;
    private long _bytesInUse;

    /// <summary>Bytes of blocks that hold messages now.</summary>
    public long BytesInUse => Volatile.Read(ref _bytesInUse);

    /// <summary>
    /// Reserves room for a message with one reference, to be filled through <paramref name="target"/> before anyone
    /// else learns of it.
    /// </summary>
    public MessageLocation Store(int length, out Span<byte> target)
    {
        lock (_lock)
        {
            var block = _active;
            if (block is null || block.Buffer.Length - block.Used < length)
            {
                block = OpenBlock(length);
            }

            var offset = block.Used;
            block.Used += length;
            Interlocked.Increment(ref block.References);
            target = block.Buffer.AsSpan(offset, length);
            return MessageLocation.Arena((block.Number << BlockShift) + offset);
        }
    }

    /// <summary>One reference more; the caller must hold one.</summary>
    public void Retain(MessageLocation location) => Interlocked.Increment(ref Find(location).References);

    /// <summary>One reference less; the last one of a block gives it back.</summary>
    public void Release(MessageLocation location)
    {
        var block = Find(location);
        if (Interlocked.Decrement(ref block.References) == 0) Close(block);
    }

    /// <summary>The bytes of a message that the caller holds a reference to.</summary>
    public ReadOnlySpan<byte> Read(MessageLocation location, int length)
    {
        var block = Find(location);
        return block.Buffer.AsSpan((int)(location.Position - (block.Number << BlockShift)), length);
    }

    /// <summary>The number of the block that holds a message.</summary>
    internal static long BlockOf(MessageLocation location) => location.Position >> BlockShift;

    private Block Find(MessageLocation location)
    {
        var number = BlockOf(location);
        while (true)
        {
            // The window moves and grows under the lock; a reader that saw it in between finds another block or none
            // and looks again.
            var blocks = Volatile.Read(ref _blocks);
            var block = Volatile.Read(ref blocks[number & (blocks.Length - 1)]);
            if (block is not null && block.Number == number) return block;
            lock (_lock)
            {
                block = _blocks[number & (_blocks.Length - 1)];
            }

            Checks.Require(block is not null && block.Number == number, "a referenced message has left the arena");
            return block!;
        }
    }

    private Block OpenBlock(int length)
    {
        var old = _active;
        var large = length > BlockBytes;
        var buffer = large ? GC.AllocateUninitializedArray<byte>(length, pinned: true)
            : _spare.TryPop(out var spare) ? spare
            : GC.AllocateUninitializedArray<byte>(BlockBytes, pinned: true);
        var block = new Block(_nextNumber, buffer) { References = 1 };
        _nextNumber += large ? (length + BlockBytes - 1) >> BlockShift : 1;
        Insert(block);
        _active = block;
        _bytesInUse += buffer.Length;

        // The arena's own reference to the block that was being filled ends here.
        if (old is not null && Interlocked.Decrement(ref old.References) == 0) Remove(old);
        return block;
    }

    private void Insert(Block block)
    {
        if (_nextNumber - _firstNumber > _blocks.Length) Grow();
        _blocks[block.Number & (_blocks.Length - 1)] = block;
    }

    private void Grow()
    {
        var size = _blocks.Length;
        while (_nextNumber - _firstNumber > size) size *= 2;
        var blocks = new Block?[size];
        foreach (var block in _blocks)
        {
            if (block is not null) blocks[block.Number & (size - 1)] = block;
        }

        Volatile.Write(ref _blocks, blocks);
    }

    private void Close(Block block)
    {
        lock (_lock) Remove(block);
    }

    private void Remove(Block block)
    {
        _blocks[block.Number & (_blocks.Length - 1)] = null;
        _bytesInUse -= block.Buffer.Length;
        if (block.Buffer.Length == BlockBytes && _spare.Count < SpareBlocksMax) _spare.Push(block.Buffer);
        while (_firstNumber < _nextNumber && _blocks[_firstNumber & (_blocks.Length - 1)] is null) _firstNumber++;
    }

    private sealed class Block(long number, byte[] buffer)
    {
        public readonly long Number = number;
        public readonly byte[] Buffer = buffer;
        public int Used;

        /// <summary>Messages in use, and one while the block is being filled.</summary>
        public int References;
    }
}
