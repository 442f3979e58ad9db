using Posthaste.Protocols.Mqtt.Wire.Properties;

namespace Posthaste.Protocols.Mqtt.Wire.Packets;

/// <summary>
/// UNSUBSCRIBE, client to server: filters to forget. <c>foreach</c> shows them.
/// <code>
///  +-----------+------------+--------+----
///  | packet id | properties | filter | ...
///  | u16       | MQTT 5     | string |
///  +-----------+------------+--------+----
/// </code>
/// </summary>
public readonly ref struct Unsubscribe : IPacket<Unsubscribe>
{
    /// <summary>Never 0.</summary>
    public ushort PacketId { get; init; }

    public PropertyList Properties { get; init; }

    /// <summary>Filters as they stand on the wire; at least one.</summary>
    public ReadOnlySpan<byte> Filters { get; init; }

    public byte FirstOctet => ((byte)PacketType.Unsubscribe << 4) | 0b0010;

    /// <summary>
    /// Reads an UNSUBSCRIBE. Filters are UTF-8 [MQTT-3.10.3-1], but whether each is valid is left to its own answer.
    /// </summary>
    public static bool TryRead(Packet packet, MqttVersion version, out Unsubscribe content, out WireError error)
    {
        var reader = new PacketReader(packet.Body);
        var id = reader.PacketId();
        var properties = reader.Properties(version, PropertyScope.Unsubscribe);
        var list = reader;
        var filters = reader.Rest();
        if (filters.IsEmpty)
            list.Fail(WireError.Protocol("an UNSUBSCRIBE without a filter")); // [MQTT-3.10.3-2]
        while (!list.IsAtEnd)
            list.Utf8();
        content = new Unsubscribe { PacketId = id, Properties = properties, Filters = filters };
        return list.IsSound(out error);
    }

    public int GetBodyBytes(MqttVersion version) =>
        sizeof(ushort) + PacketFrame.PropertiesBytes(version, Properties.Encoded.Length) + Filters.Length;

    public void WriteBody(ref PacketWriter writer, MqttVersion version)
    {
        writer.UInt16(PacketId);
        writer.Properties(version, Properties.Encoded);
        writer.Bytes(Filters);
    }

    public Enumerator GetEnumerator() => new(Filters);

    /// <summary>Walks through the filters of a packet that has been checked.</summary>
    public ref struct Enumerator
    {
        private PacketReader _reader;

        internal Enumerator(ReadOnlySpan<byte> filters) => _reader = new PacketReader(filters);

        public ReadOnlySpan<byte> Current { get; private set; }

        public bool MoveNext()
        {
            if (_reader.IsAtEnd)
                return false;
            Current = _reader.Binary();
            return true;
        }
    }
}
