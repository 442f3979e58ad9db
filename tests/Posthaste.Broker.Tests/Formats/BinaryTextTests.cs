using System.Text;
using Posthaste.Broker.Formats;

namespace Posthaste.Broker.Tests.Formats;

public sealed class BinaryTextTests
{
    [Theory]
    [InlineData("order-1")]
    [InlineData("")]
    [InlineData("größe")]
    [InlineData("base64:")]
    [InlineData("base64:!")]
    [InlineData("base64:YWJj")]
    public void Text_stays_as_it_is(string text) =>
        Assert.Equal(text, Encoding.UTF8.GetString(Write(Encoding.UTF8.GetBytes(text))));

    [Theory]
    [InlineData("AP8", new byte[] { 0, 255 })]
    [InlineData("CQ", new byte[] { 9 })]
    [InlineData("_w", new byte[] { 255 })]
    public void Other_bytes_are_encoded(string base64, byte[] data)
    {
        var text = Write(data);
        Assert.Equal($"base64:{base64}", Encoding.UTF8.GetString(text));
        Assert.Equal(data, Read(text));
    }

    /// <summary>The text of bytes is text; read again it would become the bytes, so as bytes it is encoded.</summary>
    [Fact]
    public void The_text_of_encoded_data_is_encoded_itself()
    {
        var text = Encoding.UTF8.GetBytes("base64:AP8");
        var encoded = Write(text);
        Assert.NotEqual(text, encoded);
        Assert.Equal(text, Read(encoded));
    }

    /// <summary>Both ways: a requester with bytes and a requester with text get back what they sent.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void It_is_a_bijection(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 20_000; round++)
        {
            var data = new byte[random.Next(20)];
            random.NextBytes(data);
            for (var i = 0; i < data.Length && random.Next(3) > 0; i++)
                data[i] = (byte)"base64:AP8w"[random.Next(11)];
            if (random.Next(2) == 0)
                data = [.. "base64:"u8, .. data];
            for (var depth = random.Next(3); depth > 0; depth--)
                data = Write(data);
            Assert.Equal(data, Read(Write(data)));
            if (IsText(data))
                Assert.Equal(data, Write(Read(data)));
        }
    }

    [Fact]
    public void Long_data_and_deep_nesting_are_no_trouble()
    {
        var data = new byte[60_000];
        var text = Write(data);
        Assert.Equal(data, Read(text));
        for (var depth = 0; depth < 10; depth++)
            data = Write(data);
        Assert.Equal(data, Read(Write(data)));
    }

    private static bool IsText(byte[] data) =>
        System.Text.Unicode.Utf8.IsValid(data) && !Array.Exists(data, static octet => octet is < 32 or 127);

    private static byte[] Write(ReadOnlySpan<byte> data)
    {
        var text = new byte[BinaryText.GetBytes(data)];
        Assert.Equal(text.Length, BinaryText.Write(data, text));
        return text;
    }

    private static byte[] Read(ReadOnlySpan<byte> text)
    {
        var data = new byte[text.Length];
        return data[..BinaryText.Read(text, data)];
    }
}
