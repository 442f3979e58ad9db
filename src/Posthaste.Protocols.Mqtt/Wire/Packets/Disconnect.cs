using Posthaste.Protocols.Mqtt.Wire.Properties;

namespace Posthaste.Protocols.Mqtt.Wire.Packets;

/// <summary>
/// DISCONNECT: the last packet, client to server, in MQTT 5 either way.
/// <code>
///  +-------------+------------+
///  | reason code | properties |    MQTT 5 may leave out the properties if there are none, and the reason code too if
///  | u8          | varint ... |    it is 0; 3.x has neither.
///  +-------------+------------+
/// </code>
/// </summary>
/// <remarks>
/// Session expiry is for clients only and server reference for servers only: the session checks that
/// [MQTT-3.14.2-2].
/// </remarks>
public readonly ref struct Disconnect : IPacket<Disconnect>
{
    public ReasonCode Code { get; init; }

    public PropertyList Properties { get; init; }

    public byte FirstOctet => (byte)PacketType.Disconnect << 4;

    public static bool TryRead(Packet packet, MqttVersion version, out Disconnect content, out WireError error)
    {
        var reader = new PacketReader(packet.Body);
        reader.ReasonAndProperties(
            PacketType.Disconnect, PropertyScope.Disconnect, version, out var code, out var properties);
        content = new Disconnect { Code = code, Properties = properties };
        return reader.IsSound(out error);
    }

    public int GetBodyBytes(MqttVersion version) => PacketFrame.ReasonBytes(version, Code, Properties);

    public void WriteBody(ref PacketWriter writer, MqttVersion version) =>
        writer.ReasonAndProperties(version, Code, Properties);
}
