using Posthaste.Primitives;

namespace Posthaste.Protocols.Mqtt.Wire.Packets;

/// <summary>
/// All of a PUBLISH but the payload, which then needs not lie beside it. The properties come in two parts: what belongs
/// to this delivery (topic alias, subscription identifiers) and what the message has had from its publisher.
/// </summary>
public readonly ref struct PublishHead
{
    public bool Duplicate { get; init; }

    public QoS QoS { get; init; }

    public bool Retain { get; init; }

    /// <summary>Not 0 with QoS 1 and 2; not written with QoS 0.</summary>
    public ushort PacketId { get; init; }

    /// <summary>A valid topic name, or empty beside a topic alias.</summary>
    public ReadOnlySpan<byte> Topic { get; init; }

    /// <summary>Encoded properties that come first. Not written for 3.x.</summary>
    public ReadOnlySpan<byte> OwnProperties { get; init; }

    /// <summary>Encoded properties that follow them. Not written for 3.x.</summary>
    public ReadOnlySpan<byte> MessageProperties { get; init; }

    /// <summary>Bytes of the payload that the caller will write behind.</summary>
    public int PayloadBytes { get; init; }

    /// <summary>Bytes of the whole packet, payload included: what a client's Maximum Packet Size limits.</summary>
    public int GetPacketBytes(MqttVersion version) => PacketFrame.GetBytes(GetBodyBytes(version));

    /// <summary>Bytes of all but the payload: what <see cref="Write"/> writes.</summary>
    public int GetBytes(MqttVersion version) => GetPacketBytes(version) - PayloadBytes;

    /// <summary>Writes all but the payload and returns its length.</summary>
    /// <param name="destination">At least <see cref="GetBytes"/> bytes long.</param>
    /// <param name="version">What the connection speaks.</param>
    public int Write(Span<byte> destination, MqttVersion version)
    {
        Checks.Require(QoS == QoS.AtMostOnce || PacketId != 0);
        var writer = new PacketWriter(destination);
        writer.UInt8(Publish.FirstOctetOf(QoS, Retain, Duplicate));
        writer.VariableInteger((uint)GetBodyBytes(version));
        writer.Binary(Topic);
        if (QoS != QoS.AtMostOnce)
            writer.UInt16(PacketId);
        if (version == MqttVersion.V5)
        {
            writer.VariableInteger((uint)(OwnProperties.Length + MessageProperties.Length));
            writer.Bytes(OwnProperties);
            writer.Bytes(MessageProperties);
        }

        return writer.Written;
    }

    internal static int GetBodyBytes(
        MqttVersion version, QoS qos, int topicBytes, int propertyBytes, int payloadBytes) =>
        sizeof(ushort) + topicBytes
        + (qos == QoS.AtMostOnce ? 0 : sizeof(ushort))
        + PacketFrame.PropertiesBytes(version, propertyBytes)
        + payloadBytes;

    private int GetBodyBytes(MqttVersion version) => GetBodyBytes(
        version, QoS, Topic.Length, OwnProperties.Length + MessageProperties.Length, PayloadBytes);
}
