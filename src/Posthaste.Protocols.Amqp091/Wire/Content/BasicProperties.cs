using System.Buffers.Binary;
using System.Text;
using Posthaste.Primitives.Tables;

namespace Posthaste.Protocols.Amqp091.Wire.Content;

/// <summary>
/// The properties of a message as an object: for tools, tests and clients. The broker's own paths read them in place
/// (<see cref="BasicPropertiesReader"/>) and change single ones (<see cref="BasicPropertiesEdit"/>), which keeps
/// every other byte. Null means absent.
/// </summary>
public sealed class BasicProperties
{
    public string? ContentType { get; set; }

    public string? ContentEncoding { get; set; }

    public FieldTable? Headers { get; set; }

    /// <summary>1 transient, 2 persistent.</summary>
    public byte? DeliveryMode { get; set; }

    public byte? Priority { get; set; }

    public string? CorrelationId { get; set; }

    public string? ReplyTo { get; set; }

    /// <summary>Time to live in milliseconds, as decimal text.</summary>
    public string? Expiration { get; set; }

    public string? MessageId { get; set; }

    /// <summary>Seconds since 1970-01-01 UTC.</summary>
    public ulong? Timestamp { get; set; }

    public string? Type { get; set; }

    public string? UserId { get; set; }

    public string? AppId { get; set; }

    public string? ClusterId { get; set; }

    /// <summary>
    /// Decodes flags and list. False if they are damaged, or if the headers are damaged or exceed the default
    /// limits. Bytes of short strings that are not UTF-8 become replacement characters.
    /// </summary>
    public static bool TryDecode(
        ReadOnlySpan<byte> encoded, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out BasicProperties? properties)
    {
        properties = null;
        if (!BasicPropertiesReader.TryRead(encoded, out var reader)
            || !FieldTableCodec.TryDecode(reader.Headers, out var headers))
        {
            return false;
        }

        properties = new BasicProperties
        {
            ContentType = Text(reader, BasicProperty.ContentType),
            ContentEncoding = Text(reader, BasicProperty.ContentEncoding),
            Headers = reader.Has(BasicProperty.Headers) ? headers : null,
            DeliveryMode = reader.Has(BasicProperty.DeliveryMode) ? reader.DeliveryMode : null,
            Priority = reader.Has(BasicProperty.Priority) ? reader.Priority : null,
            CorrelationId = Text(reader, BasicProperty.CorrelationId),
            ReplyTo = Text(reader, BasicProperty.ReplyTo),
            Expiration = Text(reader, BasicProperty.Expiration),
            MessageId = Text(reader, BasicProperty.MessageId),
            Timestamp = reader.Has(BasicProperty.Timestamp) ? reader.Timestamp : null,
            Type = Text(reader, BasicProperty.Type),
            UserId = Text(reader, BasicProperty.UserId),
            AppId = Text(reader, BasicProperty.AppId),
            ClusterId = Text(reader, BasicProperty.ClusterId),
        };
        return true;
    }

    /// <summary>Flags and list in an array of their own.</summary>
    /// <exception cref="ArgumentException">A text takes more than 255 bytes.</exception>
    public byte[] Encode()
    {
        var list = new List<byte>(64) { 0, 0 };
        var flags = 0;
        Add(BasicProperty.ContentType, ShortString(ContentType));
        Add(BasicProperty.ContentEncoding, ShortString(ContentEncoding));
        Add(BasicProperty.Headers, Headers is null ? null : Prefixed(FieldTableCodec.Encode(Headers)));
        Add(BasicProperty.DeliveryMode, DeliveryMode is { } mode ? [mode] : null);
        Add(BasicProperty.Priority, Priority is { } priority ? [priority] : null);
        Add(BasicProperty.CorrelationId, ShortString(CorrelationId));
        Add(BasicProperty.ReplyTo, ShortString(ReplyTo));
        Add(BasicProperty.Expiration, ShortString(Expiration));
        Add(BasicProperty.MessageId, ShortString(MessageId));
        Add(BasicProperty.Timestamp, Timestamp is { } seconds ? BigEndian(seconds) : null);
        Add(BasicProperty.Type, ShortString(Type));
        Add(BasicProperty.UserId, ShortString(UserId));
        Add(BasicProperty.AppId, ShortString(AppId));
        Add(BasicProperty.ClusterId, ShortString(ClusterId));

        byte[] encoded = [.. list];
        BinaryPrimitives.WriteUInt16BigEndian(encoded, (ushort)flags);
        return encoded;

        void Add(BasicProperty property, byte[]? value)
        {
            if (value is null)
                return;
            flags |= property.Flag();
            list.AddRange(value);
        }
    }

    private static string? Text(BasicPropertiesReader reader, BasicProperty property) =>
        reader.Has(property) ? Encoding.UTF8.GetString(reader.Value(property)[1..]) : null;

    private static byte[]? ShortString(string? text)
    {
        if (text is null)
            return null;
        var bytes = ShortStrings.Encode(text);
        return [(byte)bytes.Length, .. bytes];
    }

    private static byte[] Prefixed(byte[] table)
    {
        var value = new byte[sizeof(uint) + table.Length];
        BinaryPrimitives.WriteInt32BigEndian(value, table.Length);
        table.CopyTo(value, sizeof(uint));
        return value;
    }

    private static byte[] BigEndian(ulong number)
    {
        var bytes = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, number);
        return bytes;
    }
}
