using Posthaste.Protocols.Mqtt.Wire.Properties;
using Posthaste.Protocols.Mqtt.Wire.Topics;

namespace Posthaste.Protocols.Mqtt.Wire.Packets;

/// <summary>
/// SUBSCRIBE, client to server: filters to deliver the matches of. <c>foreach</c> shows them.
/// <code>
///  +-----------+------------+--------------------+----
///  | packet id | properties | filter and options | ...
///  | u16       | MQTT 5     |                    |
///  +-----------+------------+--------------------+----
/// </code>
/// </summary>
public readonly ref struct Subscribe : IPacket<Subscribe>
{
    /// <summary>Never 0.</summary>
    public ushort PacketId { get; init; }

    public PropertyList Properties { get; init; }

    /// <summary>Filters and options as they stand on the wire; at least one.</summary>
    public ReadOnlySpan<byte> Subscriptions { get; init; }

    public byte FirstOctet => ((byte)PacketType.Subscribe << 4) | 0b0010;

    /// <summary>
    /// Reads a SUBSCRIBE. Filters are UTF-8 [MQTT-3.8.3-1], but whether each is valid is left to its own answer.
    /// </summary>
    public static bool TryRead(Packet packet, MqttVersion version, out Subscribe content, out WireError error)
    {
        var reader = new PacketReader(packet.Body);
        var id = reader.PacketId();
        var properties = reader.Properties(version, PropertyScope.Subscribe);
        var list = reader;
        var subscriptions = reader.Rest();
        if (subscriptions.IsEmpty)
            list.Fail(WireError.Protocol("a SUBSCRIBE without a filter")); // [MQTT-3.8.3-2]
        while (!list.IsAtEnd)
        {
            var filter = list.Utf8();
            CheckOptions(ref list, list.UInt8(), filter, version);
        }

        content = new Subscribe { PacketId = id, Properties = properties, Subscriptions = subscriptions };
        return list.IsSound(out error);
    }

    public int GetBodyBytes(MqttVersion version) =>
        sizeof(ushort) + PacketFrame.PropertiesBytes(version, Properties.Encoded.Length) + Subscriptions.Length;

    public void WriteBody(ref PacketWriter writer, MqttVersion version)
    {
        writer.UInt16(PacketId);
        writer.Properties(version, Properties.Encoded);
        writer.Bytes(Subscriptions);
    }

    public Enumerator GetEnumerator() => new(Subscriptions);

    private static void CheckOptions(
        ref PacketReader reader, byte options, ReadOnlySpan<byte> filter, MqttVersion version)
    {
        if ((options & 3) == 3) // [MQTT-3.8.3-4] of 3.1.1, section 3.8.3.1 of 5
            reader.Fail(WireError.Protocol("a subscription of QoS 3"));
        if (version == MqttVersion.V5)
        {
            if ((options & 0b1100_0000) != 0) // [MQTT-3.8.3-5]
                reader.Fail(WireError.Malformed("subscription options with reserved bits"));
            if (((options >> 4) & 3) == 3)
                reader.Fail(WireError.Protocol("retain handling 3"));
            if ((options & (1 << 2)) != 0 && TopicFilter.IsShared(filter)) // [MQTT-3.8.3-4]
                reader.Fail(WireError.Protocol("no local on a shared subscription"));
        }
        else if (version == MqttVersion.V311 && (options & 0b1111_1100) != 0) // [MQTT-3-8.3-4] of 3.1.1; unused in 3.1
        {
            reader.Fail(WireError.Malformed("a requested QoS with reserved bits"));
        }
    }

    /// <summary>Walks through the subscriptions of a packet that has been checked.</summary>
    public ref struct Enumerator
    {
        private PacketReader _reader;

        internal Enumerator(ReadOnlySpan<byte> subscriptions) => _reader = new PacketReader(subscriptions);

        public Subscription Current { get; private set; }

        public bool MoveNext()
        {
            if (_reader.IsAtEnd)
                return false;
            var filter = _reader.Binary();
            Current = Subscription.Of(filter, _reader.UInt8());
            return true;
        }
    }
}
