using Posthaste.Protocols.Mqtt.Wire.Properties;

namespace Posthaste.Protocols.Mqtt.Wire.Packets;

/// <summary>
/// CONNACK, server to client: the session stands, or why it does not.
/// <code>
///  +-------------------------+---------------------------+------------+
///  | bit 0: session present  | reason code (MQTT 5) or   | properties |
///  | u8                      | return code (3.x), u8     | MQTT 5     |
///  +-------------------------+---------------------------+------------+
/// </code>
/// </summary>
public readonly ref struct ConnAck : IPacket<ConnAck>
{
    /// <summary>Never with a failure [MQTT-3.2.2-6]. 3.1 has no such flag.</summary>
    public bool SessionPresent { get; init; }

    /// <summary>Translated from and to the return codes of 3.x.</summary>
    public ReasonCode Code { get; init; }

    public PropertyList Properties { get; init; }

    public byte FirstOctet => (byte)PacketType.ConnAck << 4;

    public static bool TryRead(Packet packet, MqttVersion version, out ConnAck content, out WireError error)
    {
        var reader = new PacketReader(packet.Body);
        var flags = reader.UInt8();
        if (flags > 1 && version != MqttVersion.V31) // [MQTT-3.2.2-1]; unused in 3.1.
            reader.Fail(WireError.Malformed("CONNACK with reserved flags"));
        var code = ReasonCode.Success;
        if (version == MqttVersion.V5)
            code = reader.Reason(PacketType.ConnAck);
        else if (!ReasonCodes.TryFromConnectReturnCode(reader.UInt8(), out code))
            reader.Fail(WireError.Malformed("CONNACK with a reserved return code"));
        var properties = reader.Properties(version, PropertyScope.ConnAck);
        reader.CheckAuthentication(properties);
        var isPresent = (flags & 1) != 0 && version != MqttVersion.V31;
        if (isPresent && code != ReasonCode.Success)
            reader.Fail(WireError.Protocol("a refusal with a session")); // [MQTT-3.2.2-6]
        content = new ConnAck { SessionPresent = isPresent, Code = code, Properties = properties };
        return reader.IsSound(out error);
    }

    public int GetBodyBytes(MqttVersion version) =>
        2 + PacketFrame.PropertiesBytes(version, Properties.Encoded.Length);

    public void WriteBody(ref PacketWriter writer, MqttVersion version)
    {
        writer.UInt8(SessionPresent && version != MqttVersion.V31 ? (byte)1 : (byte)0);
        writer.UInt8(version == MqttVersion.V5 ? (byte)Code : ReasonCodes.ToConnectReturnCode(Code));
        writer.Properties(version, Properties.Encoded);
    }
}
