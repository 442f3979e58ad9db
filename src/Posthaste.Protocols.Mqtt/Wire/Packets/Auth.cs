using Posthaste.Protocols.Mqtt.Wire.Properties;

namespace Posthaste.Protocols.Mqtt.Wire.Packets;

/// <summary>
/// AUTH, MQTT 5, either way: a step of enhanced authentication. Its shape is DISCONNECT's.
/// </summary>
public readonly ref struct Auth : IPacket<Auth>
{
    /// <summary>Success, continue or re-authenticate.</summary>
    public ReasonCode Code { get; init; }

    /// <summary>With the authentication method, except in the shortest form, a success without words.</summary>
    public PropertyList Properties { get; init; }

    public byte FirstOctet => (byte)PacketType.Auth << 4;

    public static bool TryRead(Packet packet, MqttVersion version, out Auth content, out WireError error)
    {
        content = default;
        if (version != MqttVersion.V5) // Table 2.1 of 3.1.1: type 15 is forbidden.
        {
            error = WireError.Malformed("AUTH in MQTT 3");
            return false;
        }

        var reader = new PacketReader(packet.Body);
        reader.ReasonAndProperties(PacketType.Auth, PropertyScope.Auth, version, out var code, out var properties);
        if (!packet.Body.IsEmpty && !properties.Has(PropertyId.AuthenticationMethod)) // Section 3.15.2.2.2
            reader.Fail(WireError.Protocol("AUTH without a method"));
        content = new Auth { Code = code, Properties = properties };
        return reader.IsSound(out error);
    }

    public int GetBodyBytes(MqttVersion version) => PacketFrame.ReasonBytes(version, Code, Properties);

    public void WriteBody(ref PacketWriter writer, MqttVersion version) =>
        writer.ReasonAndProperties(version, Code, Properties);
}
