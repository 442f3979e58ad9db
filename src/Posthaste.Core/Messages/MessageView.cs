using System.Buffers.Binary;
using Posthaste.Primitives;

namespace Posthaste.Core.Messages;

/// <summary>How the properties of a message are encoded: one value per protocol family. Persisted: grow only.</summary>
public enum PropertyFormat : byte
{
    None = 0,

    /// <summary>
    /// AMQP 0-9-1 content header: the property flags and the property list as they came in the header frame.
    /// </summary>
    Amqp091 = 1,

    /// <summary>MQTT: a byte of facts (QoS, retain), then the PUBLISH properties as MQTT 5 encodes them.</summary>
    Mqtt = 2,

    /// <summary>STOMP: the header block of the SEND frame.</summary>
    Stomp = 3,

    /// <summary>What the broker publishes itself: a timestamp and headers.</summary>
    Broker = 4,
}

/// <summary>What the broker itself needs to know of a stored message. Persisted: grow only.</summary>
[Flags]
public enum MessageFlags : byte
{
    None = 0,

    /// <summary>The publisher asked for it to survive a restart (delivery mode 2, QoS 1, …).</summary>
    Persistent = 1,

    /// <summary>
    /// The per-message time to live no longer applies: the message was dead-lettered (RabbitMQ removes `expiration`).
    /// </summary>
    ExpirationRemoved = 2,

    /// <summary>
    /// The publisher asked for it to be kept as the last message of its routing key (MQTT's RETAIN); without a body,
    /// for that one to be forgotten.
    /// </summary>
    Retained = 4,
}

/// <summary>
/// A stored message: an envelope that the broker understands around properties and body that only protocols do.
/// The publisher's property bytes are kept as they came, so the same protocol gets them back by copying.
/// <code>
///  0        1        2          3          4                 7          8
/// +--------+--------+----------+----------+-----------------+----------+
/// | format | flags  | exchange | key      | properties      | key      |
/// |        |        | length   | length,  | length          | length,  |
/// |        |        |          | low byte | (u24, LE)       | high byte|
/// +--------+--------+----------+----------+-----------------+----------+
///  8                    12                                    20
/// +--------------------+---------------------------------------+
/// | annotations length | received at, unix ms (i64, LE)        |
/// | (u32, LE)          |                                       |
/// +--------------------+---------------------------------------+
/// | exchange | routing key | properties | annotations | body … |
/// +------------------------------------------------------------+
/// </code>
/// The body runs to the end; the length of the whole is known from outside. A message stored when keys had 255 bytes at
/// most has a zero in byte 7, so it reads the same.
/// </summary>
public readonly ref struct MessageView
{
    public const int FixedBytes = 20;

    /// <summary>Bytes of a routing key. 65,535: what an MQTT topic may have.</summary>
    public const int RoutingKeyBytesMax = ushort.MaxValue;

    /// <summary>
    /// Bytes of the properties. 16 MiB less one, by the length field; protocols have far lower limits of their own.
    /// </summary>
    public const int PropertiesBytesMax = (1 << 24) - 1;

    /// <param name="bytes">The whole message, trusted: checksummed by storage, written by <see
    /// cref="MessageWriter"/>.</param>
    public MessageView(ReadOnlySpan<byte> bytes)
    {
        Format = (PropertyFormat)bytes[0];
        Flags = (MessageFlags)bytes[1];
        ReceivedAtMs = BinaryPrimitives.ReadInt64LittleEndian(bytes[12..]);
        var lengths = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
        var propertiesLength = (int)(lengths & PropertiesBytesMax);
        var keyLength = (int)(lengths >> 24 << 8) | bytes[3];
        var annotationsLength = (int)BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]);
        Exchange = bytes.Slice(FixedBytes, bytes[2]);
        RoutingKey = bytes.Slice(FixedBytes + bytes[2], keyLength);
        var at = FixedBytes + bytes[2] + keyLength;
        Properties = bytes.Slice(at, propertiesLength);
        Annotations = bytes.Slice(at + propertiesLength, annotationsLength);
        Body = bytes[(at + propertiesLength + annotationsLength)..];
    }

    /// <summary>
    /// A message that was not stored: its parts still stand where the publisher's bytes were read to.
    /// </summary>
    public MessageView(
        PropertyFormat format, MessageFlags flags, long receivedAtMs, ReadOnlySpan<byte> exchange,
        ReadOnlySpan<byte> routingKey, ReadOnlySpan<byte> properties, ReadOnlySpan<byte> body)
    {
        Format = format;
        Flags = flags;
        ReceivedAtMs = receivedAtMs;
        Exchange = exchange;
        RoutingKey = routingKey;
        Properties = properties;
        Body = body;
    }

    public PropertyFormat Format { get; }

    public MessageFlags Flags { get; }

    /// <summary>When the broker received it, in milliseconds since the Unix epoch.</summary>
    public long ReceivedAtMs { get; }

    /// <summary>Name of the exchange that it was published to, UTF-8.</summary>
    public ReadOnlySpan<byte> Exchange { get; }

    /// <summary>Routing key that it was published with, UTF-8; AMQP 0-9-1 has room for 255 bytes of it only.</summary>
    public ReadOnlySpan<byte> RoutingKey { get; }

    /// <summary>Properties in the encoding that <see cref="Format"/> names.</summary>
    public ReadOnlySpan<byte> Properties { get; }

    /// <summary>
    /// What the broker itself noted (death history); empty for nearly all messages. See MessageAnnotations.
    /// </summary>
    public ReadOnlySpan<byte> Annotations { get; }

    public ReadOnlySpan<byte> Body { get; }

    public bool IsPersistent => (Flags & MessageFlags.Persistent) != 0;

    /// <summary>The routing key alone, of a message that is stored.</summary>
    internal static ReadOnlySpan<byte> ReadRoutingKey(ReadOnlySpan<byte> bytes) =>
        bytes.Slice(FixedBytes + bytes[2], (bytes[7] << 8) | bytes[3]);
}

/// <summary>Encodes a message in the layout of <see cref="MessageView"/>.</summary>
public static class MessageWriter
{
    /// <summary>Bytes that <see cref="Write"/> needs.</summary>
    public static int Size(
        int exchangeLength, int routingKeyLength, int propertiesLength, int annotationsLength, int bodyLength) =>
        MessageView.FixedBytes + exchangeLength + routingKeyLength + propertiesLength + annotationsLength + bodyLength;

    /// <summary>Writes the message to the start of <paramref name="target"/>, which must have room for it.</summary>
    /// <returns>The number of bytes written.</returns>
    public static int Write(
        Span<byte> target, PropertyFormat format, MessageFlags flags, long receivedAtMs, ReadOnlySpan<byte> exchange,
        ReadOnlySpan<byte> routingKey, ReadOnlySpan<byte> properties, ReadOnlySpan<byte> annotations,
        ReadOnlySpan<byte> body)
    {
        Checks.Require(
            routingKey.Length <= MessageView.RoutingKeyBytesMax
            && properties.Length <= MessageView.PropertiesBytesMax);
        target[0] = (byte)format;
        target[1] = (byte)flags;
        target[2] = (byte)exchange.Length;
        target[3] = (byte)routingKey.Length;
        var lengths = (uint)properties.Length | ((uint)routingKey.Length >> 8 << 24);
        BinaryPrimitives.WriteUInt32LittleEndian(target[4..], lengths);
        BinaryPrimitives.WriteUInt32LittleEndian(target[8..], (uint)annotations.Length);
        BinaryPrimitives.WriteInt64LittleEndian(target[12..], receivedAtMs);
        var at = MessageView.FixedBytes;
        at = Put(target, at, exchange);
        at = Put(target, at, routingKey);
        at = Put(target, at, properties);
        at = Put(target, at, annotations);
        return Put(target, at, body);
    }

    /// <summary>Changes when a message that is written already was received.</summary>
    public static void SetReceivedAt(Span<byte> message, long receivedAtMs) =>
        BinaryPrimitives.WriteInt64LittleEndian(message[12..], receivedAtMs);

    private static int Put(Span<byte> target, int at, ReadOnlySpan<byte> part)
    {
        part.CopyTo(target[at..]);
        return at + part.Length;
    }
}
