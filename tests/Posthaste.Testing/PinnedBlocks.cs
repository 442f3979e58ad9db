using System.Buffers;

namespace Posthaste.Testing;

/// <summary>
/// Pipe memory as the server's transport has it: pinned blocks, used again. Of any size, so that frames cross them.
/// </summary>
internal sealed class PinnedBlocks(int blockBytes) : MemoryPool<byte>
{
    private readonly Stack<Block> _idle = new();

    public override int MaxBufferSize => blockBytes;

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        lock (_idle)
        {
            if (minBufferSize <= blockBytes && _idle.TryPop(out var block))
                return block;
        }

        return new Block(this, int.Max(blockBytes, minBufferSize));
    }

    protected override void Dispose(bool disposing)
    {
    }

    private void Return(Block block)
    {
        lock (_idle)
        {
            if (block.Memory.Length == blockBytes)
                _idle.Push(block);
        }
    }

    private sealed class Block(PinnedBlocks pool, int bytes) : IMemoryOwner<byte>
    {
        public Memory<byte> Memory { get; } = GC.AllocateUninitializedArray<byte>(bytes, pinned: true);

        public void Dispose() => pool.Return(this);
    }
}
