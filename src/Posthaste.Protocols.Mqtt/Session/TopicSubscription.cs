using Posthaste.Protocols.Mqtt.Wire;
using Posthaste.Protocols.Mqtt.Wire.Packets;

namespace Posthaste.Protocols.Mqtt.Session;

/// <summary>One subscription of a client, as granted. Immutable.</summary>
/// <param name="Filter">The topic filter, with its share if it has one.</param>
internal sealed record TopicSubscription(string Filter)
{
    /// <summary>Highest QoS of deliveries.</summary>
    public QoS MaxQoS { get; init; }

    /// <summary>What the client itself publishes does not come back to it.</summary>
    public bool NoLocal { get; init; }

    /// <summary>Deliveries keep the RETAIN flag that their publisher set.</summary>
    public bool RetainAsPublished { get; init; }

    /// <summary>Which retained messages the subscription asks for.</summary>
    public RetainHandling Retained { get; init; }

    /// <summary>
    /// Its messages come through the session's queue for QoS 1 and 2. Once there they stay there, also when the client
    /// asks for QoS 0 later: what waits in the queue is not lost [MQTT-3.8.4-3].
    /// </summary>
    public bool UsesSessionQueue { get; init; }

    /// <summary>Comes back with every delivery; 0 for none.</summary>
    public uint Identifier { get; init; }
}
