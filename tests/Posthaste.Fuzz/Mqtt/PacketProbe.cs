using Posthaste.Protocols.Mqtt.Wire;
using Posthaste.Protocols.Mqtt.Wire.Packets;

namespace Posthaste.Fuzz.Mqtt;

/// <summary>A packet of any type, read, described and written again.</summary>
public static class PacketProbe
{
    private delegate string Describe<TPacket>(TPacket content)
        where TPacket : allows ref struct;

    /// <summary>Reads a packet and shows what it says. A CONNECT changes the version.</summary>
    /// <param name="packet">The packet.</param>
    /// <param name="version">What the connection speaks.</param>
    /// <param name="text">What it says.</param>
    /// <param name="rewritten">The packet as the codec writes it.</param>
    /// <param name="error">What is wrong if something is.</param>
    public static bool TryRead(
        Packet packet, ref MqttVersion version, out string text, out byte[] rewritten, out WireError error)
    {
        if (packet.Type == PacketType.Connect && Connect.TryRead(packet, version, out var connect, out _))
            version = connect.Version;
        return packet.Type switch
        {
            PacketType.Connect =>
                Read<Connect>(packet, version, MqttText.Describe, out text, out rewritten, out error),
            PacketType.ConnAck =>
                Read<ConnAck>(packet, version, MqttText.Describe, out text, out rewritten, out error),
            PacketType.Publish =>
                Read<Publish>(packet, version, MqttText.Describe, out text, out rewritten, out error),
            PacketType.PubAck or PacketType.PubRec or PacketType.PubRel or PacketType.PubComp =>
                Read<PublishAnswer>(packet, version, MqttText.Describe, out text, out rewritten, out error),
            PacketType.Subscribe =>
                Read<Subscribe>(packet, version, MqttText.Describe, out text, out rewritten, out error),
            PacketType.SubAck =>
                Read<SubAck>(packet, version, MqttText.Describe, out text, out rewritten, out error),
            PacketType.Unsubscribe =>
                Read<Unsubscribe>(packet, version, MqttText.Describe, out text, out rewritten, out error),
            PacketType.UnsubAck =>
                Read<UnsubAck>(packet, version, MqttText.Describe, out text, out rewritten, out error),
            PacketType.Disconnect =>
                Read<Disconnect>(packet, version, MqttText.Describe, out text, out rewritten, out error),
            PacketType.Auth =>
                Read<Auth>(packet, version, MqttText.Describe, out text, out rewritten, out error),
            _ => ReadPing(packet, out text, out rewritten, out error),
        };
    }

    private static bool Read<TPacket>(
        Packet packet,
        MqttVersion version,
        Describe<TPacket> describe,
        out string text,
        out byte[] rewritten,
        out WireError error)
        where TPacket : IPacket<TPacket>, allows ref struct
    {
        text = "";
        rewritten = [];
        if (!TPacket.TryRead(packet, version, out var content, out error))
            return false;
        text = describe(content);
        rewritten = new byte[PacketFrame.GetBytes(in content, version)];
        var written = PacketFrame.Write(rewritten, in content, version);
        FuzzFindingException.Require(written == rewritten.Length, "a packet has the size that it says");
        return true;
    }

    private static bool ReadPing(Packet packet, out string text, out byte[] rewritten, out WireError error)
    {
        text = MqttText.Lower(packet.Type);
        rewritten =
            packet.Type == PacketType.PingReq ? PacketFrame.PingReq.ToArray() : PacketFrame.PingResp.ToArray();
        return Ping.TryRead(packet, out error);
    }
}
