using System.Buffers;
using System.IO.Pipelines;
using Posthaste.Broker.Sessions;

namespace Posthaste.Broker.Tests.Sessions;

public sealed class PipeBlockTests
{
    private const int BlockBytes = 256;

    [Fact]
    public async Task The_pipe_is_told_once_a_block_and_gets_every_byte_in_order()
    {
        var pipe = new Pipe(new PipeOptions(minimumSegmentSize: BlockBytes, useSynchronizationContext: false));
        var writer = new CountingWriter(pipe.Writer);
        var block = new PipeBlock(writer);
        var expected = new List<byte>();
        for (var frame = 0; frame < 100; frame++)
        {
            var length = 1 + (frame % 17);
            var target = block.GetSpan(length);
            Assert.True(target.Length >= length);
            target[..length].Fill((byte)frame);
            block.Advance(length);
            expected.AddRange(Enumerable.Repeat((byte)frame, length));
        }

        block.Commit();
        await writer.FlushAsync(TestContext.Current.CancellationToken);
        var read = await pipe.Reader.ReadAtLeastAsync(expected.Count, TestContext.Current.CancellationToken);
        Assert.Equal(expected, read.Buffer.ToArray());
        Assert.InRange(writer.AdvanceCount, 2, (expected.Count / (BlockBytes - 17)) + 1);
    }

    [Fact]
    public async Task After_a_commit_others_may_write_to_the_pipe_and_the_block_goes_on_behind_them()
    {
        var pipe = new Pipe(new PipeOptions(useSynchronizationContext: false));
        var block = new PipeBlock(pipe.Writer);
        block.GetSpan(1)[0] = 1;
        block.Advance(1);
        block.Commit();
        block.Commit();
        pipe.Writer.Write<byte>([2]);
        block.GetSpan(1)[0] = 3;
        block.Advance(1);
        block.Commit();
        await pipe.Writer.FlushAsync(TestContext.Current.CancellationToken);
        var read = await pipe.Reader.ReadAtLeastAsync(3, TestContext.Current.CancellationToken);
        Assert.Equal([1, 2, 3], read.Buffer.ToArray());
    }

    private sealed class CountingWriter(PipeWriter inner) : PipeWriter
    {
        public int AdvanceCount { get; private set; }

        public override void Advance(int bytes)
        {
            AdvanceCount++;
            inner.Advance(bytes);
        }

        public override Memory<byte> GetMemory(int sizeHint = 0) => inner.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => inner.GetSpan(sizeHint);

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) =>
            inner.FlushAsync(cancellationToken);

        public override void CancelPendingFlush() => inner.CancelPendingFlush();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);
    }
}
