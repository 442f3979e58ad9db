using System.Text;
using Posthaste.Broker.Formats;
using Posthaste.Primitives.Tables;
using Posthaste.Testing;

namespace Posthaste.Broker.Tests.Formats;

public sealed class MessagePropertiesTests
{
    private const CarriedProperties All = (CarriedProperties)0xFFF;

    [Fact]
    public void What_is_carried_by_headers_comes_back()
    {
        var properties = new MessageProperties();
        Fill(properties);
        properties.AddHeader("own"u8, "1"u8);
        properties.MoveToHeaders(All);
        Assert.Equal(13, properties.HeaderCount);
        Assert.True(properties.ReplyTo.IsNone && properties.ContentType.IsEmpty && properties.CorrelationId.IsEmpty);
        Assert.Equal((null, null, null), (properties.Priority, properties.ExpirationMs, properties.TimestampS));

        var back = new MessageProperties();
        for (var i = 0; i < properties.HeaderCount; i++)
        {
            var header = properties.Header(i);
            if (!back.TryTakeCarried(All, header.Name, header.Value.Data))
                back.AddHeader(header.Name, header.Value);
        }

        var expected = new MessageProperties();
        Fill(expected);
        expected.AddHeader("own"u8, "1"u8);
        Assert.Equal(Describe(expected), Describe(back));
    }

    [Theory]
    [InlineData("x-priority", "256")]
    [InlineData("x-priority", "high")]
    [InlineData("x-priority", "")]
    [InlineData("x-expiration", "-1")]
    [InlineData("x-timestamp", "1.5")]
    [InlineData("x-body-is-text", "yes")]
    [InlineData("x-tenant", "blue")]
    [InlineData("type", "order")]
    public void A_header_that_carries_nothing_stays_one(string name, string text)
    {
        var properties = new MessageProperties();
        Assert.False(properties.TryTakeCarried(All, Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(text)));
    }

    [Fact]
    public void A_user_is_not_taken_from_a_header_unless_it_may()
    {
        var properties = new MessageProperties();
        Assert.False(properties.TryTakeCarried(All & ~CarriedProperties.UserId, "x-user-id"u8, "root"u8));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(1000)]
    public void Repeated_names_are_linked_in_order(int count)
    {
        var random = new Random(count);
        var properties = new MessageProperties();
        var model = new Dictionary<string, List<int>>();
        for (var i = 0; i < count; i++)
        {
            var name = $"n{random.Next(count / 2)}";
            properties.AddHeader(Encoding.UTF8.GetBytes(name), i);
            (model.TryGetValue(name, out var places) ? places : model[name] = []).Add(i);
        }

        properties.LinkRepeated();
        for (var i = 0; i < count; i++)
        {
            var places = model[Encoding.UTF8.GetString(properties.Header(i).Name)];
            var at = places.IndexOf(i);
            Assert.Equal(at == 0, properties.IsFirst(i));
            Assert.Equal(at + 1 < places.Count ? places[at + 1] : -1, properties.Next(i));
        }
    }

    [Fact]
    public void Arrays_of_texts_are_spread_in_their_place()
    {
        var properties = new MessageProperties();
        properties.AddHeaders(FieldTableCodec.Encode(
        [
            new("a", "1"),
            new("b", FieldValue.Array("2", "3")),
            new("c", FieldValue.Array(4, "5")),
            new("d", FieldValue.Array()),
            new("e", FieldValue.Array("6")),
            new("f", "7"),
        ]));
        properties.SpreadArrays();
        var shown = Enumerable.Range(0, properties.HeaderCount).Select(i =>
        {
            var header = properties.Header(i);
            var value = header.Value.TryGetString(out var text) ? Text(text) : header.Value.Type.ToString();
            return $"{Text(header.Name)}={value}";
        });
        Assert.Equal(["a=1", "b=2", "b=3", "c=Array", "d=Array", "e=6", "f=7"], shown);
    }

    [Fact]
    public void Used_again_it_allocates_nothing()
    {
        var properties = new MessageProperties();
        Assert.Equal(0, Allocations.OfHundred(() => Use(properties)));

        static void Use(MessageProperties properties)
        {
            properties.Clear();
            Fill(properties);
            properties.AddHeader("a"u8, "1"u8);
            properties.AddHeader("a"u8, 2);
            properties.MoveToHeaders(CarriedProperties.CorrelationId | CarriedProperties.ReplyTo);
            properties.LinkRepeated();
        }
    }

    [Fact]
    public void Nothing_of_a_message_is_left_after_clearing()
    {
        var properties = new MessageProperties { IsPersistent = true };
        Fill(properties);
        properties.AddHeader("a"u8, "1"u8);
        properties.Clear();
        Assert.Equal(Describe(new MessageProperties()), Describe(properties));
    }

    private static void Fill(MessageProperties properties)
    {
        properties.ContentType = "text/plain"u8;
        properties.ContentEncoding = "gzip"u8;
        properties.CorrelationId = [0, 1, 255];
        properties.ReplyTo = new ReplyAddress("amq.topic"u8, "a.b"u8);
        properties.MessageId = "m"u8;
        properties.Type = "t"u8;
        properties.UserId = "u"u8;
        properties.AppId = "app"u8;
        properties.Priority = 9;
        properties.ExpirationMs = 1234;
        properties.TimestampS = 1_700_000_000;
        properties.IsBodyText = true;
    }

    private static string Describe(MessageProperties properties)
    {
        var text = new StringBuilder();
        text.Append(Text(properties.ContentType)).Append('|').Append(Text(properties.ContentEncoding)).Append('|')
            .Append(Convert.ToHexString(properties.CorrelationId)).Append('|')
            .Append(Text(properties.ReplyTo.Exchange)).Append('|').Append(Text(properties.ReplyTo.RoutingKey))
            .Append('|').Append(Text(properties.MessageId)).Append('|').Append(Text(properties.Type)).Append('|')
            .Append(Text(properties.UserId)).Append('|').Append(Text(properties.AppId)).Append('|')
            .Append($"{properties.Priority}|{properties.ExpirationMs}|{properties.TimestampS}|")
            .Append($"{properties.IsBodyText}|{properties.IsPersistent}");
        for (var i = 0; i < properties.HeaderCount; i++)
        {
            var header = properties.Header(i);
            text.Append($"|{Text(header.Name)}={header.Value.ToString()}");
        }

        return text.ToString();
    }

    private static string Text(ReadOnlySpan<byte> utf8) => Encoding.UTF8.GetString(utf8);
}
