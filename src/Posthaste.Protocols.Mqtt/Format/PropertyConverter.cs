using System.Buffers;
using System.Globalization;
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
        WriteHeaders(from);
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

    private void WriteHeaders(MessageProperties from)
    {
        from.SpreadArrays();
        var omitted = 0;
        for (var i = 0; i < from.HeaderCount; i++)
        {
            var header = from.Header(i);
            _text.ResetWrittenCount();
            FieldText.Write(header.Value, _text);
            if (!TryWriteUserProperty(header.Name, _text.WrittenSpan))
                omitted++;
        }

        if (omitted == 0)
            return;
        Span<byte> count = stackalloc byte[16];
        omitted.TryFormat(count, out var digits, default, CultureInfo.InvariantCulture);
        TryWriteUserProperty("x-omitted-headers"u8, count[..digits]);
    }

    /// <summary>
    /// False if there is no way to say it: it is longer than the 65,535 bytes that MQTT has for a string, or no text.
    /// </summary>
    private bool TryWriteUserProperty(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (name.Length > Utf8Text.BytesMax || value.Length > Utf8Text.BytesMax
            || !Utf8Text.IsValid(name) || !Utf8Text.IsValid(value))
        {
            return false;
        }

        var writer = new PropertyWriter(_properties.GetSpan(PropertyWriter.GetBytes(name, value)));
        writer.UserProperty(name, value);
        _properties.Advance(writer.Written);
        return true;
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
