using System.Globalization;
using System.Text;
using Posthaste.Broker.Formats;
using Posthaste.Core.Messages;
using Posthaste.Primitives.Tables;
using Posthaste.Protocols.Amqp091.Format;
using Posthaste.Protocols.Amqp091.Wire.Content;

namespace Posthaste.Protocols.Amqp091.Tests.Format;

/// <summary>
/// What docs/protocols/mapping.md promises of AMQP 0-9-1: canonical properties written for a consumer, and read again
/// as if it had published them, are the same, but for repeated names (one array) and names too long for a key.
/// </summary>
public sealed class CanonicalRoundTripTests
{
    private const int BytesMax = 1 << 20;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Nothing_is_lost_through_AMQP(int seed)
    {
        var random = new Random(seed);
        var properties = new MessageProperties();
        var back = new MessageProperties();
        for (var round = 0; round < 3000; round++)
        {
            properties.Clear();
            var fields = FillFields(random, properties);
            var headers = FillHeaders(random, properties);
            var encoded = Amqp091Format.Write(properties, BytesMax).ToArray();
            Assert.True(BasicPropertiesReader.TryRead(encoded, out var reader));
            Assert.True(FieldTableReader.IsValid(reader.Headers));

            back.Clear();
            var message = new MessageView(
                PropertyFormat.Amqp091, MessageFlags.None, 0, default, default, encoded, default);
            new Amqp091Format().ReadProperties(message, back);
            Assert.Equal(fields, DescribeFields(back));
            Assert.Equal(Grouped(headers), Headers(back));
        }
    }

    [Fact]
    public void Writing_allocates_nothing()
    {
        var properties = new MessageProperties();
        Assert.Equal(0, Allocations.OfHundred(() => Write(properties)));

        static void Write(MessageProperties properties)
        {
            properties.Clear();
            properties.ContentType = "application/json"u8;
            properties.CorrelationId = [0, 1, 2, 3];
            properties.ReplyTo = new ReplyAddress("amq.topic"u8, "a.b"u8);
            properties.ExpirationMs = 5000;
            properties.AddHeader("a"u8, "1"u8);
            properties.AddHeader("b"u8, 2);
            properties.AddHeader("a"u8, "3"u8);
            Amqp091Format.Write(properties, BytesMax);
        }
    }

    private static string FillFields(Random random, MessageProperties properties)
    {
        if (random.Next(2) == 0)
            properties.ContentType = Text(random);
        if (random.Next(2) == 0)
            properties.ContentEncoding = Text(random);
        if (random.Next(2) == 0)
            properties.MessageId = Text(random);
        if (random.Next(2) == 0)
            properties.Type = Text(random);
        if (random.Next(2) == 0)
            properties.AppId = Text(random);
        if (random.Next(2) == 0)
            properties.CorrelationId = Bytes(random);
        if (random.Next(2) == 0)
            properties.ReplyTo = new ReplyAddress(random.Next(2) == 0 ? "amq.%topic"u8 : default, Text(random));
        if (random.Next(2) == 0)
            properties.Priority = (byte)random.Next(256);
        if (random.Next(2) == 0)
            properties.ExpirationMs = random.NextInt64(uint.MaxValue);
        if (random.Next(2) == 0)
            properties.TimestampS = (ulong)random.NextInt64();
        properties.IsBodyText = random.Next(2) == 0;
        return DescribeFields(properties);
    }

    private static string DescribeFields(MessageProperties properties) => string.Join('|',
        Show(properties.ContentType), Show(properties.ContentEncoding), Show(properties.MessageId),
        Show(properties.Type), Show(properties.AppId), Show(properties.CorrelationId),
        Show(properties.ReplyTo.Exchange), Show(properties.ReplyTo.RoutingKey),
        properties.Priority?.ToString(CultureInfo.InvariantCulture),
        properties.ExpirationMs?.ToString(CultureInfo.InvariantCulture),
        properties.TimestampS?.ToString(CultureInfo.InvariantCulture), properties.IsBodyText.ToString());

    private static List<KeyValuePair<string, FieldValue>> FillHeaders(Random random, MessageProperties properties)
    {
        var headers = new List<KeyValuePair<string, FieldValue>>();
        for (var left = random.Next(30); left > 0; left--)
        {
            FieldValue value = random.Next(6) switch
            {
                0 => random.Next(2) == 0,
                1 => random.NextInt64(),
                2 => FieldValue.Binary(Bytes(random)),
                3 => FieldValue.Array("a", random.Next(), FieldValue.Void),
                4 => FieldValue.Table([new("x", 1), new("y", FieldValue.Double(0.5))]),
                _ => FieldValue.String(Text(random)),
            };
            var name = $"h{random.Next(20)}";
            headers.Add(new(name, value));
            properties.AddHeaders(FieldTableCodec.Encode([new(name, value)]));
        }

        return headers;
    }

    /// <summary>The promise for repeated names: one header in the place of the first, with an array of all.</summary>
    private static FieldTable Grouped(List<KeyValuePair<string, FieldValue>> headers) => FieldTable.Create(
    [
        .. headers.GroupBy(header => header.Key).Select(group => KeyValuePair.Create(
            group.Key,
            group.Count() == 1 ? group.Single().Value : FieldValue.Array([.. group.Select(header => header.Value)]))),
    ]);

    private static FieldTable Headers(MessageProperties properties)
    {
        var fields = new List<KeyValuePair<string, FieldValue>>();
        for (var i = 0; i < properties.HeaderCount; i++)
        {
            var header = properties.Header(i);
            fields.Add(new(Encoding.UTF8.GetString(header.Name), header.Value.ToValue()));
        }

        return FieldTable.Create([.. fields]);
    }

    private static byte[] Text(Random random)
    {
        var length = random.Next(8) == 0 ? random.Next(1000) : random.Next(20);
        return Encoding.UTF8.GetBytes(new string(random.GetItems<char>("aé.%~", length)));
    }

    private static byte[] Bytes(Random random)
    {
        var bytes = new byte[random.Next(8) == 0 ? random.Next(600) : random.Next(20)];
        random.NextBytes(bytes);
        return bytes;
    }

    private static string Show(ReadOnlySpan<byte> bytes) => Convert.ToHexString(bytes);
}
