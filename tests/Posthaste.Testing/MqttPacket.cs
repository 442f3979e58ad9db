using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Posthaste.Testing;

/// <summary>The packets that the tests' own clients send or get, by the high half of the first byte.</summary>
internal enum MqttPacketType : byte
{
    Connect = 1,
    ConnAck = 2,
    Publish = 3,
    PubAck = 4,
    PubRec = 5,
    PubRel = 6,
    PubComp = 7,
    Subscribe = 8,
    SubAck = 9,
    Disconnect = 14,
}

/// <summary>A packet of MQTT 3.1.1. Not by the broker's own codec: one must not excuse the other.</summary>
/// <remarks>
/// <code>
/// +-----------+-----------------+-------------------------------------------------+
/// | type,     | length: 1 to 4  | body; of a PUBLISH with QoS 1 or 2:             |
/// | flags: u8 | bytes of 7 bits | topic length u16, topic, packet id u16, payload |
/// +-----------+-----------------+-------------------------------------------------+   big-endian
/// </code>
/// </remarks>
internal readonly record struct MqttPacket(byte FirstByte, byte[] Body)
{
    private const int LengthBytesMax = 4;
    private const byte DupFlag = 8;
    private const byte RetainFlag = 1;

    /// <summary>PUBREL and SUBSCRIBE must have this flag [MQTT-3.6.1-1] [MQTT-3.8.1-1].</summary>
    private const byte ReservedFlag = 2;

    private const byte CleanSessionFlag = 2;

    public MqttPacketType Type => (MqttPacketType)(FirstByte >> 4);

    public bool IsDup => (FirstByte & DupFlag) != 0;

    public bool IsRetained => (FirstByte & RetainFlag) != 0;

    public int QoS => (FirstByte >> 1) & 3;

    public ushort PacketId => BinaryPrimitives.ReadUInt16BigEndian(
        Type == MqttPacketType.Publish ? Body.AsSpan(PublishHeadBytes - sizeof(ushort)) : Body);

    /// <summary>Of a PUBLISH.</summary>
    public string Topic => Encoding.UTF8.GetString(Body, sizeof(ushort), TopicBytes);

    /// <summary>Of a PUBLISH.</summary>
    public ReadOnlySpan<byte> Payload => Body.AsSpan(PublishHeadBytes);

    private int TopicBytes => BinaryPrimitives.ReadUInt16BigEndian(Body);

    private int PublishHeadBytes => sizeof(ushort) + TopicBytes + (QoS > 0 ? sizeof(ushort) : 0);

    /// <summary>Without a will, a login and a keep-alive.</summary>
    public static MqttPacket Connect(string clientId, bool isClean) => Create(MqttPacketType.Connect, 0,
        [.. Text("MQTT"), 4, isClean ? CleanSessionFlag : (byte)0, 0, 0, .. Text(clientId)]);

    public static MqttPacket Subscribe(string filter, int qos) => Create(MqttPacketType.Subscribe, ReservedFlag,
        [.. UInt16(1), .. Text(filter), (byte)qos]);

    public static MqttPacket Publish(
        string topic, int qos, bool isRetained, bool isDup, ushort packetId, byte[] payload)
    {
        int flags = (isDup ? DupFlag : 0) | (qos << 1) | (isRetained ? RetainFlag : 0);
        return Create(MqttPacketType.Publish, (byte)flags, [.. Text(topic), .. UInt16(packetId), .. payload]);
    }

    /// <summary>PUBACK, PUBREC, PUBREL or PUBCOMP.</summary>
    public static MqttPacket Answer(MqttPacketType type, ushort packetId) =>
        Create(type, type == MqttPacketType.PubRel ? ReservedFlag : (byte)0, UInt16(packetId));

    public static MqttPacket Disconnect() => Create(MqttPacketType.Disconnect, 0, []);

    public byte[] Encode()
    {
        List<byte> head = [FirstByte];
        int rest = Body.Length;
        do
        {
            int digit = rest & 0x7F;
            rest >>= 7;
            head.Add((byte)(rest > 0 ? digit | 0x80 : digit));
        }
        while (rest > 0);
        return [.. head, .. Body];
    }

    /// <summary>Takes a packet from the beginning of the input, if it is there as a whole.</summary>
    public static bool TryRead(ref ReadOnlySequence<byte> input, out MqttPacket packet)
    {
        packet = default;
        var reader = new SequenceReader<byte>(input);
        if (!reader.TryRead(out byte first))
            return false;
        int length = 0;
        for (int i = 0; ; i++)
        {
            if (i == LengthBytesMax)
                throw new InvalidDataException("A length of more than four bytes.");
            if (!reader.TryRead(out byte digit))
                return false;
            length |= (digit & 0x7F) << (7 * i);
            if (digit < 0x80)
                break;
        }
        if (reader.Remaining < length)
            return false;
        ReadOnlySequence<byte> body = input.Slice(reader.Position, length);
        packet = new MqttPacket(first, body.ToArray());
        input = input.Slice(body.End);
        return true;
    }

    private static MqttPacket Create(MqttPacketType type, byte flags, byte[] body) =>
        new((byte)(((int)type << 4) | flags), body);

    private static byte[] UInt16(ushort value) => [(byte)(value >> 8), (byte)value];

    private static byte[] Text(string value)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(value);
        return [.. UInt16((ushort)bytes.Length), .. bytes];
    }
}
