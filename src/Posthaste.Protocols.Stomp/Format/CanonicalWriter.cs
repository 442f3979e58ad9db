using System.Buffers;
using System.Globalization;
using Posthaste.Broker.Formats;
using Posthaste.Protocols.Stomp.Wire;

namespace Posthaste.Protocols.Stomp.Format;

/// <summary>
/// Writes properties from their canonical form as header lines, for readers of messages that another protocol
/// published. The tables are in docs/protocols/mapping.md.
/// </summary>
/// <remarks>
/// An application's header whose name means something else in a MESSAGE frame (`destination`, `ack`, `priority`, …) is
/// written as `x-header-NAME`, so that nobody takes it for that. What is no text becomes one; see
/// <see cref="FieldText"/>. Allocates nothing after the first messages.
/// </remarks>
internal sealed class CanonicalWriter
{
    private const int KeptBytesMax = 64 * 1024;
    private const int NumberBytesMax = 20;

    [ThreadStatic]
    private static CanonicalWriter? _forThisThread;

    private ArrayBufferWriter<byte> _lines = new(1024);
    private ArrayBufferWriter<byte> _value = new(256);
    private StompVersion _version;

    /// <summary>
    /// Header lines, valid until the next call on this thread. Changes the properties: what STOMP has no header for
    /// becomes one of the application's.
    /// </summary>
    public static ReadOnlySpan<byte> Write(MessageProperties properties, StompVersion version)
    {
        var writer = Begin(version);
        properties.MoveToHeaders(CarriedProperties.BodyIsText);
        writer.WriteProperties(properties);
        for (var i = 0; i < properties.HeaderCount; i++)
            writer.WriteHeader(properties.Header(i));
        return writer._lines.WrittenSpan;
    }

    /// <summary>
    /// Stored header lines as a version escapes them; valid until the next call on this thread.
    /// </summary>
    public static ReadOnlySpan<byte> Rewrite(ReadOnlySpan<byte> stored, StompVersion version)
    {
        var writer = Begin(version);
        foreach (var line in new HeaderLines(stored))
        {
            writer._value.ResetWrittenCount();
            var value = writer._value.GetSpan(line.Value.Length + 1);
            writer._value.Advance(HeaderText.Unescape(line.Value, value));
            writer.Line(HeaderText.Unescape(line.Name), writer._value.WrittenSpan);
        }

        return writer._lines.WrittenSpan;
    }

    private static CanonicalWriter Begin(StompVersion version)
    {
        var writer = _forThisThread ??= new CanonicalWriter();
        if (writer._lines.Capacity > KeptBytesMax)
            writer._lines = new(1024);
        if (writer._value.Capacity > KeptBytesMax)
            writer._value = new(256);
        writer._lines.ResetWrittenCount();
        writer._version = version;
        return writer;
    }

    private void WriteProperties(MessageProperties properties)
    {
        Text("content-type"u8, properties.ContentType);
        Text("content-encoding"u8, properties.ContentEncoding);
        Number("priority"u8, properties.Priority);
        if (!properties.CorrelationId.IsEmpty)
            Binary("correlation-id"u8, properties.CorrelationId);
        if (!properties.ReplyTo.IsNone)
            Line("reply-to"u8, Destination.FormatReply(properties.ReplyTo.Exchange, properties.ReplyTo.RoutingKey));
        Number("expiration"u8, (ulong?)properties.ExpirationMs);
        Text("amqp-message-id"u8, properties.MessageId);
        Number("timestamp"u8, properties.TimestampS);
        Text("type"u8, properties.Type);
        Text("user-id"u8, properties.UserId);
        Text("app-id"u8, properties.AppId);
    }

    private void WriteHeader(in MessageHeader header)
    {
        _value.ResetWrittenCount();
        FieldText.Write(header.Value, _value);
        if (IsOrdinary(header.Name))
            Line(header.Name, _value.WrittenSpan);
        else
            Line([.. "x-header-"u8, .. ToText(header.Name)], _value.WrittenSpan);
    }

    private static bool IsOrdinary(ReadOnlySpan<byte> name) =>
        !name.IsEmpty && KnownHeaders.Find(name) == KnownHeader.None && FieldText.IsText(name)
        && PropertyHeaderNames.Find(name) == PropertyHeaders.None;

    private static byte[] ToText(ReadOnlySpan<byte> name)
    {
        var target = new byte[BinaryText.GetBytes(name)];
        BinaryText.Write(name, target);
        return target;
    }

    /// <summary>A short string of AMQP may hold any bytes; a NUL among them would end the frame.</summary>
    private void Text(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty)
            return;
        if (FieldText.IsText(value))
            Line(name, value);
        else
            Binary(name, value);
    }

    private void Binary(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        _value.ResetWrittenCount();
        _value.Advance(BinaryText.Write(value, _value.GetSpan(BinaryText.GetBytes(value))));
        Line(name, _value.WrittenSpan);
    }

    private void Number(ReadOnlySpan<byte> name, ulong? number)
    {
        if (number is not { } value)
            return;
        Span<byte> text = stackalloc byte[NumberBytesMax];
        value.TryFormat(text, out var count, default, CultureInfo.InvariantCulture);
        Line(name, text[..count]);
    }

    private void Line(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        var target = _lines.GetSpan(HeaderText.EscapedBytesMax(name.Length + value.Length) + 2);

        // A name always has its colons escaped: it would end at one, in any version.
        var at = HeaderText.Escape(name, StompVersion.V12, target);
        target[at++] = (byte)':';
        at += HeaderText.Escape(value, _version, target[at..]);
        target[at++] = (byte)'\n';
        _lines.Advance(at);
    }
}
