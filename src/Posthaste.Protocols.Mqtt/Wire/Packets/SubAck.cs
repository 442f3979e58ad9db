using Posthaste.Protocols.Mqtt.Wire.Properties;

namespace Posthaste.Protocols.Mqtt.Wire.Packets;

/// <summary>
/// SUBACK, server to client: a code for each filter, in their order: the granted QoS or a failure.
/// <code>
///  +-----------+------------+--------+----
///  | packet id | properties | code   | ...
///  | u16       | MQTT 5     | u8     |
///  +-----------+------------+--------+----
/// </code>
/// </summary>
public readonly ref struct SubAck : IPacket<SubAck>
{
    /// <summary>The SUBSCRIBE's.</summary>
    public ushort PacketId { get; init; }

    public PropertyList Properties { get; init; }

    /// <summary>
    /// Reason codes. 3.1.1 is told 0x80 of every failure. 3.1 has no word for one: a server should close instead.
    /// </summary>
    public ReadOnlySpan<byte> Codes { get; init; }

    public byte FirstOctet => (byte)PacketType.SubAck << 4;

    public static bool TryRead(Packet packet, MqttVersion version, out SubAck content, out WireError error)
    {
        var reader = new PacketReader(packet.Body);
        var id = reader.PacketId();
        var properties = reader.Properties(version, PropertyScope.SubAck);
        var codes = reader.Codes(PacketType.SubAck, version);
        content = new SubAck { PacketId = id, Properties = properties, Codes = codes };
        return reader.IsSound(out error);
    }

    public int GetBodyBytes(MqttVersion version) =>
        sizeof(ushort) + PacketFrame.PropertiesBytes(version, Properties.Encoded.Length) + Codes.Length;

    public void WriteBody(ref PacketWriter writer, MqttVersion version)
    {
        writer.UInt16(PacketId);
        writer.Properties(version, Properties.Encoded);
        foreach (var code in Codes)
        {
            var isTranslated = version != MqttVersion.V5 && ((ReasonCode)code).IsFailure();
            writer.UInt8(isTranslated ? (byte)ReasonCode.UnspecifiedError : code);
        }
    }
}
