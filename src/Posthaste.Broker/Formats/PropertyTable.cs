using System.Globalization;
using System.Text;
using Posthaste.Primitives.Tables;

namespace Posthaste.Broker.Formats;

/// <summary>
/// A message's properties as a table with RabbitMQ's names for them (`content_type`, `headers`, …): how the firehose
/// shows them.
/// </summary>
internal static class PropertyTable
{
    private const int Persistent = 2;
    private const int Transient = 1;

    /// <summary>The properties that are set. Headers of the same name become one with an array.</summary>
    public static FieldTable Of(MessageProperties properties)
    {
        var fields = new List<KeyValuePair<string, FieldValue>>(16);
        AddText("content_type", properties.ContentType);
        AddText("content_encoding", properties.ContentEncoding);
        if (properties.HeaderCount > 0) fields.Add(new("headers", Headers(properties)));
        fields.Add(new("delivery_mode", properties.IsPersistent ? Persistent : Transient));
        if (properties.Priority is { } priority) fields.Add(new("priority", (int)priority));
        var correlationId = new byte[BinaryText.GetBytes(properties.CorrelationId)];
        BinaryText.Write(properties.CorrelationId, correlationId);
        AddText("correlation_id", correlationId);
        var replyTo = new byte[properties.ReplyTo.TextBytes];
        properties.ReplyTo.WriteText(replyTo);
        AddText("reply_to", replyTo);
        if (properties.ExpirationMs is { } expirationMs)
            fields.Add(new("expiration", expirationMs.ToString(CultureInfo.InvariantCulture)));
        AddText("message_id", properties.MessageId);
        if (properties.TimestampS is { } timestampS) fields.Add(new("timestamp", Number(timestampS)));
        AddText("type", properties.Type);
        AddText("user_id", properties.UserId);
        AddText("app_id", properties.AppId);
        return FieldTable.Create([.. fields]);

        void AddText(string name, ReadOnlySpan<byte> text)
        {
            if (!text.IsEmpty) fields.Add(new(name, FieldValue.String(text)));
        }
    }

    /// <summary>A whole number as RabbitMQ has it, in 32 bits; wider only where it has to be.</summary>
    private static FieldValue Number(ulong number) => number <= int.MaxValue ? (int)number : (long)number;

    private static FieldTable Headers(MessageProperties properties)
    {
        properties.LinkRepeated();
        var fields = new List<KeyValuePair<string, FieldValue>>(properties.HeaderCount);
        for (var i = 0; i < properties.HeaderCount; i++)
        {
            if (!properties.IsFirst(i)) continue;

            // A name longer than a table's key can be (STOMP, MQTT) has no place in one.
            var name = Encoding.UTF8.GetString(properties.Header(i).Name);
            if (Encoding.UTF8.GetByteCount(name) <= FieldTable.KeyBytesMax)
                fields.Add(new(name, Value(properties, i)));
        }

        return FieldTable.Create([.. fields]);
    }

    private static FieldValue Value(MessageProperties properties, int index)
    {
        if (properties.Next(index) < 0) return properties.Header(index).Value.ToValue();
        var values = new List<FieldValue>();
        for (var i = index; i >= 0; i = properties.Next(i)) values.Add(properties.Header(i).Value.ToValue());
        return FieldValue.Array([.. values]);
    }
}
