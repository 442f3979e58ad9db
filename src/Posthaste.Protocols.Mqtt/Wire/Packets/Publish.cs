using System.Buffers.Binary;
using Posthaste.Protocols.Mqtt.Wire.Properties;
using Posthaste.Protocols.Mqtt.Wire.Topics;

namespace Posthaste.Protocols.Mqtt.Wire.Packets;

/// <summary>
/// PUBLISH, either way: a message. The hottest code of both sides.
/// <code>
///   7-4   3    2-1   0
///  +----+-----+-----+--------+------------------+-----------+-----------+----------+------------+---------+
///  | 3  | DUP | QoS | RETAIN | remaining length | topic     | packet id | length   | properties | payload |
///  |    |     |     |        | varint           | u16 bytes | u16       | varint   |            | to the  |
///  +----+-----+-----+--------+------------------+-----------+-----------+----------+------------+ end     |
///                                                            QoS 1, 2    MQTT 5 only            +---------+
/// </code>
/// </summary>
/// <remarks>
/// A subscription identifier is sound here, because servers send it; a server that receives one answers with a protocol
/// error [MQTT-3.3.4-6]. Whether a topic alias is known, or within the maximum, is the session's matter.
/// </remarks>
public readonly ref struct Publish : IPacket<Publish>
{
    private const byte DuplicateBit = 0b1000;
    private const byte RetainBit = 0b0001;

    /// <summary>It may have been sent before.</summary>
    public bool Duplicate { get; init; }

    public QoS QoS { get; init; }

    public bool Retain { get; init; }

    /// <summary>Never 0 with QoS 1 and 2; 0 with QoS 0, which has none.</summary>
    public ushort PacketId { get; init; }

    /// <summary>A valid topic name; empty only in MQTT 5 and beside a topic alias.</summary>
    public ReadOnlySpan<byte> Topic { get; init; }

    public PropertyList Properties { get; init; }

    public ReadOnlySpan<byte> Payload { get; init; }

    public byte FirstOctet => FirstOctetOf(QoS, Retain, Duplicate);

    public static bool TryRead(Packet packet, MqttVersion version, out Publish content, out WireError error)
    {
        var body = packet.Body;
        var qos = (QoS)((packet.FirstOctet >> 1) & 3);
        var isDuplicate = (packet.FirstOctet & DuplicateBit) != 0;
        ushort packetId = 0;
        content = default;

        if (body.Length < sizeof(ushort))
            return Fail(WireError.Malformed("a publish without a topic"), out error);
        var at = sizeof(ushort) + BinaryPrimitives.ReadUInt16BigEndian(body);
        var fixedBytes = qos == QoS.AtMostOnce ? at : at + sizeof(ushort);
        if (fixedBytes > body.Length)
            return Fail(WireError.Malformed("a publish that ends before its payload"), out error);
        var topic = body[sizeof(ushort)..at];
        if (qos != QoS.AtMostOnce)
        {
            packetId = BinaryPrimitives.ReadUInt16BigEndian(body[at..]);
            if (packetId == 0) // [MQTT-2.2.1-3]
                return Fail(WireError.Protocol("packet identifier 0"), out error);
        }
        else if (isDuplicate && version != MqttVersion.V31) // [MQTT-3.3.1-2]; 3.1 does not say so.
        {
            return Fail(WireError.Malformed("a publish of QoS 0 with DUP"), out error);
        }

        body = body[fixedBytes..];
        var properties = default(PropertyList);
        if (version == MqttVersion.V5 && !TryCutProperties(ref body, out properties, out error))
            return false;
        if (!TopicName.IsValid(topic) && !(topic.IsEmpty && properties.Has(PropertyId.TopicAlias)))
            return Fail(TopicError(topic, version), out error);

        content = new Publish
        {
            Duplicate = isDuplicate,
            QoS = qos,
            Retain = (packet.FirstOctet & RetainBit) != 0,
            PacketId = packetId,
            Topic = topic,
            Properties = properties,
            Payload = body,
        };
        error = default;
        return true;
    }

    public int GetBodyBytes(MqttVersion version) =>
        PublishHead.GetBodyBytes(version, QoS, Topic.Length, Properties.Encoded.Length, Payload.Length);

    public void WriteBody(ref PacketWriter writer, MqttVersion version)
    {
        writer.Binary(Topic);
        if (QoS != QoS.AtMostOnce)
            writer.UInt16(PacketId);
        writer.Properties(version, Properties.Encoded);
        writer.Bytes(Payload);
    }

    internal static byte FirstOctetOf(QoS qos, bool retain, bool duplicate) => (byte)(
        ((byte)PacketType.Publish << 4)
        | (duplicate ? DuplicateBit : 0)
        | ((int)qos << 1)
        | (retain ? RetainBit : 0));

    private static bool TryCutProperties(
        scoped ref ReadOnlySpan<byte> body, out PropertyList properties, out WireError error)
    {
        // The usual list has nothing in it.
        if (body is [0, ..])
        {
            properties = default;
            error = default;
            body = body[1..];
            return true;
        }

        properties = default;
        if (!VariableByteInteger.TryRead(body, out var bytes, out var lengthBytes)
            || lengthBytes != VariableByteInteger.GetBytes(bytes)
            || bytes > (uint)(body.Length - lengthBytes))
        {
            return Fail(WireError.Malformed("properties that go on behind the packet's end"), out error);
        }

        var encoded = body.Slice(lengthBytes, (int)bytes);
        body = body[(lengthBytes + (int)bytes)..];
        return PropertyList.TryRead(encoded, PropertyScope.Publish, out properties, out error);
    }

    // Section 3.3.2.1: an empty topic name without an alias is a protocol error.
    private static WireError TopicError(ReadOnlySpan<byte> topic, MqttVersion version) =>
        topic.IsEmpty && version == MqttVersion.V5
            ? WireError.Protocol("a publish with neither topic nor alias")
            : TopicName.ErrorOf(topic);

    private static bool Fail(WireError why, out WireError error)
    {
        error = why;
        return false;
    }
}
