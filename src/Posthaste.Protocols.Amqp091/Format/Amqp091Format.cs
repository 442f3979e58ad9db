using System.Text;
using Posthaste.Broker.Formats;
using Posthaste.Core.Messages;
using Posthaste.Primitives.Tables;
using Posthaste.Protocols.Amqp091.Wire.Content;

namespace Posthaste.Protocols.Amqp091.Format;

/// <summary>
/// What the broker reads of messages that were published by AMQP 0-9-1, after their publisher is gone.
/// </summary>
internal sealed class Amqp091Format : IMessageFormat
{
    public PropertyFormat Format => PropertyFormat.Amqp091;

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

    // Properties were checked when the message came; damage since then is found by the checksums of storage.
    private static BasicPropertiesReader Read(in MessageView message)
    {
        BasicPropertiesReader.TryRead(message.Properties, out var properties);
        return properties;
    }
}
