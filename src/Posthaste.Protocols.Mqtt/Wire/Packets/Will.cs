using Posthaste.Protocols.Mqtt.Wire.Properties;

namespace Posthaste.Protocols.Mqtt.Wire.Packets;

/// <summary>The message that CONNECT leaves with the server, to be published when the client is lost.</summary>
public readonly ref struct Will
{
    public QoS QoS { get; init; }

    public bool Retain { get; init; }

    /// <summary>A valid topic name.</summary>
    public ReadOnlySpan<byte> Topic { get; init; }

    /// <summary>At most 65,535 bytes.</summary>
    public ReadOnlySpan<byte> Payload { get; init; }

    public PropertyList Properties { get; init; }
}
