using Posthaste.Broker.Queues;
using Posthaste.Core.Messages;
using Posthaste.Core.Queues;
using Posthaste.Primitives.Tables;
using Posthaste.Protocols.Amqp091.Format;
using Posthaste.Protocols.Amqp091.Wire.Content;

namespace Posthaste.Protocols.Amqp091.Session;

/// <summary>
/// The properties of a message as a consumer gets them: as they came, byte for byte, unless the broker has something to
/// add (deaths, counters of a quorum queue) or to take away (the expiration of a message that was dead-lettered).
/// </summary>
internal static class DeliveredProperties
{
    public static ReadOnlySpan<byte> Of(in DeliveredMessage delivered)
    {
        var message = delivered.Message;
        if (message.Format != PropertyFormat.Amqp091)
            return BasicPropertiesReader.None;
        var isAsItCame = message.Annotations.IsEmpty && (message.Flags & MessageFlags.ExpirationRemoved) == 0
            && delivered.Counters == default;
        return isAsItCame ? message.Properties : Edit(delivered);
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
