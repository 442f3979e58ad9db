using System.Text.Json;
using System.Text.Unicode;
using Posthaste.Primitives.Tables;
using Posthaste.Protocols.Amqp091.Wire.Content;

namespace Posthaste.Commands;

/// <summary>
/// A message as members of a JSON object, the same wherever the command line prints one: properties that are present,
/// and the body as
/// <c>body</c> when it is text, else as <c>bodyBase64</c>.
/// </summary>
internal static class MessageJson
{
    public static void WriteBody(Utf8JsonWriter writer, ReadOnlySpan<byte> body)
    {
        if (Utf8.IsValid(body)) writer.WriteString("body", body);
        else writer.WriteBase64String("bodyBase64", body);
    }

    public static void WriteProperties(Utf8JsonWriter writer, BasicProperties properties)
    {
        writer.WriteStartObject("properties");
        WriteText(writer, "contentType", properties.ContentType);
        WriteText(writer, "contentEncoding", properties.ContentEncoding);
        WriteNumber(writer, "deliveryMode", properties.DeliveryMode);
        WriteNumber(writer, "priority", properties.Priority);
        WriteText(writer, "correlationId", properties.CorrelationId);
        WriteText(writer, "replyTo", properties.ReplyTo);
        WriteText(writer, "expiration", properties.Expiration);
        WriteText(writer, "messageId", properties.MessageId);
        WriteNumber(writer, "timestamp", properties.Timestamp);
        WriteText(writer, "type", properties.Type);
        WriteText(writer, "userId", properties.UserId);
        WriteText(writer, "appId", properties.AppId);
        if (properties.Headers is { } headers)
        {
            writer.WritePropertyName("headers");
            WriteTable(writer, headers);
        }

        writer.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter writer, string name, string? value)
    {
        if (value is not null) writer.WriteString(name, value);
    }

    private static void WriteNumber(Utf8JsonWriter writer, string name, ulong? value)
    {
        if (value is { } number) writer.WriteNumber(name, number);
    }

    private static void WriteTable(Utf8JsonWriter writer, FieldTable table)
    {
        writer.WriteStartObject();
        foreach (var (key, value) in table)
        {
            writer.WritePropertyName(key);
            WriteValue(writer, value);
        }

        writer.WriteEndObject();
    }

    private static void WriteValue(Utf8JsonWriter writer, FieldValue value)
    {
        if (value.TryGetTable(out var table)) WriteTable(writer, table);
        else if (value.Type == FieldType.Array) WriteArray(writer, value);
        else if (value.TryGetBoolean(out var flag)) writer.WriteBooleanValue(flag);
        else if (value.TryGetInt64(out var integer)) writer.WriteNumberValue(integer);
        else if (value.TryGetDouble(out var real) && double.IsFinite(real)) writer.WriteNumberValue(real);
        else if (value.TryGetTimestamp(out var seconds)) writer.WriteNumberValue(seconds);
        else if (value.TryGetString(out var text)) writer.WriteStringValue(text);
        else if (value.Type == FieldType.Void) writer.WriteNullValue();
        else if (value.Type == FieldType.Binary) writer.WriteBase64StringValue(value.Bytes);
        else writer.WriteStringValue(value.ToString());
    }

    private static void WriteArray(Utf8JsonWriter writer, FieldValue value)
    {
        writer.WriteStartArray();
        foreach (var element in value.Elements) WriteValue(writer, element);
        writer.WriteEndArray();
    }
}
