using System.Buffers.Binary;
using Posthaste.Core.Messages;
using Posthaste.Protocols.Mqtt.Wire;

namespace Posthaste.Protocols.Mqtt.Format;

/// <summary>
/// What stands before the properties of a stored publish: what the packet said beside them.
/// <code>
///   7-6 5        4        3      2        1-0    1                    (9)
/// +----+--------+--------+------+--------+-----+--------------------+---------------------+----------------+
/// | 0  | expiry | marked | copy | RETAIN | QoS | publisher's mark   | message expiry, s   | properties as  |
/// |    |        |        |      |        |     | u64 LE, if marked  | u32 LE, if any      | MQTT 5 writes  |
/// +----+--------+--------+------+--------+-----+--------------------+---------------------+----------------+
/// </code>
/// The message expiry stands here and not among the properties, because each delivery has to say what is left of it
/// [MQTT-3.3.2-6]. Topic alias and subscription identifiers belong to one connection and are not kept, with one
/// exception: a copy is a retained message on its way to one subscriber, whose subscription identifier it carries.
/// </summary>
/// <param name="QoS">As published.</param>
/// <param name="Retain">As published.</param>
/// <param name="IsCopy">A retained message for one new subscription.</param>
/// <param name="Mark">Who published it, for those who do not want to have their own back; 0 if nobody asks.</param>
/// <param name="ExpiryS">Seconds to live from its publishing on; null for ever.</param>
internal readonly record struct PublishFacts(
    QoS QoS, bool Retain, bool IsCopy = false, ulong Mark = 0, uint? ExpiryS = null)
{
    public const int BytesMax = 1 + sizeof(ulong) + sizeof(uint);

    private const byte QoSMask = 0b0000_0011;
    private const byte RetainBit = 0b0000_0100;
    private const byte CopyBit = 0b0000_1000;
    private const byte MarkBit = 0b0001_0000;
    private const byte ExpiryBit = 0b0010_0000;

    /// <summary>Bytes that <see cref="Write"/> writes.</summary>
    public int Bytes => 1 + (Mark == 0 ? 0 : sizeof(ulong)) + (ExpiryS is null ? 0 : sizeof(uint));

    public void Write(Span<byte> to)
    {
        to[0] = (byte)((byte)QoS | (Retain ? RetainBit : 0) | (IsCopy ? CopyBit : 0) | (Mark != 0 ? MarkBit : 0)
            | (ExpiryS is null ? 0 : ExpiryBit));
        var at = 1;
        if (Mark != 0)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(to[at..], Mark);
            at += sizeof(ulong);
        }

        if (ExpiryS is { } expiryS)
            BinaryPrimitives.WriteUInt32LittleEndian(to[at..], expiryS);
    }

    /// <summary>Splits the stored properties of an MQTT message.</summary>
    public static PublishFacts Read(ReadOnlySpan<byte> stored, out ReadOnlySpan<byte> properties)
    {
        var first = stored[0];
        properties = stored[1..];
        var mark = 0UL;
        uint? expiryS = null;
        if ((first & MarkBit) != 0)
        {
            mark = BinaryPrimitives.ReadUInt64LittleEndian(properties);
            properties = properties[sizeof(ulong)..];
        }

        if ((first & ExpiryBit) != 0)
        {
            expiryS = BinaryPrimitives.ReadUInt32LittleEndian(properties);
            properties = properties[sizeof(uint)..];
        }

        return new PublishFacts(
            (QoS)(first & QoSMask), (first & RetainBit) != 0, (first & CopyBit) != 0, mark, expiryS);
    }

    /// <summary>
    /// The facts of any message. What other protocols published has the QoS that its durability is worth, as in
    /// RabbitMQ: persistent is QoS 1, transient QoS 0.
    /// </summary>
    public static PublishFacts Of(in MessageView message, out ReadOnlySpan<byte> properties)
    {
        if (message.Format == PropertyFormat.Mqtt)
            return Read(message.Properties, out properties);
        properties = default;
        return new PublishFacts(
            message.IsPersistent ? QoS.AtLeastOnce : QoS.AtMostOnce,
            (message.Flags & MessageFlags.Retained) != 0);
    }
}
