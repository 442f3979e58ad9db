using System.Text;
using Posthaste.Broker.Formats;
using Posthaste.Core.Messages;
using Posthaste.Primitives.Tables;
using Posthaste.Protocols.Stomp.Format;
using Posthaste.Protocols.Stomp.Wire;

namespace Posthaste.Protocols.Stomp.Tests.Format;

public sealed class CanonicalTests
{
    private const string AllProperties =
        "content-type:text/plain\ncontent-encoding:gzip\npriority:3\ncorrelation-id:c\\c1\n" +
        "reply-to:/reply-queue/answers\nexpiration:5000\namqp-message-id:m\ntimestamp:1700000000\ntype:t\n" +
        "user-id:guest\napp-id:app\nx:one\\ntwo\n";

    [Fact]
    public void Every_property_has_its_header()
    {
        var properties = Read(AllProperties);
        Assert.Equal("text/plain"u8, properties.ContentType);
        Assert.Equal("gzip"u8, properties.ContentEncoding);
        Assert.Equal((byte)3, properties.Priority);
        Assert.Equal("c:1"u8, properties.CorrelationId);
        Assert.Equal("answers"u8, properties.ReplyTo.RoutingKey);
        Assert.True(properties.ReplyTo.Exchange.IsEmpty);
        Assert.Equal(5000, properties.ExpirationMs);
        Assert.Equal("m"u8, properties.MessageId);
        Assert.Equal(1_700_000_000u, properties.TimestampS);
        Assert.Equal("t"u8, properties.Type);
        Assert.Equal("guest"u8, properties.UserId);
        Assert.Equal("app"u8, properties.AppId);
        Assert.Equal(1, properties.HeaderCount);
        Assert.Equal("one\ntwo"u8, properties.Header(0).Value.Data);
    }

    [Fact]
    public void What_is_read_is_written_the_same() =>
        Assert.Equal(AllProperties, Encoding.UTF8.GetString(StompFormat.Write(Read(AllProperties))));

    [Theory]
    [InlineData("/topic/a.b", "amq.topic", "a.b", "/topic/a.b")]
    [InlineData("/exchange/x%2Fy/k", "x/y", "k", "/exchange/x%2Fy/k")]
    [InlineData("/queue/q", "", "q", "/reply-queue/q")]
    [InlineData("answers", "", "answers", "/reply-queue/answers")]
    [InlineData("no/destination", "", "no/destination", "/reply-queue/no%2Fdestination")]
    public void Reply_addresses_are_destinations(string replyTo, string exchange, string key, string written)
    {
        var properties = Read($"reply-to:{replyTo}\n");
        Assert.Equal(exchange, Encoding.UTF8.GetString(properties.ReplyTo.Exchange));
        Assert.Equal(key, Encoding.UTF8.GetString(properties.ReplyTo.RoutingKey));
        Assert.Equal($"reply-to:{written}\n", Encoding.UTF8.GetString(StompFormat.Write(properties)));
    }

    [Fact]
    public void Of_repeated_headers_the_first_counts()
    {
        var properties = Read("x:1\ntype:a\nx:2\ntype:b\n");
        Assert.Equal("a"u8, properties.Type);
        Assert.Equal(1, properties.HeaderCount);
        Assert.Equal("1"u8, properties.Header(0).Value.Data);
    }

    [Fact]
    public void A_value_that_the_property_cannot_have_stays_a_header()
    {
        var properties = Read("timestamp:yesterday\n");
        Assert.Null(properties.TimestampS);
        Assert.Equal("x-header-timestamp:yesterday\n", Encoding.UTF8.GetString(StompFormat.Write(properties)));
    }

    [Fact]
    public void Headers_of_any_type_become_text()
    {
        var properties = new MessageProperties();
        properties.AddHeaders(FieldTableCodec.Encode(
        [
            new("number", 42), new("truth", true), new("text", "a:b\nc\\"), new("list", FieldValue.Array(1, "x")),
        ]));
        properties.IsBodyText = true;
        Assert.Equal(
            "number:42\ntruth:true\ntext:a\\cb\\nc\\\\\nlist:[1,\"x\"]\nx-body-is-text:true\n",
            Encoding.UTF8.GetString(StompFormat.Write(properties)));
    }

    [Theory]
    [InlineData("destination")]
    [InlineData("subscription")]
    [InlineData("ack")]
    [InlineData("content-length")]
    [InlineData("reply-to")]
    public void A_header_that_would_be_taken_for_another_is_marked(string name)
    {
        var properties = new MessageProperties();
        properties.AddHeader(Encoding.UTF8.GetBytes(name), "evil"u8);
        Assert.Equal($"x-header-{name}:evil\n", Encoding.UTF8.GetString(StompFormat.Write(properties)));
    }

    [Fact]
    public void No_name_and_no_value_breaks_a_frame()
    {
        var properties = new MessageProperties();
        properties.AddHeader(""u8, "a"u8);
        properties.AddHeader("a:b\r\nc"u8, "\r\n\r\nACK"u8);
        properties.AddHeader("nul\0"u8, "\0"u8);
        properties.CorrelationId = "\0\x1"u8;
        properties.ContentType = "\n\0\n"u8;
        properties.MessageId = [0xFF];
        properties.Type = "\0"u8;
        properties.ReplyTo = new ReplyAddress("\0"u8, "a\n\0"u8);
        foreach (var version in Enum.GetValues<StompVersion>())
        {
            byte[] frame = [.. "SEND\n"u8, .. CanonicalWriter.Write(properties, version), .. "\n\0"u8];
            var limits = new FrameLimits(1024, 10, 0);
            var status = FrameScanner.Scan(frame, version, limits, out _, out var count, out var error);
            Assert.True(status == ScanStatus.Whole, error.Detail);
            Assert.Equal(frame.Length, count);
        }
    }

    private static MessageProperties Read(string stored)
    {
        var properties = new MessageProperties();
        var message = new MessageView(
            PropertyFormat.Stomp, MessageFlags.None, 0, default, default, Encoding.UTF8.GetBytes(stored), default);
        new StompFormat().ReadProperties(message, properties);
        return properties;
    }
}
