using Posthaste.Protocols.Mqtt.Wire.Properties;

namespace Posthaste.Protocols.Mqtt.Wire.Packets;

/// <summary>
/// UNSUBACK, server to client: in MQTT 5 a code for each filter, in their order; in 3.x the packet id alone.
/// <code>
///  +-----------+------------+--------+----
///  | packet id | properties | code   | ...
///  | u16       | MQTT 5     | u8     |
///  +-----------+------------+--------+----
/// </code>
/// </summary>
public readonly ref struct UnsubAck : IPacket<UnsubAck>
{
    /// <summary>The UNSUBSCRIBE's.</summary>
    public ushort PacketId { get; init; }

    public PropertyList Properties { get; init; }

    /// <summary>Reason codes; not written for 3.x.</summary>
    public ReadOnlySpan<byte> Codes { get; init; }

    public byte FirstOctet => (byte)PacketType.UnsubAck << 4;

    public static bool TryRead(Packet packet, MqttVersion version, out UnsubAck content, out WireError error)
    {
        var reader = new PacketReader(packet.Body);
        var id = reader.PacketId();
        var properties = reader.Properties(version, PropertyScope.UnsubAck);
        var codes = version == MqttVersion.V5 ? reader.Codes(PacketType.UnsubAck, version) : default;
        content = new UnsubAck { PacketId = id, Properties = properties, Codes = codes };
        return reader.IsSound(out error);
    }

    public int GetBodyBytes(MqttVersion version) => version == MqttVersion.V5
        ? sizeof(ushort) + PacketFrame.PropertiesBytes(version, Properties.Encoded.Length) + Codes.Length
        : sizeof(ushort);

    public void WriteBody(ref PacketWriter writer, MqttVersion version)
    {
        writer.UInt16(PacketId);
        writer.Properties(version, Properties.Encoded);
        if (version == MqttVersion.V5)
            writer.Bytes(Codes);
    }
}
