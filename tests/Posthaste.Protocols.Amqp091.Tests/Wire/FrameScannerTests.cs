using System.Buffers.Binary;
using Posthaste.Protocols.Amqp091.Wire;

namespace Posthaste.Protocols.Amqp091.Tests.Wire;

public sealed class FrameScannerTests
{
    private const int FrameMax = 4096;

    [Fact]
    public void The_header_alone_tells_how_much_to_wait_for()
    {
        var header = Header(FrameType.Body, channel: 1, size: 1000);
        for (var length = 0; length < header.Length; length++)
        {
            Assert.Equal(FrameScanStatus.NeedMore, Scan(header.AsSpan(0, length), out var bytes, out _));
            Assert.Equal(Frame.HeaderBytes, bytes);
        }

        Assert.Equal(FrameScanStatus.NeedMore, Scan(header, out var all, out _));
        Assert.Equal(1000 + Frame.OverheadBytes, all);
    }

    /// <summary>RabbitMQ's tolerance: the payload may be as long as the whole frame was to be, and no longer.</summary>
    [Theory]
    [InlineData(FrameMax - Frame.OverheadBytes, true)]
    [InlineData(FrameMax, true)]
    [InlineData(FrameMax + 1, false)]
    [InlineData(int.MaxValue, false)]
    [InlineData(uint.MaxValue, false)]
    public void The_header_alone_tells_whether_the_frame_is_too_large(uint size, bool isTaken)
    {
        var status = Scan(Header(FrameType.Body, channel: 1, size), out _, out var error);
        Assert.Equal(isTaken ? FrameScanStatus.NeedMore : FrameScanStatus.Error, status);
        Assert.Equal(isTaken ? default : ReplyCode.FrameError, error.Code);
    }

    [Fact]
    public void A_heartbeat_is_eight_octets_and_a_frame()
    {
        Assert.Equal(
            FrameScanStatus.Complete,
            FrameScanner.Scan(MethodFrame.Heartbeat, FrameMax, out var frame, out var bytes, out _));
        Assert.Equal(FrameType.Heartbeat, frame.Type);
        Assert.Equal(8, bytes);
    }

    private static FrameScanStatus Scan(ReadOnlySpan<byte> buffer, out int bytes, out WireError error) =>
        FrameScanner.Scan(buffer, FrameMax, out _, out bytes, out error);

    private static byte[] Header(FrameType type, ushort channel, uint size)
    {
        var header = new byte[Frame.HeaderBytes];
        header[0] = (byte)type;
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(1), channel);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(3), size);
        return header;
    }
}
