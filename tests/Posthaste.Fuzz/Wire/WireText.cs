using System.Globalization;
using System.Text;
using Posthaste.Primitives.Tables;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Content;

namespace Posthaste.Fuzz.Wire;

/// <summary>Shows what the codec decoded as text that people can compare: one line a frame.</summary>
public static class WireText
{
    /// <summary>A frame and all that is in it.</summary>
    public static string Describe(Frame frame) => $"ch {frame.Channel} " + frame.Type switch
    {
        FrameType.Method => DescribeMethod(frame),
        FrameType.Header => DescribeHeader(frame.Payload),
        FrameType.Body => $"body {Quote(frame.Payload)}",
        _ => "heartbeat",
    };

    /// <summary>Bytes as text; what is no printable ASCII as <c>\xNN</c>.</summary>
    public static string Quote(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder("'");
        foreach (var octet in bytes)
        {
            if (octet is >= 0x20 and < 0x7F and not (byte)'\'' and not (byte)'\\')
                text.Append((char)octet);
            else
                text.Append(CultureInfo.InvariantCulture, $"\\x{octet:x2}");
        }

        return text.Append('\'').ToString();
    }

    public static string Bit(bool value) => value ? "1" : "0";

    /// <summary>A table's content: keys, tags and values.</summary>
    public static string Table(ReadOnlySpan<byte> content)
    {
        var fields = new List<string>();
        foreach (var field in new FieldTableReader(content))
            fields.Add($"{Encoding.UTF8.GetString(field.Key)}:{Value(field.Value)}");
        return $"{{{string.Join(", ", fields)}}}";
    }

    private static string Value(FieldView value)
    {
        var tag = (char)value.Type;
        if (value.TryGetTable(out _))
            return $"{tag}={Table(value.Data)}";
        if (!value.TryGetArray(out var array))
        {
            return value.Type is FieldType.String or FieldType.Binary
                ? $"{tag}={Quote(value.Data)}"
                : $"{tag}={value.ToString()}";
        }

        var elements = new List<string>();
        foreach (var element in array)
            elements.Add(Value(element));
        return $"{tag}=[{string.Join(", ", elements)}]";
    }

    private static string DescribeMethod(Frame frame)
    {
        if (MethodCatalog.Find(frame.Method) is not { } probe)
            return $"unknown method {Quote(frame.Payload)}";
        return probe.TryDescribe(frame.Payload, out var text) ? text : $"malformed {probe.Id}";
    }

    private static string DescribeHeader(ReadOnlySpan<byte> payload)
    {
        if (!ContentHeader.TryRead(payload, out var header))
            return "malformed header";
        var text = $"header class={header.ClassId} body={header.BodyBytes}";
        return BasicPropertiesReader.TryRead(header.Properties, out var properties)
            ? text + DescribeProperties(properties)
            : text + " malformed properties";
    }

    private static string DescribeProperties(BasicPropertiesReader properties)
    {
        var text = new StringBuilder();
        Add(properties.Has(BasicProperty.ContentType), "content-type", Quote(properties.ContentType));
        Add(properties.Has(BasicProperty.ContentEncoding), "content-encoding", Quote(properties.ContentEncoding));
        Add(properties.Has(BasicProperty.Headers), "headers", Headers(properties.Headers));
        Add(properties.Has(BasicProperty.DeliveryMode), "delivery-mode", $"{properties.DeliveryMode}");
        Add(properties.Has(BasicProperty.Priority), "priority", $"{properties.Priority}");
        Add(properties.Has(BasicProperty.CorrelationId), "correlation-id", Quote(properties.CorrelationId));
        Add(properties.Has(BasicProperty.ReplyTo), "reply-to", Quote(properties.ReplyTo));
        Add(properties.Has(BasicProperty.Expiration), "expiration", Quote(properties.Expiration));
        Add(properties.Has(BasicProperty.MessageId), "message-id", Quote(properties.MessageId));
        Add(properties.Has(BasicProperty.Timestamp), "timestamp", $"{properties.Timestamp}");
        Add(properties.Has(BasicProperty.Type), "type", Quote(properties.Type));
        Add(properties.Has(BasicProperty.UserId), "user-id", Quote(properties.UserId));
        Add(properties.Has(BasicProperty.AppId), "app-id", Quote(properties.AppId));
        Add(properties.Has(BasicProperty.ClusterId), "cluster-id", Quote(properties.ClusterId));
        return text.ToString();

        void Add(bool isPresent, string name, string value)
        {
            if (isPresent)
                text.Append(CultureInfo.InvariantCulture, $" {name}={value}");
        }
    }

    private static string Headers(ReadOnlySpan<byte> content)
    {
        var fault = FieldTableReader.Validate(content, FieldTableLimits.Default);
        return fault == FieldTableFault.None ? Table(content) : $"({fault})";
    }
}
