using Posthaste.Broker.Formats;
using Posthaste.Broker.Queues;
using Posthaste.Core.Messages;
using Posthaste.Core.Queues;
using Posthaste.Primitives.Tables;
using Posthaste.Protocols.Amqp091.Format;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Content;

namespace Posthaste.Protocols.Amqp091.Session;

/// <summary>
/// Properties and routing key of a message as a consumer gets them: as they came, byte for byte, if they came by AMQP
/// 0-9-1 and the broker has nothing to add (deaths, counters of a quorum queue) or to take away (the expiration of a
/// message that was dead-lettered). Those of other protocols are converted.
/// </summary>
public readonly ref struct DeliveredProperties
{
    private DeliveredProperties(ReadOnlySpan<byte> properties, ReadOnlySpan<byte> routingKey)
    {
        Encoded = properties;
        RoutingKey = routingKey;
    }

    /// <summary>Flags and list; valid until the next message of this thread.</summary>
    public ReadOnlySpan<byte> Encoded { get; }

    /// <summary>At most 255 bytes; a longer one is whole in the header `x-routing-key`.</summary>
    public ReadOnlySpan<byte> RoutingKey { get; }

    /// <param name="delivered">The message.</param>
    /// <param name="formats">What reads the properties of other protocols.</param>
    /// <param name="frameBytesMax">The connection's frame-max: properties have to fit one frame.</param>
    public static DeliveredProperties Of(in DeliveredMessage delivered, MessageFormats formats, int frameBytesMax)
    {
        var message = delivered.Message;
        if (message.Format == PropertyFormat.Amqp091)
        {
            return new(
                MessageFormats.IsAsItCame(delivered) ? message.Properties : Edit(delivered), message.RoutingKey);
        }

        var canonical = MessageProperties.ForThisThread;
        formats.Read(delivered, canonical);
        return Convert(canonical, message.RoutingKey, frameBytesMax);
    }

    /// <summary>The same for a message that comes from no queue, as a direct reply.</summary>
    public static DeliveredProperties Of(in MessageView message, MessageFormats formats, int frameBytesMax)
    {
        if (message.Format == PropertyFormat.Amqp091)
            return new(message.Properties, message.RoutingKey);
        var canonical = MessageProperties.ForThisThread;
        formats.Read(message, canonical);
        return Convert(canonical, message.RoutingKey, frameBytesMax);
    }

    private static DeliveredProperties Convert(
        MessageProperties canonical, ReadOnlySpan<byte> routingKey, int frameBytesMax)
    {
        var key = routingKey;
        if (key.Length > ShortStrings.BytesMax)
        {
            canonical.AddHeader("x-routing-key"u8, key);
            key = CutAtCharacter(key);
        }

        var bytesMax = frameBytesMax - Frame.OverheadBytes - ContentHeader.FixedBytes;
        return new(CanonicalWriter.Write(canonical, bytesMax), key);
    }

    private static ReadOnlySpan<byte> CutAtCharacter(ReadOnlySpan<byte> utf8)
    {
        var end = ShortStrings.BytesMax;
        while (end > 0 && (utf8[end] & 0b1100_0000) == 0b1000_0000)
            end--;
        return utf8[..end];
    }

    private static ReadOnlySpan<byte> Edit(in DeliveredMessage delivered)
    {
        var message = delivered.Message;
        BasicPropertiesReader.TryRead(message.Properties, out var original);
        var headers = new FieldTableReader(original.Headers).ToTable();
        var added = AddCounters(DeathHeaders.AddTo(headers, message), delivered);
        var edit = new BasicPropertiesEdit(original);
        if (!ReferenceEquals(added, headers))
            edit.SetHeaders(FieldTableCodec.Encode(added));
        if ((message.Flags & MessageFlags.ExpirationRemoved) != 0)
            edit.Remove(BasicProperty.Expiration);
        var encoded = new byte[edit.Bytes];
        edit.Write(encoded);
        return encoded;
    }

    // Classic queues count too, for delivery limits set on them, but do not show it, as in RabbitMQ.
    private static FieldTable AddCounters(FieldTable headers, in DeliveredMessage delivered)
    {
        if (delivered.Queue.Definition.Settings.Type != QueueType.Quorum)
            return headers;
        var counters = delivered.Counters;
        if (counters.DeliveryCount > 0)
            headers = headers.With("x-delivery-count", (long)counters.DeliveryCount);
        return counters.AcquiredCount > 0 ? headers.With("x-acquired-count", (long)counters.AcquiredCount) : headers;
    }
}
