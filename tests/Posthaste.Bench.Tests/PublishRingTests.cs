using System.Buffers.Binary;
using System.Text;
using Posthaste.Bench.Amqp;

namespace Posthaste.Bench.Tests;

public sealed class PublishRingTests
{
    [Fact]
    public void Stamped_messages_are_whole_publishes_with_their_key_sequence_and_stamp()
    {
        string[] keys = ["key.a", "key.b", "key.c"];
        PublishRing ring = new("exchange", keys, bodyBytes: 40, persistent: true);
        long sequence = 0;
        while (sequence < 3L * ring.SlotCount)
        {
            ReadOnlySpan<byte> run = ring.Stamp(sequence, 50, stamp: 77, out int count);
            Assert.InRange(count, 1, 50);
            for (int i = 0; i < count; i++)
            {
                run = run[CheckMessage(run, keys[sequence % keys.Length], sequence, stamp: 77)..];
                sequence++;
            }

            Assert.True(run.IsEmpty);
        }
    }

    [Fact]
    public void A_run_ends_at_the_end_of_the_ring()
    {
        PublishRing ring = new("", ["queue"], bodyBytes: 1024, persistent: false);
        ring.Stamp(ring.SlotCount - 3, 10, stamp: 0, out int count);
        Assert.Equal(3, count);
    }

    [Fact]
    public void Keys_of_different_length_are_refused() =>
        Assert.Throws<ArgumentException>(() => new PublishRing("", ["a", "bb"], bodyBytes: 16, persistent: false));

    private static int CheckMessage(ReadOnlySpan<byte> bytes, string key, long sequence, long stamp)
    {
        Assert.True(Frame.TryRead(bytes, out Frame publish, out int methodBytes));
        Assert.Equal(Method.BasicPublish, publish.Method);
        ReadOnlySpan<byte> exchange = publish.Arguments[2..];
        Assert.Equal("exchange", Encoding.UTF8.GetString(exchange.Slice(1, exchange[0])));
        ReadOnlySpan<byte> routingKey = exchange[(1 + exchange[0])..];
        Assert.Equal(key, Encoding.UTF8.GetString(routingKey.Slice(1, routingKey[0])));

        Assert.True(Frame.TryRead(bytes[methodBytes..], out Frame header, out int headerBytes));
        Assert.Equal(Frame.HeaderType, header.Type);
        Assert.Equal(40, BinaryPrimitives.ReadInt64BigEndian(header.Payload[4..]));
        Assert.Equal(2, header.Payload[^1]);

        Assert.True(Frame.TryRead(bytes[(methodBytes + headerBytes)..], out Frame body, out int bodyBytes));
        Assert.Equal(Frame.BodyType, body.Type);
        Assert.Equal(40, body.Payload.Length);
        Assert.Equal(sequence, BinaryPrimitives.ReadInt64LittleEndian(body.Payload));
        Assert.Equal(stamp, BinaryPrimitives.ReadInt64LittleEndian(body.Payload[8..]));
        return methodBytes + headerBytes + bodyBytes;
    }
}
