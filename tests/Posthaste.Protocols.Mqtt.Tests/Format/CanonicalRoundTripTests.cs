using System.Buffers;
using System.Globalization;
using System.Text;
using Posthaste.Broker.Formats;
using Posthaste.Core.Messages;
using Posthaste.Primitives.Tables;
using Posthaste.Protocols.Mqtt.Format;
using Posthaste.Protocols.Mqtt.Wire;
using Posthaste.Protocols.Mqtt.Wire.Properties;

namespace Posthaste.Protocols.Mqtt.Tests.Format;

/// <summary>
/// What docs/protocols/mapping.md promises of MQTT 5: canonical properties written for a client, and read again as if
/// it had sent them, are the same, but for header values, which become texts, arrays of texts, which become repeated
/// headers, and the time to live, which is in seconds.
/// </summary>
public sealed class CanonicalRoundTripTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Nothing_is_lost_through_MQTT(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 3000; round++)
        {
            var expected = new MessageProperties();
            var fillSeed = random.Next();
            Fill(new Random(fillSeed), expected);
            var back = Through(into => Fill(new Random(fillSeed), into));
            expected.SpreadArrays();
            Assert.Equal(Describe(expected), Describe(back));
        }
    }

    [Fact]
    public void Who_published_is_not_taken_from_a_user_property()
    {
        var back = Through(static into => into.UserId = "root"u8);
        Assert.True(back.UserId.IsEmpty);
        Assert.True(back.TryFindHeader("x-user-id"u8, out var value));
        Assert.Equal("root"u8, value.Data);
    }

    [Fact]
    public void An_address_that_no_topic_can_name_is_a_user_property()
    {
        var back = Through(static into => into.ReplyTo = new ReplyAddress("amq.topic"u8, "a.#"u8));
        Assert.Equal("a.#"u8, back.ReplyTo.RoutingKey);
    }

    [Fact]
    public void What_a_user_property_cannot_hold_is_counted()
    {
        var back = Through(static into =>
        {
            into.AddHeader("a"u8, "1"u8);
            into.AddHeader("long"u8, new byte[70_000].AsSpan());
            into.AddHeader(new byte[70_000], "2"u8);
            into.AddHeader([0xFF], "3"u8);
        });
        Assert.Equal(2, back.HeaderCount);
        Assert.True(back.TryFindHeader("x-omitted-headers"u8, out var value));
        Assert.Equal("3"u8, value.Data);
    }

    /// <summary>Published by some other protocol, delivered to MQTT, and read as MQTT's own.</summary>
    private static MessageProperties Through(Action<MessageProperties> fill)
    {
        var formats = new MessageFormats();
        formats.Register(new OtherFormat(fill));
        var published = new MessageView(PropertyFormat.Stomp, MessageFlags.None, 0, default, default, default, default);
        var written = PropertyConverter.ForThisThread.Convert(published, formats, out var expiryS).ToArray();
        Assert.True(PropertyList.TryRead(written, PropertyScope.Publish, out _, out var error), error.Detail);

        var facts = new PublishFacts(QoS.AtLeastOnce, Retain: false, ExpiryS: expiryS);
        var stored = new byte[facts.Bytes + written.Length];
        facts.Write(stored);
        written.CopyTo(stored, facts.Bytes);
        var back = new MessageProperties();
        var message = new MessageView(PropertyFormat.Mqtt, MessageFlags.None, 0, default, default, stored, default);
        new MqttFormat().ReadProperties(message, back);
        return back;
    }

    private static void Fill(Random random, MessageProperties properties)
    {
        properties.ContentType = Text(random);
        properties.ContentEncoding = Text(random);
        properties.MessageId = Text(random);
        properties.Type = Text(random);
        properties.AppId = Text(random);
        var correlationId = new byte[random.Next(20)];
        random.NextBytes(correlationId);
        properties.CorrelationId = correlationId;
        if (random.Next(2) == 0)
            properties.ReplyTo = Address(random);
        if (random.Next(2) == 0)
            properties.Priority = (byte)random.Next(256);
        if (random.Next(2) == 0)
            properties.ExpirationMs = random.Next(1, 100_000) * 1000L;
        if (random.Next(2) == 0)
            properties.TimestampS = (ulong)random.NextInt64();
        properties.IsBodyText = random.Next(2) == 0;
        for (var i = random.Next(20); i > 0; i--)
            properties.AddHeaders(FieldTableCodec.Encode([new($"h{random.Next(10)}", Value(random))]));
    }

    private static ReplyAddress Address(Random random) => random.Next(4) switch
    {
        0 => new("amq.topic"u8, "a.b/c%"u8),
        1 => new("x.y%"u8, "k.1"u8),
        2 => new("x"u8, default),
        _ => new(default, "answers"u8),
    };

    private static FieldValue Value(Random random) => random.Next(6) switch
    {
        0 => random.Next(2) == 0,
        1 => random.NextInt64(),
        2 => FieldValue.Binary(Text(random)),
        3 => FieldValue.Array("a", random.Next()),
        4 => FieldValue.Array("b", FieldValue.String(Text(random))),
        _ => FieldValue.String(Text(random)),
    };

    private static byte[] Text(Random random) =>
        Encoding.UTF8.GetBytes(new string(random.GetItems<char>("aé.:/+#%~ ", random.Next(20))));

    private static string Describe(MessageProperties properties)
    {
        var text = new StringBuilder();
        text.AppendJoin('|',
            Show(properties.ContentType), Show(properties.ContentEncoding), Show(properties.MessageId),
            Show(properties.Type), Show(properties.AppId), Show(properties.CorrelationId),
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

    private sealed class OtherFormat(Action<MessageProperties> fill) : CanonicalFormat
    {
        public override PropertyFormat Format => PropertyFormat.Stomp;

        public override void ReadProperties(in MessageView message, MessageProperties into) => fill(into);
    }
}
