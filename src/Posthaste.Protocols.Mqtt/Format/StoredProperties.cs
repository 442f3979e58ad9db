using Posthaste.Protocols.Mqtt.Wire.Properties;

namespace Posthaste.Protocols.Mqtt.Format;

/// <summary>
/// The property section of a stored publish: its facts, then its properties without those that are not the message's
/// own. See <see cref="PublishFacts"/>.
/// </summary>
internal static class StoredProperties
{
    /// <summary>Seconds to live; null for ever.</summary>
    public static uint? ExpiryOf(PropertyList properties) =>
        properties.TryFind(PropertyId.MessageExpiryInterval, out var expiry) ? expiry.Number : null;

    /// <summary>Bytes that <see cref="Write"/> writes.</summary>
    public static int GetBytes(in PublishFacts facts, PropertyList properties)
    {
        if (!HasOthers(properties))
            return facts.Bytes + properties.Encoded.Length;
        var bytes = facts.Bytes;
        foreach (var property in properties)
        {
            if (IsKept(property.Id))
                bytes += property.Encoded.Length;
        }

        return bytes;
    }

    public static void Write(Span<byte> to, in PublishFacts facts, PropertyList properties)
    {
        facts.Write(to);
        to = to[facts.Bytes..];
        if (!HasOthers(properties))
        {
            properties.Encoded.CopyTo(to);
            return;
        }

        foreach (var property in properties)
        {
            if (!IsKept(property.Id))
                continue;
            property.Encoded.CopyTo(to);
            to = to[property.Encoded.Length..];
        }
    }

    private static bool HasOthers(PropertyList properties) =>
        properties.Has(PropertyId.MessageExpiryInterval) || properties.Has(PropertyId.TopicAlias)
        || properties.Has(PropertyId.WillDelayInterval);

    private static bool IsKept(PropertyId id) => id
        is not (PropertyId.MessageExpiryInterval or PropertyId.TopicAlias or PropertyId.WillDelayInterval);
}
