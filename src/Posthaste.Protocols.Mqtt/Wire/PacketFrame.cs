using Posthaste.Protocols.Mqtt.Wire.Packets;
using Posthaste.Protocols.Mqtt.Wire.Properties;

namespace Posthaste.Protocols.Mqtt.Wire;

/// <summary>Writes whole packets: fixed header and body.</summary>
public static class PacketFrame
{
    /// <summary>A PINGREQ.</summary>
    public static ReadOnlySpan<byte> PingReq => [(byte)PacketType.PingReq << 4, 0];

    /// <summary>A PINGRESP.</summary>
    public static ReadOnlySpan<byte> PingResp => [(byte)PacketType.PingResp << 4, 0];

    /// <summary>Bytes of a packet with a body of so many bytes.</summary>
    public static int GetBytes(int bodyBytes) => 1 + VariableByteInteger.GetBytes((uint)bodyBytes) + bodyBytes;

    /// <summary>Bytes of the packet that <see cref="Write"/> writes.</summary>
    public static int GetBytes<TPacket>(in TPacket packet, MqttVersion version)
        where TPacket : IPacket<TPacket>, allows ref struct =>
        GetBytes(packet.GetBodyBytes(version));

    /// <summary>Writes the packet and returns its length.</summary>
    /// <param name="destination">At least <see cref="GetBytes{TPacket}"/> bytes long.</param>
    /// <param name="packet">The packet; its strings must not exceed 65,535 bytes.</param>
    /// <param name="version">What the connection speaks.</param>
    public static int Write<TPacket>(Span<byte> destination, in TPacket packet, MqttVersion version)
        where TPacket : IPacket<TPacket>, allows ref struct
    {
        var writer = new PacketWriter(destination);
        writer.UInt8(packet.FirstOctet);
        writer.VariableInteger((uint)packet.GetBodyBytes(version));
        packet.WriteBody(ref writer, version);
        return writer.Written;
    }

    /// <summary>Bytes that a list of properties takes with its length: none in 3.x.</summary>
    internal static int PropertiesBytes(MqttVersion version, int encodedBytes) =>
        version == MqttVersion.V5 ? VariableByteInteger.GetBytes((uint)encodedBytes) + encodedBytes : 0;

    /// <summary>Bytes of a reason code and properties that end a packet: what can be left out is.</summary>
    internal static int ReasonBytes(MqttVersion version, ReasonCode code, PropertyList properties)
    {
        if (version != MqttVersion.V5 || (code == ReasonCode.Success && properties.IsEmpty))
            return 0;
        return 1 + (properties.IsEmpty ? 0 : PropertiesBytes(version, properties.Encoded.Length));
    }
}
