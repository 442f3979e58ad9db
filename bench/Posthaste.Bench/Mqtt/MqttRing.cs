using System.Buffers.Binary;
using Posthaste.Bench.Load;

namespace Posthaste.Bench.Mqtt;

/// <summary>Publishes of MQTT to one topic. With QoS 1 message n has <see cref="PacketId"/> of n.</summary>
internal sealed class MqttRing : MessageRing
{
    private const int PacketIds = 65_535;
    private readonly int _idOffset;

    /// <param name="topic">Where to publish.</param>
    /// <param name="bodyBytes">Size of each body, 16 or more.</param>
    /// <param name="qos">0 or 1.</param>
    public MqttRing(string topic, int bodyBytes, int qos)
        : base(Encode(topic, bodyBytes, qos), numbersMessages: qos > 0)
    {
        _idOffset = SlotBytes - bodyBytes - sizeof(ushort);
    }

    /// <summary>The packet id of a message: 1 to 65,535 in rotation.</summary>
    public static ushort PacketId(long sequence) => (ushort)(1 + (sequence % PacketIds));

    protected override void Number(Span<byte> slot, long sequence) =>
        BinaryPrimitives.WriteUInt16BigEndian(slot[_idOffset..], PacketId(sequence));

    private static EncodedMessages Encode(string topic, int bodyBytes, int qos)
    {
        byte[] message = MqttPacket.Encode(
            (byte)(MqttPacket.Publish | (qos << 1)),
            MqttPacket.Text(topic),
            qos > 0 ? [0, 0] : [],
            CreateBody(bodyBytes));
        return Repeat(message, message.Length - bodyBytes);
    }
}
