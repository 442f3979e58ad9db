using System.Buffers.Binary;

namespace Posthaste.Core.Messages;

/// <summary>How the properties of a message are encoded: one value per protocol family. Persisted: grow only.</summary>
public enum PropertyFormat : byte
{
    None = 0,

    /// <summary>AMQP 0-9-1 content header: the property flags and the property list as they came in the header frame.</summary>
    Amqp091 = 1,
}

/// <summary>What the broker itself needs to know of a stored message. Persisted: grow only.</summary>
[Flags]
public enum MessageFlags : byte
{
    None = 0,

    /// <summary>The publisher asked for it to survive a restart (delivery mode 2, QoS 1, …).</summary>
    Persistent = 1,

    /// <summary>The per-message time to live no longer applies: the message was dead-lettered (RabbitMQ removes `expiration`).</summary>
    ExpirationRemoved = 2,
}

/// <summary>
/// A stored message: an envelope that the broker understands around properties and body that only protocols do.
/// The publisher's property bytes are kept as they came, so the same protocol gets them back by copying.
/// <code>
///  0        1        2          3          4                    8
/// +--------+--------+----------+----------+--------------------+
/// | format | flags  | exchange | key      | properties length  |
/// |        |        | length   | length   | (u32, LE)          |
/// +--------+--------+----------+----------+--------------------+
///  8                    12                                    20
/// +--------------------+---------------------------------------+
/// | annotations length | received at, unix ms (i64, LE)        |
/// | (u32, LE)          |                                       |
/// +--------------------+---------------------------------------+
/// | exchange | routing key | properties | annotations | body … |
/// +------------------------------------------------------------+
/// </code>
/// The body runs to the end; the length of the whole is known from outside.
/// </summary>
public readonly ref struct MessageView
{
    public const int FixedBytes = 20;

    private readonly ReadOnlySpan<byte> _bytes;

    /// <param name="bytes">The whole message, trusted: checksummed by storage, written by <see cref="MessageWriter"/>.</param>
    public MessageView(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>The encoded message as stored.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    public PropertyFormat Format => (PropertyFormat)_bytes[0];

    public MessageFlags Flags => (MessageFlags)_bytes[1];

    public bool IsPersistent => (Flags & MessageFlags.Persistent) != 0;

    /// <summary>When the broker received it, in milliseconds since the Unix epoch.</summary>
    public long ReceivedAtMs => BinaryPrimitives.ReadInt64LittleEndian(_bytes[12..]);

    /// <summary>Name of the exchange that it was published to, UTF-8.</summary>
    public ReadOnlySpan<byte> Exchange => _bytes.Slice(FixedBytes, _bytes[2]);

    /// <summary>Routing key that it was published with, UTF-8.</summary>
    public ReadOnlySpan<byte> RoutingKey => _bytes.Slice(FixedBytes + _bytes[2], _bytes[3]);

    /// <summary>Properties in the encoding that <see cref="Format"/> names.</summary>
    public ReadOnlySpan<byte> Properties => _bytes.Slice(PropertiesOffset, PropertiesLength);

    /// <summary>What the broker itself noted (death history); empty for nearly all messages. See MessageAnnotations.</summary>
    public ReadOnlySpan<byte> Annotations => _bytes.Slice(PropertiesOffset + PropertiesLength, AnnotationsLength);

    public ReadOnlySpan<byte> Body => _bytes[(PropertiesOffset + PropertiesLength + AnnotationsLength)..];

    private int PropertiesOffset => FixedBytes + _bytes[2] + _bytes[3];

    private int PropertiesLength => (int)BinaryPrimitives.ReadUInt32LittleEndian(_bytes[4..]);

    private int AnnotationsLength => (int)BinaryPrimitives.ReadUInt32LittleEndian(_bytes[8..]);
}

/// <summary>Encodes a message in the layout of <see cref="MessageView"/>.</summary>
public static class MessageWriter
{
    /// <summary>Bytes that <see cref="Write"/> needs.</summary>
    public static int Size(int exchangeLength, int routingKeyLength, int propertiesLength, int annotationsLength, int bodyLength) =>
        MessageView.FixedBytes + exchangeLength + routingKeyLength + propertiesLength + annotationsLength + bodyLength;

    /// <summary>Writes the message to the start of <paramref name="target"/>, which must have room for it.</summary>
    /// <returns>The number of bytes written.</returns>
    public static int Write(
        Span<byte> target, PropertyFormat format, MessageFlags flags, long receivedAtMs, ReadOnlySpan<byte> exchange,
        ReadOnlySpan<byte> routingKey, ReadOnlySpan<byte> properties, ReadOnlySpan<byte> annotations, ReadOnlySpan<byte> body)
    {
        target[0] = (byte)format;
        target[1] = (byte)flags;
        target[2] = (byte)exchange.Length;
        target[3] = (byte)routingKey.Length;
        BinaryPrimitives.WriteUInt32LittleEndian(target[4..], (uint)properties.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(target[8..], (uint)annotations.Length);
        BinaryPrimitives.WriteInt64LittleEndian(target[12..], receivedAtMs);
        var at = MessageView.FixedBytes;
        at = Put(target, at, exchange);
        at = Put(target, at, routingKey);
        at = Put(target, at, properties);
        at = Put(target, at, annotations);
        return Put(target, at, body);
    }

    private static int Put(Span<byte> target, int at, ReadOnlySpan<byte> part)
    {
        part.CopyTo(target[at..]);
        return at + part.Length;
    }
}
