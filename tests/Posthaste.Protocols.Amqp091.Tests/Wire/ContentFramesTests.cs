using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Posthaste.Fuzz.Wire;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Content;

namespace Posthaste.Protocols.Amqp091.Tests.Wire;

public sealed class ContentFramesTests
{
    private const int FrameMax = 4096;
    private const int Room = FrameMax - Frame.OverheadBytes;
    private static readonly byte[] Properties = [0x10, 0x00, 0x02];

    /// <summary>No frame exceeds frame-max, none is empty, and together they are the body.</summary>
    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(Room, 1)]
    [InlineData(Room + 1, 2)]
    [InlineData(2 * Room, 2)]
    [InlineData((2 * Room) + 1, 3)]
    public void A_body_is_split_at_frame_max(int bodyBytes, int bodyFrames)
    {
        var body = Enumerable.Range(0, bodyBytes).Select(i => (byte)(i * 7)).ToArray();
        var destination = new byte[ContentFrames.GetDeliverSize(1, 1, 1, Properties.Length, bodyBytes, FrameMax)];

        var written = ContentFrames.WriteDeliver(
            destination, 3, "c"u8, 9, false, "x"u8, "k"u8, Properties, body, FrameMax);

        Assert.Equal(destination.Length, written);
        var bodies = new List<byte[]>();
        var rest = destination.AsSpan();
        while (!rest.IsEmpty)
        {
            Assert.Equal(
                FrameScanStatus.Complete, FrameScanner.Scan(rest, Room, out var frame, out var bytes, out _));
            Assert.Equal(3, frame.Channel);
            if (frame.Type == FrameType.Body)
                bodies.Add(frame.Payload.ToArray());
            rest = rest[bytes..];
        }

        Assert.Equal(bodyFrames, bodies.Count);
        Assert.DoesNotContain(bodies, piece => piece.Length == 0);
        Assert.Equal(body, bodies.SelectMany(piece => piece).ToArray());
    }

    [Fact]
    public void Get_ok_and_return_say_what_they_were_given()
    {
        var getOk = new byte[ContentFrames.GetGetOkSize(1, 3, Properties.Length, 2, FrameMax)];
        var written = ContentFrames.WriteGetOk(
            getOk, 1, ulong.MaxValue, true, "x"u8, "key"u8, 42, Properties, "hi"u8, FrameMax);
        Assert.Equal(getOk.Length, written);
        Assert.Equal(
            [
                "ch 1 basic.get-ok delivery-tag=18446744073709551615 redelivered=1 exchange='x' routing-key='key' "
                    + "message-count=42",
                "ch 1 header class=60 body=2 delivery-mode=2",
                "ch 1 body 'hi'",
            ],
            Describe(getOk));

        var returned = new byte[ContentFrames.GetReturnSize(8, 1, 3, Properties.Length, 0, FrameMax)];
        written = ContentFrames.WriteReturn(
            returned, 1, ReplyCode.NoRoute, "NO_ROUTE"u8, "x"u8, "key"u8, Properties, [], FrameMax);
        Assert.Equal(returned.Length, written);
        Assert.Equal(
            [
                "ch 1 basic.return reply-code=312 reply-text='NO_ROUTE' exchange='x' routing-key='key'",
                "ch 1 header class=60 body=0 delivery-mode=2",
            ],
            Describe(returned));
    }

    [Fact]
    public void Any_publish_that_is_written_in_one_body_frame_is_read_in_one_go()
    {
        var octets = Gen.Choose(0, 255).Select(octet => (byte)octet);
        var names = octets.ArrayOf().Select(name => name[..int.Min(name.Length, 255)]);
        var samples =
            from exchange in names
            from key in names
            from length in Gen.OneOf(Gen.Choose(0, 20), Gen.Elements(Room - 1, Room))
            from body in octets.ArrayOf(length)
            from mandatory in Gen.Elements(true, false)
            select (exchange, key, body, mandatory);

        Prop.ForAll(samples.ToArbitrary(), sample =>
        {
            var (exchange, key, body, mandatory) = sample;
            var size = ContentFrames.GetPublishSize(
                exchange.Length, key.Length, Properties.Length, body.Length, FrameMax);
            var frames = new byte[size];
            return ContentFrames.WritePublish(frames, 1, exchange, key, mandatory, Properties, body, FrameMax) == size
                && PublishReader.TryReadPublish(frames, FrameMax, out var publish, out var consumed)
                && consumed == size
                && publish.Mandatory == mandatory
                && !publish.Immediate
                && publish.Exchange.SequenceEqual(exchange)
                && publish.RoutingKey.SequenceEqual(key)
                && publish.Properties.SequenceEqual(Properties)
                && publish.Body.SequenceEqual(body);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void What_does_not_fit_is_refused_before_anything_is_written()
    {
        var size = ContentFrames.GetDeliverSize(1, 0, 1, Properties.Length, 10, FrameMax);
        var destination = new byte[size + 16];
        for (var length = 0; length < size; length++)
        {
            Assert.Throws<ArgumentException>(() => ContentFrames.WriteDeliver(
                destination.AsSpan(0, length), 1, "c"u8, 1, false, ""u8, "k"u8, Properties, new byte[10], FrameMax));
            Assert.DoesNotContain(destination, octet => octet != 0);
        }

        var tooLong = Encoding.UTF8.GetBytes(new string('k', 256));
        Assert.Throws<ArgumentException>(() => ContentFrames.WriteDeliver(
            new byte[1024], 1, "c"u8, 1, false, ""u8, tooLong, Properties, [], FrameMax));
    }

    private static List<string> Describe(ReadOnlySpan<byte> frames)
    {
        var found = new List<string>();
        while (FrameScanner.Scan(frames, FrameMax, out var frame, out var bytes, out _) == FrameScanStatus.Complete)
        {
            found.Add(WireText.Describe(frame));
            frames = frames[bytes..];
        }

        return found;
    }
}
