using System.Buffers;

namespace Posthaste.Protocols.Amqp091.Tests.Session;

/// <summary>
/// Pipe memory as the server's transport has it: pinned blocks. Small ones, so that frames cross them.
/// </summary>
internal sealed class PinnedBlocks(int blockBytes) : MemoryPool<byte>
{
    public override int MaxBufferSize => blockBytes;

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1) => new Block(int.Max(blockBytes, minBufferSize));

    protected override void Dispose(bool disposing)
    {
    }

    private sealed class Block(int bytes) : IMemoryOwner<byte>
    {
        public Memory<byte> Memory { get; } = GC.AllocateUninitializedArray<byte>(bytes, pinned: true);

        public void Dispose()
        {
        }
    }
}
