using System.Buffers;
using System.Globalization;
using System.Text;
using Posthaste.Broker.Formats;
using Posthaste.Core.Messages;
using Posthaste.Primitives.Tables;
using Posthaste.Protocols.Stomp.Format;

namespace Posthaste.Protocols.Stomp.Tests.Format;

/// <summary>
/// What docs/protocols/mapping.md promises of STOMP: canonical properties written for a client of 1.2, and read again
/// as if it had sent them, are the same, but for header values, which become texts.
/// </summary>
public sealed class CanonicalRoundTripTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Nothing_is_lost_through_STOMP(int seed)
    {
        var random = new Random(seed);
        var properties = new MessageProperties();
        var back = new MessageProperties();
        for (var round = 0; round < 3000; round++)
        {
            properties.Clear();
            Fill(random, properties);
            var expected = Describe(properties);
            var lines = StompFormat.Write(properties).ToArray();
            back.Clear();
            var message = new MessageView(
                PropertyFormat.Stomp, MessageFlags.None, 0, default, default, lines, default);
            new StompFormat().ReadProperties(message, back);
            Assert.Equal(expected, Describe(back));
        }
    }

    private static void Fill(Random random, MessageProperties properties)
    {
        properties.ContentType = Text(random);
        properties.ContentEncoding = Text(random);
        properties.MessageId = Text(random);
        properties.Type = Text(random);
        properties.UserId = Text(random);
        properties.AppId = Text(random);
        var correlationId = new byte[random.Next(20)];
        random.NextBytes(correlationId);
        properties.CorrelationId = correlationId;
        if (random.Next(2) == 0)
            properties.ReplyTo = Address(random);
        if (random.Next(2) == 0)
            properties.Priority = (byte)random.Next(256);
        if (random.Next(2) == 0)
            properties.ExpirationMs = random.NextInt64(uint.MaxValue);
        if (random.Next(2) == 0)
            properties.TimestampS = (ulong)random.NextInt64();
        properties.IsBodyText = random.Next(2) == 0;
        for (var i = random.Next(20); i > 0; i--)
            properties.AddHeaders(FieldTableCodec.Encode([new($"h{i}", Value(random))]));
    }

    private static ReplyAddress Address(Random random) => random.Next(4) switch
    {
        0 => new("amq.topic"u8, "a.b/c%"u8),
        1 => new("x/y"u8, "k.1"u8),
        2 => new("x"u8, default),
        _ => new(default, "answers"u8),
    };

    private static FieldValue Value(Random random) => random.Next(5) switch
    {
        0 => random.Next(2) == 0,
        1 => random.NextInt64(),
        2 => FieldValue.Binary(Text(random)),
        3 => FieldValue.Array("a", random.Next()),
        _ => FieldValue.String(Text(random)),
    };

    private static byte[] Text(Random random) =>
        Encoding.UTF8.GetBytes(new string(random.GetItems<char>("aé.:\\\r\n%~ ", random.Next(20))));

    private static string Describe(MessageProperties properties)
    {
        var text = new StringBuilder();
        text.AppendJoin('|',
            Show(properties.ContentType), Show(properties.ContentEncoding), Show(properties.MessageId),
            Show(properties.Type), Show(properties.UserId), Show(properties.AppId), Show(properties.CorrelationId),
            Show(properties.ReplyTo.Exchange), Show(properties.ReplyTo.RoutingKey),
            properties.Priority?.ToString(CultureInfo.InvariantCulture),
            properties.ExpirationMs?.ToString(CultureInfo.InvariantCulture),
            properties.TimestampS?.ToString(CultureInfo.InvariantCulture), properties.IsBodyText.ToString());
        for (var i = 0; i < properties.HeaderCount; i++)
        {
            var header = properties.Header(i);
            var value = new ArrayBufferWriter<byte>();
            FieldText.Write(header.Value, value);
            text.Append('|').Append(Encoding.UTF8.GetString(header.Name)).Append('=').Append(Show(value.WrittenSpan));
        }

        return text.ToString();
    }

    private static string Show(ReadOnlySpan<byte> bytes) => Convert.ToHexString(bytes);
}
