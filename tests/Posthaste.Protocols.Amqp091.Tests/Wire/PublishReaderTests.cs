using System.Text;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Content;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Tests.Wire;

public sealed class PublishReaderTests
{
    private const int FrameMax = Frame.MinMaxBytes;
    private const int RoomInBodyFrame = FrameMax - Frame.OverheadBytes;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(RoomInBodyFrame)]
    public void Reads_what_was_written_and_nothing_behind_it(int bodyBytes)
    {
        var properties = new BasicProperties { DeliveryMode = 2, CorrelationId = "c-1" }.Encode();
        var body = Enumerable.Range(0, bodyBytes).Select(i => (byte)i).ToArray();
        var frames = WritePublish("orders", "placed.eu", properties, body);
        byte[] buffer = [.. frames, .. frames.AsSpan(0, 20)];

        Assert.True(PublishReader.TryReadPublish(buffer, FrameMax, out var publish, out var consumed));

        Assert.Equal(frames.Length, consumed);
        Assert.Equal(7, publish.Channel);
        Assert.True(publish.Mandatory);
        Assert.False(publish.Immediate);
        Assert.Equal("orders", Encoding.UTF8.GetString(publish.Exchange));
        Assert.Equal("placed.eu", Encoding.UTF8.GetString(publish.RoutingKey));
        Assert.Equal(properties, publish.Properties.ToArray());
        Assert.Equal(body, publish.Body.ToArray());
    }

    [Fact]
    public void Leaves_every_incomplete_publish_to_the_general_way()
    {
        var frames = WritePublish("x", "k", [0, 0], "hello"u8.ToArray());
        for (var length = 0; length < frames.Length; length++)
        {
            Assert.False(PublishReader.TryReadPublish(frames.AsSpan(0, length), FrameMax, out _, out var consumed));
            Assert.Equal(0, consumed);
        }
    }

    [Fact]
    public void Leaves_a_body_of_several_frames_to_the_general_way()
    {
        var frames = WritePublish("x", "k", [0, 0], new byte[RoomInBodyFrame + 1]);
        Assert.False(PublishReader.TryReadPublish(frames, FrameMax, out _, out _));
    }

    [Fact]
    public void Leaves_channel_0_to_the_general_way()
    {
        var frames = WritePublish("x", "k", [0, 0], "hello"u8.ToArray(), channel: 0);
        Assert.False(PublishReader.TryReadPublish(frames, FrameMax, out _, out _));
    }

    /// <summary>
    /// A payload of frame-max itself is tolerated, here as in the frame-by-frame way; one octet more is not.
    /// </summary>
    [Fact]
    public void Leaves_frames_beyond_frame_max_to_the_general_way()
    {
        var tolerated = WritePublish("x", "k", [0, 0], new byte[FrameMax], writerFrameMax: 2 * FrameMax);
        Assert.True(PublishReader.TryReadPublish(tolerated, FrameMax, out var publish, out _));
        Assert.Equal(FrameMax, publish.Body.Length);

        var tooLong = WritePublish("x", "k", [0, 0], new byte[FrameMax + 1], writerFrameMax: 2 * FrameMax);
        Assert.False(PublishReader.TryReadPublish(tooLong, FrameMax, out _, out _));
    }

    /// <summary>
    /// Damages each octet of a publish in turn: whatever the fast way then still accepts, the general way has to read
    /// the same.
    /// </summary>
    [Fact]
    public void Accepts_nothing_that_the_general_way_refuses()
    {
        var sound = WritePublish("orders", "k", new BasicProperties { AppId = "a" }.Encode(), "body"u8.ToArray());
        for (var at = 0; at < sound.Length; at++)
        {
            for (var octet = 0; octet < 256; octet++)
            {
                byte[] frames = [.. sound];
                frames[at] = (byte)octet;
                if (!PublishReader.TryReadPublish(frames, FrameMax, out var publish, out var consumed))
                    continue;

                var end = ReadFrameByFrame(frames, out var slow);
                Assert.Equal(end, consumed);
                Assert.Equal(slow.Channel, publish.Channel);
                Assert.True(slow.Exchange.SequenceEqual(publish.Exchange));
                Assert.True(slow.RoutingKey.SequenceEqual(publish.RoutingKey));
                Assert.Equal(slow.Mandatory, publish.Mandatory);
                Assert.Equal(slow.Immediate, publish.Immediate);
                Assert.True(slow.Properties.SequenceEqual(publish.Properties));
                Assert.True(slow.Body.SequenceEqual(publish.Body));
            }
        }
    }

    private static int ReadFrameByFrame(ReadOnlySpan<byte> buffer, out PublishView publish)
    {
        var at = 0;
        var frame = NextFrame(buffer, ref at, FrameType.Method);
        Assert.True(BasicPublish.TryRead(frame.Payload, out var method));
        var headerFrame = NextFrame(buffer, ref at, FrameType.Header);
        Assert.True(ContentHeader.TryRead(headerFrame.Payload, out var header));
        Assert.Equal(MethodIds.BasicClass, header.ClassId);
        Assert.Equal(frame.Channel, headerFrame.Channel);
        ReadOnlySpan<byte> body = default;
        if (header.BodyBytes > 0)
        {
            var bodyFrame = NextFrame(buffer, ref at, FrameType.Body);
            Assert.Equal(frame.Channel, bodyFrame.Channel);
            body = bodyFrame.Payload;
        }

        Assert.Equal(header.BodyBytes, (ulong)body.Length);
        publish = new PublishView
        {
            Channel = frame.Channel,
            Mandatory = method.Mandatory,
            Immediate = method.Immediate,
            Exchange = method.Exchange,
            RoutingKey = method.RoutingKey,
            Properties = header.Properties,
            Body = body,
        };
        return at;
    }

    private static Frame NextFrame(ReadOnlySpan<byte> buffer, scoped ref int at, FrameType type)
    {
        Assert.Equal(
            FrameScanStatus.Complete, FrameScanner.Scan(buffer[at..], FrameMax, out var frame, out var bytes, out _));
        Assert.Equal(type, frame.Type);
        at += bytes;
        return frame;
    }

    private static byte[] WritePublish(
        string exchange,
        string routingKey,
        byte[] properties,
        byte[] body,
        ushort channel = 7,
        int writerFrameMax = FrameMax)
    {
        var size = ContentFrames.GetPublishSize(
            exchange.Length, routingKey.Length, properties.Length, body.Length, writerFrameMax);
        var frames = new byte[size];
        var written = ContentFrames.WritePublish(
            frames,
            channel,
            Encoding.UTF8.GetBytes(exchange),
            Encoding.UTF8.GetBytes(routingKey),
            mandatory: true,
            properties,
            body,
            writerFrameMax);
        Assert.Equal(size, written);
        return frames;
    }
}
