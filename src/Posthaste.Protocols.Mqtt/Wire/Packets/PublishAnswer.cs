using System.Buffers.Binary;
using Posthaste.Protocols.Mqtt.Wire.Properties;

namespace Posthaste.Protocols.Mqtt.Wire.Packets;

/// <summary>
/// PUBACK, PUBREC, PUBREL and PUBCOMP, either way: four packets of one shape, which settle a PUBLISH.
/// <code>
///  +-----------+-------------+------------+
///  | packet id | reason code | properties |    MQTT 5 may leave out the properties if there are none, and the reason
///  | u16       | u8          | varint ... |    code too if it is 0; 3.x has neither.
///  +-----------+-------------+------------+
/// </code>
/// </summary>
public readonly ref struct PublishAnswer : IPacket<PublishAnswer>
{
    /// <summary>Bytes of the usual one, which only says that all is well.</summary>
    public const int ShortBytes = 4;

    /// <summary>Which of the four.</summary>
    public PacketType Type { get; init; }

    /// <summary>Never 0.</summary>
    public ushort PacketId { get; init; }

    /// <summary>Always success in 3.x.</summary>
    public ReasonCode Code { get; init; }

    public PropertyList Properties { get; init; }

    public byte FirstOctet => FirstOctetOf(Type);

    public static bool TryRead(Packet packet, MqttVersion version, out PublishAnswer content, out WireError error)
    {
        var body = packet.Body;
        if (body.Length == sizeof(ushort) && BinaryPrimitives.ReadUInt16BigEndian(body) is var id && id != 0)
        {
            content = new PublishAnswer { Type = packet.Type, PacketId = id };
            error = default;
            return true;
        }

        return TryReadLong(packet, version, out content, out error);
    }

    /// <summary>Writes the usual answer, <see cref="ShortBytes"/> long, which is the same in all versions.</summary>
    public static void WriteShort(Span<byte> destination, PacketType type, ushort packetId) =>
        BinaryPrimitives.WriteUInt32BigEndian(
            destination, ((uint)FirstOctetOf(type) << 24) | (sizeof(ushort) << 16) | packetId);

    public int GetBodyBytes(MqttVersion version) =>
        sizeof(ushort) + PacketFrame.ReasonBytes(version, Code, Properties);

    public void WriteBody(ref PacketWriter writer, MqttVersion version)
    {
        writer.UInt16(PacketId);
        writer.ReasonAndProperties(version, Code, Properties);
    }

    private static bool TryReadLong(
        Packet packet, MqttVersion version, out PublishAnswer content, out WireError error)
    {
        var reader = new PacketReader(packet.Body);
        var id = reader.PacketId();
        reader.ReasonAndProperties(packet.Type, ScopeOf(packet.Type), version, out var code, out var properties);
        content = new PublishAnswer { Type = packet.Type, PacketId = id, Code = code, Properties = properties };
        return reader.IsSound(out error);
    }

    private static byte FirstOctetOf(PacketType type) =>
        (byte)(((byte)type << 4) | PacketScanner.RequiredFlags(type));

    private static PropertyScope ScopeOf(PacketType type) => type switch
    {
        PacketType.PubAck => PropertyScope.PubAck,
        PacketType.PubRec => PropertyScope.PubRec,
        PacketType.PubRel => PropertyScope.PubRel,
        _ => PropertyScope.PubComp,
    };
}
