using System.Buffers.Binary;
using System.Text;
using Posthaste.Bench.Load;
using Posthaste.Bench.Stomp;

namespace Posthaste.Bench.Tests;

public sealed class StompLoadTests
{
    [Fact]
    public void Stamped_messages_are_whole_sends_with_their_receipt_and_sequence()
    {
        StompRing ring = new("/queue/q", bodyBytes: 20, persistent: true);
        ReadOnlySpan<byte> run = ring.Stamp(sequence: 98, 5, stamp: 0, out int count);
        for (int i = 0; i < count; i++)
        {
            Assert.True(StompFrame.TryRead(run, out StompFrame frame, out int consumed));
            Assert.Equal("SEND", Encoding.UTF8.GetString(frame.Command));
            Assert.Equal("/queue/q", Encoding.UTF8.GetString(frame.Header("\ndestination:"u8)));
            Assert.Equal("true", Encoding.UTF8.GetString(frame.Header("\npersistent:"u8)));
            Assert.Equal((ulong)(98 + i + 1), StompRing.Tag(frame.Header("\nreceipt:"u8)));
            Assert.Equal(98 + i, BinaryPrimitives.ReadInt64LittleEndian(frame.Body));
            Assert.Equal(20, frame.Body.Length);
            run = run[consumed..];
        }

        Assert.True(count > 1 && run.IsEmpty);
    }

    [Theory]
    [InlineData("\n\nRECEIPT\nreceipt-id:7\n\n\0")]
    [InlineData("MESSAGE\na:b\ncontent-length:3\nc:d\n\nx\0y\0")]
    public void A_frame_is_read_when_its_last_byte_has_come(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.False(StompFrame.TryRead(bytes.AsSpan(0, length), out _, out _));
        }

        Assert.True(StompFrame.TryRead(bytes, out _, out int consumed));
        Assert.Equal(bytes.Length, consumed);
    }

    [Fact]
    public void What_the_broker_complains_of_fails_the_run()
    {
        byte[] bytes = "ERROR\nmessage:no such queue\n\nmore\0"u8.ToArray();
        ConnectionException error = Assert.Throws<ConnectionException>(() =>
        {
            Assert.True(StompFrame.TryRead(bytes, out StompFrame frame, out _));
            frame.ThrowIfError();
        });
        Assert.Contains("no such queue", error.Message, StringComparison.Ordinal);
    }
}
