using System.Buffers.Binary;
using System.Buffers.Text;
using Posthaste.Broker.Formats;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Content;

namespace Posthaste.Protocols.Amqp091.Format;

/// <summary>
/// Writes properties from their canonical form, for consumers of messages that another protocol published. The tables
/// are in docs/protocols/mapping.md.
/// </summary>
/// <remarks>
/// What does not fit where AMQP would have it goes into headers: texts of more than 255 bytes, and headers with longer
/// names (`x-long-headers`). Properties have to fit one frame: what there is no room for is counted in
/// `x-omitted-headers`. Headers of the same name become one with an array, in the place of the first, because AMQP's
/// clients keep tables as maps. Allocates nothing after the first messages.
/// </remarks>
internal static class CanonicalWriter
{
    private const byte Persistent = 2;
    private const byte Transient = 1;
    private const int LengthBytes = sizeof(uint);

    // Fields other than headers: ten short strings at most, and small numbers.
    private const int FieldBytesMax = 10 * (1 + ShortStrings.BytesMax) + 32;

    [ThreadStatic]
    private static byte[]? _buffer;

    /// <summary>
    /// Flags and list, valid until the next call on this thread. Changes the properties: what AMQP has no field for
    /// becomes headers.
    /// </summary>
    /// <param name="properties">The canonical form.</param>
    /// <param name="bytesMax">Bytes that a header frame has for them; at least 4,000.</param>
    public static ReadOnlySpan<byte> Write(MessageProperties properties, int bytesMax)
    {
        properties.MoveToHeaders(WithoutField(properties));
        properties.LinkRepeated();
        var headers = new HeadersWriter(properties, bytesMax - FieldBytesMax);
        var buffer = Buffer(FieldBytesMax + headers.BytesMax);
        var list = new ListWriter(buffer);
        list.ShortString(BasicProperty.ContentType, properties.ContentType);
        list.ShortString(BasicProperty.ContentEncoding, properties.ContentEncoding);
        if (properties.HeaderCount > 0)
            list.Headers(headers);
        list.Octet(BasicProperty.DeliveryMode, properties.IsPersistent ? Persistent : Transient);
        if (properties.Priority is { } priority)
            list.Octet(BasicProperty.Priority, priority);
        list.CorrelationId(properties.CorrelationId);
        list.ReplyTo(properties.ReplyTo);
        if (properties.ExpirationMs is { } expirationMs)
            list.Expiration(expirationMs);
        list.ShortString(BasicProperty.MessageId, properties.MessageId);
        if (properties.TimestampS is { } timestamp)
            list.Timestamp(timestamp);
        list.ShortString(BasicProperty.Type, properties.Type);
        list.ShortString(BasicProperty.UserId, properties.UserId);
        list.ShortString(BasicProperty.AppId, properties.AppId);
        return list.Finish();
    }

    /// <summary>Properties that have no field, or are too long for theirs.</summary>
    private static CarriedProperties WithoutField(MessageProperties properties)
    {
        var which = CarriedProperties.BodyIsText;
        Check(properties.ContentType.Length, CarriedProperties.ContentType);
        Check(properties.ContentEncoding.Length, CarriedProperties.ContentEncoding);
        Check(BinaryText.GetBytes(properties.CorrelationId), CarriedProperties.CorrelationId);
        Check(properties.ReplyTo.TextBytes, CarriedProperties.ReplyTo);
        Check(properties.MessageId.Length, CarriedProperties.MessageId);
        Check(properties.Type.Length, CarriedProperties.Type);
        Check(properties.UserId.Length, CarriedProperties.UserId);
        Check(properties.AppId.Length, CarriedProperties.AppId);
        return which;

        void Check(int bytes, CarriedProperties property)
        {
            if (bytes > ShortStrings.BytesMax)
                which |= property;
        }
    }

    private static byte[] Buffer(int bytes)
    {
        const int FirstBytes = 8192;
        if (_buffer is null || _buffer.Length < bytes)
            _buffer = new byte[int.Max(FirstBytes, bytes)];
        return _buffer;
    }

    /// <summary>The list behind the flags; an empty text is not written.</summary>
    private ref struct ListWriter(Span<byte> target)
    {
        private readonly Span<byte> _target = target;
        private int _at = BasicPropertiesReader.FlagsBytes;
        private int _flags;

        public void ShortString(BasicProperty property, ReadOnlySpan<byte> text)
        {
            if (text.IsEmpty)
                return;
            text.CopyTo(_target[(_at + 1)..]);
            EndShortString(property, text.Length);
        }

        public void CorrelationId(ReadOnlySpan<byte> data)
        {
            if (!data.IsEmpty)
                EndShortString(BasicProperty.CorrelationId, BinaryText.Write(data, _target[(_at + 1)..]));
        }

        public void ReplyTo(ReplyAddress address)
        {
            if (!address.IsNone)
                EndShortString(BasicProperty.ReplyTo, address.WriteText(_target[(_at + 1)..]));
        }

        public void Expiration(long ms)
        {
            Utf8Formatter.TryFormat(ms, _target[(_at + 1)..], out var count);
            EndShortString(BasicProperty.Expiration, count);
        }

        public void Octet(BasicProperty property, byte value)
        {
            _target[_at++] = value;
            _flags |= property.Flag();
        }

        public void Timestamp(ulong seconds)
        {
            BinaryPrimitives.WriteUInt64BigEndian(_target[_at..], seconds);
            _at += sizeof(ulong);
            _flags |= BasicProperty.Timestamp.Flag();
        }

        public void Headers(in HeadersWriter headers)
        {
            var bytes = headers.Write(_target[(_at + LengthBytes)..]);
            BinaryPrimitives.WriteInt32BigEndian(_target[_at..], bytes);
            _at += LengthBytes + bytes;
            _flags |= BasicProperty.Headers.Flag();
        }

        public readonly ReadOnlySpan<byte> Finish()
        {
            BinaryPrimitives.WriteUInt16BigEndian(_target, (ushort)_flags);
            return _target[.._at];
        }

        private void EndShortString(BasicProperty property, int bytes)
        {
            _target[_at] = (byte)bytes;
            _at += 1 + bytes;
            _flags |= property.Flag();
        }
    }
}
