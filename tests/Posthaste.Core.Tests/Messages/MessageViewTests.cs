using Posthaste.Core.Messages;
using Posthaste.Primitives;

namespace Posthaste.Core.Tests.Messages;

public sealed class MessageViewTests
{
    [Theory]
    [InlineData(0, 0)]
    [InlineData(255, 3)]
    [InlineData(256, 0)]
    [InlineData(40_000, 70_000)]
    [InlineData(MessageView.RoutingKeyBytesMax, 1_000_000)]
    public void A_message_is_read_as_it_was_written(int keyBytes, int propertyBytes)
    {
        byte[] exchange = [.. "amq.topic"u8];
        var key = Filled(keyBytes, 'k');
        var properties = Filled(propertyBytes, 'p');
        var annotations = Filled(5, 'a');
        var body = Filled(100, 'b');
        var bytes = new byte[MessageWriter.Size(
            exchange.Length, key.Length, properties.Length, annotations.Length, body.Length)];

        Assert.Equal(bytes.Length, MessageWriter.Write(
            bytes, PropertyFormat.Amqp091, MessageFlags.Persistent, 1_234, exchange, key, properties, annotations,
            body));

        var view = new MessageView(bytes);
        Assert.Equal(
            (PropertyFormat.Amqp091, MessageFlags.Persistent, 1_234L), (view.Format, view.Flags, view.ReceivedAtMs));
        Assert.True(view.Exchange.SequenceEqual(exchange));
        Assert.True(view.RoutingKey.SequenceEqual(key));
        Assert.True(view.Properties.SequenceEqual(properties));
        Assert.True(view.Annotations.SequenceEqual(annotations));
        Assert.True(view.Body.SequenceEqual(body));
    }

    /// <summary>As version 1 wrote it, when byte 7 was the high byte of the properties' length.</summary>
    [Fact]
    public void A_message_from_before_long_keys_reads_the_same()
    {
        byte[] bytes =
        [
            1, 1, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 210, 4, 0, 0, 0, 0, 0, 0,
            .. "x"u8, .. "rk"u8, .. "pro"u8, .. "body"u8,
        ];
        var view = new MessageView(bytes);
        Assert.True(view.Exchange.SequenceEqual("x"u8));
        Assert.True(view.RoutingKey.SequenceEqual("rk"u8));
        Assert.True(view.Properties.SequenceEqual("pro"u8));
        Assert.True(view.Body.SequenceEqual("body"u8));
        Assert.Equal(1_234, view.ReceivedAtMs);
    }

    [Fact]
    public void Lengths_beyond_their_fields_are_never_written()
    {
        var target = new byte[20 << 20];
        Assert.Throws<BrokenInvariantException>(() => Write(target, new byte[65_536], []));
        Assert.Throws<BrokenInvariantException>(() => Write(target, [], new byte[16 << 20]));
    }

    private static int Write(byte[] target, byte[] key, byte[] properties) => MessageWriter.Write(
        target, PropertyFormat.None, MessageFlags.None, 0, default, key, properties, default, default);

    private static byte[] Filled(int length, char with)
    {
        var bytes = new byte[length];
        bytes.AsSpan().Fill((byte)with);
        return bytes;
    }
}
