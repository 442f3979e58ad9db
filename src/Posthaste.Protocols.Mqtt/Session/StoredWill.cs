using System.Buffers.Binary;
using Posthaste.Protocols.Mqtt.Format;
using Posthaste.Protocols.Mqtt.Wire.Packets;
using Posthaste.Protocols.Mqtt.Wire.Properties;

namespace Posthaste.Protocols.Mqtt.Session;

/// <summary>
/// A will, kept as the value of a note until the client has said goodbye or the will was published. Numbers are
/// little-endian.
/// <code>
///  0         1        5                7             11
/// +---------+--------+----------------+-------------+-------+------------------------------+---------+
/// | version | delay  | topic bytes    | properties  | topic | facts and properties         | payload |
/// | = 1, u8 | s, u32 | u16            | bytes u32   |       | as stored with any message   |         |
/// +---------+--------+----------------+-------------+-------+------------------------------+---------+
/// </code>
/// </summary>
internal sealed class StoredWill
{
    private const byte Version = 1;
    private const int FixedBytes = 11;

    private StoredWill(byte[] bytes) => Bytes = bytes;

    /// <summary>The note's value.</summary>
    public byte[] Bytes { get; }

    /// <summary>Seconds from the loss of the connection to the will.</summary>
    public uint DelayS => BinaryPrimitives.ReadUInt32LittleEndian(Bytes.AsSpan(1));

    public ReadOnlySpan<byte> Topic => Bytes.AsSpan(FixedBytes, TopicBytes);

    /// <summary>Facts and properties, as stored with a message.</summary>
    public ReadOnlySpan<byte> Properties => Bytes.AsSpan(FixedBytes + TopicBytes, PropertiesBytes);

    public ReadOnlySpan<byte> Payload => Bytes.AsSpan(FixedBytes + TopicBytes + PropertiesBytes);

    private int TopicBytes => BinaryPrimitives.ReadUInt16LittleEndian(Bytes.AsSpan(5));

    private int PropertiesBytes => (int)BinaryPrimitives.ReadUInt32LittleEndian(Bytes.AsSpan(7));

    public static StoredWill Create(in Will will)
    {
        var facts = new PublishFacts(
            will.QoS, will.Retain, ExpiryS: StoredProperties.ExpiryOf(will.Properties));
        var propertiesBytes = StoredProperties.GetBytes(facts, will.Properties);
        var bytes = new byte[FixedBytes + will.Topic.Length + propertiesBytes + will.Payload.Length];
        bytes[0] = Version;
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(1), will.Properties.Number(PropertyId.WillDelayInterval));
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(5), (ushort)will.Topic.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(7), (uint)propertiesBytes);
        var at = bytes.AsSpan(FixedBytes);
        will.Topic.CopyTo(at);
        at = at[will.Topic.Length..];
        StoredProperties.Write(at, facts, will.Properties);
        will.Payload.CopyTo(at[propertiesBytes..]);
        return new StoredWill(bytes);
    }

    /// <summary>A will as its note has it.</summary>
    public static StoredWill Of(ReadOnlySpan<byte> note) => new(note.ToArray());
}
