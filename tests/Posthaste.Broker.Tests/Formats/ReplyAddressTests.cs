using System.Text;
using Posthaste.Broker.Formats;

namespace Posthaste.Broker.Tests.Formats;

public sealed class ReplyAddressTests
{
    [Theory]
    [InlineData("", "queue", "queue")]
    [InlineData("amq.topic", "a.b.c", "amq.reply-to.amq%2Etopic.a.b.c")]
    [InlineData("100%", "", "amq.reply-to.100%25.")]
    [InlineData("logs", "%2E", "amq.reply-to.logs.%2E")]
    public void An_address_has_one_text(string exchange, string key, string text)
    {
        var address = new ReplyAddress(Bytes(exchange), Bytes(key));
        var written = new byte[address.TextBytes];
        Assert.Equal(written.Length, address.WriteText(written));
        Assert.Equal(text, Encoding.UTF8.GetString(written));
        var read = ReplyAddress.Parse(written, new byte[ReplyAddress.ExchangeBytesMax]);
        Assert.Equal((exchange, key), (Text(read.Exchange), Text(read.RoutingKey)));
    }

    [Theory]
    [InlineData("amq.reply-to.")]
    [InlineData("amq.reply-to.logs")]
    [InlineData("amq.reply-to..key")]
    [InlineData("amq.reply-to.a%2e.key")]
    [InlineData("amq.reply-to.a%.key")]
    [InlineData("amq.rabbitmq.reply-to.token")]
    public void Other_texts_are_keys_of_the_default_exchange(string text)
    {
        Assert.False(ReplyAddress.TryParse(Bytes(text), new byte[ReplyAddress.ExchangeBytesMax], out _));
        var address = ReplyAddress.Parse(Bytes(text), new byte[ReplyAddress.ExchangeBytesMax]);
        Assert.Equal(("", text), (Text(address.Exchange), Text(address.RoutingKey)));
    }

    [Fact]
    public void A_name_longer_than_an_exchange_can_have_is_none()
    {
        var text = $"amq.reply-to.{new string('x', 256)}.key";
        Assert.False(ReplyAddress.TryParse(Bytes(text), new byte[ReplyAddress.ExchangeBytesMax], out _));
    }

    /// <summary>Any text is written back as it was read: a responder echoes what it does not understand.</summary>
    [Fact]
    public void What_is_read_is_written_back_the_same()
    {
        var random = new Random(7);
        const string Letters = "ab.%25E2";
        for (var round = 0; round < 20_000; round++)
        {
            var text = Bytes((random.Next(4) > 0 ? "amq.reply-to." : "")
                + new string(random.GetItems<char>(Letters, random.Next(1, 12))));
            var address = ReplyAddress.Parse(text, new byte[ReplyAddress.ExchangeBytesMax]);
            var written = new byte[address.TextBytes];
            address.WriteText(written);
            Assert.Equal(text, written);
        }
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);
}
