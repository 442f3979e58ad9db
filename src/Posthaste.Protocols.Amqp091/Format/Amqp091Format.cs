using System.Buffers.Text;
using System.Text;
using Posthaste.Broker.Formats;
using Posthaste.Core.Messages;
using Posthaste.Primitives.Tables;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Content;

namespace Posthaste.Protocols.Amqp091.Format;

/// <summary>
/// What the broker reads of messages that were published by AMQP 0-9-1, after their publisher is gone.
/// </summary>
public sealed class Amqp091Format : IMessageFormat
{
    // A field that was too long for its place comes in a header; a shorter one there is an application's own.
    private const CarriedProperties Longs =
        CarriedProperties.ContentType | CarriedProperties.ContentEncoding | CarriedProperties.CorrelationId
        | CarriedProperties.ReplyTo | CarriedProperties.MessageId | CarriedProperties.Type | CarriedProperties.AppId;

    public PropertyFormat Format => PropertyFormat.Amqp091;

    public void ReadProperties(in MessageView message, MessageProperties into)
    {
        ArgumentNullException.ThrowIfNull(into);
        var properties = Read(message);
        into.ContentType = properties.ContentType;
        into.ContentEncoding = properties.ContentEncoding;
        into.SetCorrelationText(properties.CorrelationId);
        into.SetReplyText(properties.ReplyTo);
        into.MessageId = properties.MessageId;
        into.Type = properties.Type;
        into.UserId = properties.UserId;
        into.AppId = properties.AppId;
        if (properties.Has(BasicProperty.Priority))
            into.Priority = properties.Priority;
        if (properties.Has(BasicProperty.Timestamp))
            into.TimestampS = properties.Timestamp;
        if (Utf8Parser.TryParse(properties.Expiration, out long expirationMs, out var used)
            && used == properties.Expiration.Length)
        {
            into.ExpirationMs = expirationMs;
        }

        foreach (var header in new FieldTableReader(properties.Headers))
        {
            if (!TryTake(header.Key, header.Value, into))
                into.AddHeader(header.Key, header.Value);
        }

        if (!properties.ClusterId.IsEmpty)
            into.AddHeader("x-cluster-id"u8, properties.ClusterId);
    }

    public bool TryReadHeader(in MessageView message, string name, out FieldValue value) =>
        HeaderLookup.TryGet(Read(message).Headers, name, out value);

    public IReadOnlyList<byte[]> ReadExtraRoutingKeys(in MessageView message) =>
        DeathHeaders.HasLostCc(message) ? [] : RoutingHeaders.ReadCc(Read(message).Headers);

    public string? ReadExpiration(in MessageView message)
    {
        var properties = Read(message);
        return properties.Has(BasicProperty.Expiration) ? Encoding.UTF8.GetString(properties.Expiration) : null;
    }

    public byte ReadPriority(in MessageView message) => Read(message).Priority;

    public ReleasedProperties Release(in MessageView message)
    {
        var properties = Read(message);
        if (properties.Headers.IsEmpty)
            return new(null, []);
        var edit = new BasicPropertiesEdit(properties);
        edit.SetHeaders(
            FieldTableCodec.Encode(RoutingHeaders.Released(new FieldTableReader(properties.Headers).ToTable())));
        var released = new byte[edit.Bytes];
        edit.Write(released);
        return new(released, DeathHeaders.HasLostCc(message) ? [] : RoutingHeaders.ReadAll(properties.Headers));
    }

    /// <summary>
    /// Properties in canonical form as AMQP's consumers get them: flags and list, valid until the next call on this
    /// thread.
    /// </summary>
    /// <param name="properties">The canonical form; changed by it.</param>
    /// <param name="bytesMax">
    /// Bytes that they may take, at least 4,000; headers beyond are left out and counted.
    /// </param>
    public static ReadOnlySpan<byte> Write(MessageProperties properties, int bytesMax)
    {
        ArgumentNullException.ThrowIfNull(properties);
        return CanonicalWriter.Write(properties, bytesMax);
    }

    private static bool TryTake(ReadOnlySpan<byte> name, FieldView value, MessageProperties into) =>
        value.TryGetString(out var text)
        && (text.Length > ShortStrings.BytesMax
            ? into.TryTakeCarried(Longs, name, text)
            : into.TryTakeCarried(CarriedProperties.BodyIsText, name, text));

    // Properties were checked when the message came; damage since then is found by the checksums of storage.
    private static BasicPropertiesReader Read(in MessageView message)
    {
        BasicPropertiesReader.TryRead(message.Properties, out var properties);
        return properties;
    }
}
