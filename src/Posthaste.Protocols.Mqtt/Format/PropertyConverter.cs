using System.Buffers;
using Posthaste.Broker.Formats;
using Posthaste.Broker.Queues;
using Posthaste.Protocols.Mqtt.Wire;
using Posthaste.Protocols.Mqtt.Wire.Properties;

namespace Posthaste.Protocols.Mqtt.Format;

/// <summary>
/// Writes what other protocols published as properties of MQTT 5. Works on buffers of its thread: what it gives out is
/// valid until the next message.
/// </summary>
internal sealed class PropertyConverter
{
    private const int MsPerSecond = 1000;

    // What a message with some hundred headers takes. More is given back when the next message is converted.
    private const int KeptBytesMax = 64 * 1024;

    [ThreadStatic]
    private static PropertyConverter? _forThisThread;

    private ArrayBufferWriter<byte> _properties = new();
    private ArrayBufferWriter<byte> _text = new();

    private PropertyConverter()
    {
    }

    public static PropertyConverter ForThisThread => _forThisThread ??= new PropertyConverter();

    /// <summary>The properties, without the expiry.</summary>
    public ReadOnlySpan<byte> Convert(scoped in DeliveredMessage message, MessageFormats formats, out uint? expiryS)
    {
        var canonical = MessageProperties.ForThisThread;
        formats.Read(in message, canonical);
        return Write(canonical, out expiryS);
    }

    /// <summary>As the other, for a message that comes from no queue.</summary>
    public ReadOnlySpan<byte> Convert(
        scoped in Core.Messages.MessageView message, MessageFormats formats, out uint? expiryS)
    {
        var canonical = MessageProperties.ForThisThread;
        formats.Read(in message, canonical);
        return Write(canonical, out expiryS);
    }

    private ReadOnlySpan<byte> Write(MessageProperties from, out uint? expiryS)
    {
        Reset();

        // In whole seconds; what is less than one is one.
        expiryS = from.ExpirationMs is { } ms
            ? (uint)long.Min(uint.MaxValue, long.Max(1, (ms + MsPerSecond - 1) / MsPerSecond))
            : null;
        from.MoveToHeaders(MqttFormat.Carried);
        if (from.IsBodyText)
            WriteNumber(PropertyId.PayloadFormatIndicator, 1);
        WriteText(from, CarriedProperties.ContentType, PropertyId.ContentType, from.ContentType);
        WriteCorrelation(from);
        WriteReplyTo(from);
        for (var i = 0; i < from.HeaderCount; i++)
            WriteHeader(from.Header(i));
        return _properties.WrittenSpan;
    }

    private void WriteNumber(PropertyId id, uint value)
    {
        var writer = new PropertyWriter(_properties.GetSpan(PropertyWriter.NumberBytesMax));
        writer.Number(id, value);
        _properties.Advance(writer.Written);
    }

    private void WriteText(MessageProperties from, CarriedProperties carried, PropertyId id, ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty)
            return;
        if (text.Length > Utf8Text.BytesMax || !Utf8Text.IsValid(text))
            from.MoveToHeaders(carried);
        else
            WriteBytes(id, text);
    }

    private void WriteCorrelation(MessageProperties from)
    {
        if (from.CorrelationId.Length > Utf8Text.BytesMax)
            from.MoveToHeaders(CarriedProperties.CorrelationId);
        else if (!from.CorrelationId.IsEmpty)
            WriteBytes(PropertyId.CorrelationData, from.CorrelationId);
    }

    private void WriteReplyTo(MessageProperties from)
    {
        if (from.ReplyTo.IsNone)
            return;
        if (ReplyTopics.TryWrite(from.ReplyTo, _text))
            WriteBytes(PropertyId.ResponseTopic, _text.WrittenSpan);
        else
            from.MoveToHeaders(CarriedProperties.ReplyTo);
    }

    /// <summary>
    /// A header as a user property: its value as text. A name that is no text, or what is longer than the 65,535 bytes
    /// that MQTT has for a string, has no way to be said.
    /// </summary>
    private void WriteHeader(MessageHeader header)
    {
        _text.ResetWrittenCount();
        FieldText.Write(header.Value, _text);
        if (header.Name.Length > Utf8Text.BytesMax || _text.WrittenCount > Utf8Text.BytesMax
            || !Utf8Text.IsValid(header.Name))
        {
            return;
        }

        var writer = new PropertyWriter(
            _properties.GetSpan(PropertyWriter.GetBytes(header.Name, _text.WrittenSpan)));
        writer.UserProperty(header.Name, _text.WrittenSpan);
        _properties.Advance(writer.Written);
    }

    private void WriteBytes(PropertyId id, ReadOnlySpan<byte> value)
    {
        var writer = new PropertyWriter(_properties.GetSpan(PropertyWriter.GetBytes(value)));
        writer.Bytes(id, value);
        _properties.Advance(writer.Written);
    }

    private void Reset()
    {
        if (_properties.Capacity > KeptBytesMax)
            _properties = new ArrayBufferWriter<byte>();
        if (_text.Capacity > KeptBytesMax)
            _text = new ArrayBufferWriter<byte>();
        _properties.ResetWrittenCount();
    }
}
