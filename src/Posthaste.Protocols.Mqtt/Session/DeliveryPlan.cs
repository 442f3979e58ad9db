using Posthaste.Protocols.Mqtt.Wire;
using Posthaste.Protocols.Mqtt.Wire.Properties;

namespace Posthaste.Protocols.Mqtt.Session;

/// <summary>What a client's subscriptions together say about the messages of one topic.</summary>
/// <param name="Matches">Whether any matches; if not the rest says nothing.</param>
/// <param name="MaxQoS">The highest QoS among those that match [MQTT-3.3.4-2].</param>
/// <param name="RetainAsPublished">One of them keeps the RETAIN flag.</param>
/// <param name="UsesSessionQueue">One of them gets its messages through the session's queue: so come all.</param>
/// <param name="Identifiers">Their subscription identifiers [MQTT-3.3.4-4], encoded as properties.</param>
internal readonly record struct Grant(
    bool Matches, QoS MaxQoS, bool RetainAsPublished, bool UsesSessionQueue, byte[] Identifiers)
{
    public static Grant None { get; } = new(false, QoS.AtMostOnce, false, false, []);

    /// <summary>For a message that is sure to be meant for the client.</summary>
    public static Grant OfCopy(QoS qos) => None with { Matches = true, MaxQoS = qos };

    /// <summary>Combines the subscriptions that match.</summary>
    /// <param name="matching">All of them.</param>
    /// <param name="isLocal">The message is the client's own, which some do not want back [MQTT-3.8.3-3].</param>
    public static Grant Of(List<TopicSubscription> matching, bool isLocal)
    {
        var grant = None;
        var identifierCount = 0;
        foreach (var subscription in matching)
        {
            if (isLocal && subscription.NoLocal)
                continue;
            grant = grant with
            {
                Matches = true,
                MaxQoS = (QoS)byte.Max((byte)grant.MaxQoS, (byte)subscription.MaxQoS),
                RetainAsPublished = grant.RetainAsPublished || subscription.RetainAsPublished,
                UsesSessionQueue = grant.UsesSessionQueue || subscription.UsesSessionQueue,
            };
            if (subscription.Identifier != 0)
                identifierCount++;
        }

        return identifierCount == 0
            ? grant
            : grant with { Identifiers = Encode(matching, isLocal, identifierCount) };
    }

    private static byte[] Encode(List<TopicSubscription> matching, bool isLocal, int count)
    {
        Span<byte> encoded = new byte[count * PropertyWriter.NumberBytesMax];
        var writer = new PropertyWriter(encoded);
        foreach (var subscription in matching)
        {
            if (subscription.Identifier != 0 && !(isLocal && subscription.NoLocal))
                writer.Number(PropertyId.SubscriptionIdentifier, subscription.Identifier);
        }

        return encoded[..writer.Written].ToArray();
    }
}

/// <summary>
/// How messages of one topic go to one client. Derived once per topic and kept while nothing changes.
/// </summary>
internal sealed class DeliveryPlan
{
    /// <summary>The topic name; empty if the key is none.</summary>
    public required byte[] Topic { get; init; }

    /// <summary>For what others publish.</summary>
    public required Grant Remote { get; init; }

    /// <summary>For what the client publishes itself.</summary>
    public required Grant Local { get; init; }

    /// <summary>The alias that stands for the topic; 0 for none.</summary>
    public ushort Alias { get; set; }

    /// <summary>The topic was delivered before: worth an alias.</summary>
    public bool IsUsed { get; set; }
}
