using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using Posthaste.Primitives.Tables;

namespace Posthaste.Protocols.Amqp091.Wire.Content;

/// <summary>
/// The properties of a message where they lie. One pass checks the list and notes where each property is; after that
/// any of them is one slice away. Allocates nothing.
/// <code>
///  +--------+--------------+------------------+---------+---------------+----------+----------------+----
///  | flags  | content-type | content-encoding | headers | delivery-mode | priority | correlation-id | ...
///  | u16    | shortstr     | shortstr         | table   | u8            | u8       | shortstr       |
///  +--------+--------------+------------------+---------+---------------+----------+----------------+----
///        ... reply-to, expiration, message-id: shortstr; timestamp: u64; type, user-id, app-id, cluster-id: shortstr
///
///  flags    15 content-type   12 delivery-mode     9 reply-to     6 timestamp   3 app-id
///           14 content-enc.   11 priority          8 expiration   5 type        2 cluster-id
///           13 headers        10 correlation-id    7 message-id   4 user-id     1, 0 must be zero
///  A property is in the list exactly if its flag is set.
/// </code>
/// </summary>
/// <remarks>
/// Short strings in properties may hold any bytes, as RabbitMQ lets them: they are copied through, not interpreted.
/// </remarks>
public readonly ref struct BasicPropertiesReader
{
    /// <summary>Bytes of the flags, and so of properties with none set.</summary>
    public const int FlagsBytes = sizeof(ushort);

    // Where each present property's value begins (its length prefix, if it has one); zero for the absent,
    // which no value can begin at because the flags are there.
    private readonly Offsets _offsets;
    private readonly int _flags;

    private BasicPropertiesReader(ReadOnlySpan<byte> encoded, int flags, scoped in Offsets offsets)
    {
        Encoded = encoded;
        _flags = flags;
        _offsets = offsets;
    }

    /// <summary>Flags and list with nothing in them.</summary>
    public static ReadOnlySpan<byte> None => [0, 0];

    /// <summary>What was read: flags and list.</summary>
    public ReadOnlySpan<byte> Encoded { get; }

    public ReadOnlySpan<byte> ContentType => ShortString(BasicProperty.ContentType);

    public ReadOnlySpan<byte> ContentEncoding => ShortString(BasicProperty.ContentEncoding);

    /// <summary>
    /// The content of the headers table, without its 4 byte length; empty if absent. Only its length has been
    /// checked: see <see cref="FieldTableReader.Validate"/>.
    /// </summary>
    public ReadOnlySpan<byte> Headers => Has(BasicProperty.Headers)
        ? Value(BasicProperty.Headers)[sizeof(uint)..]
        : default;

    /// <summary>1 transient, 2 persistent; 0 if absent, which means transient.</summary>
    public byte DeliveryMode => Octet(BasicProperty.DeliveryMode);

    /// <summary>Whether the message is to survive a restart of the server.</summary>
    public bool IsPersistent => DeliveryMode == 2;

    /// <summary>0 if absent.</summary>
    public byte Priority => Octet(BasicProperty.Priority);

    public ReadOnlySpan<byte> CorrelationId => ShortString(BasicProperty.CorrelationId);

    public ReadOnlySpan<byte> ReplyTo => ShortString(BasicProperty.ReplyTo);

    /// <summary>Time to live in milliseconds, as decimal text.</summary>
    public ReadOnlySpan<byte> Expiration => ShortString(BasicProperty.Expiration);

    public ReadOnlySpan<byte> MessageId => ShortString(BasicProperty.MessageId);

    /// <summary>Seconds since 1970-01-01 UTC; 0 if absent.</summary>
    public ulong Timestamp => Has(BasicProperty.Timestamp)
        ? BinaryPrimitives.ReadUInt64BigEndian(Value(BasicProperty.Timestamp))
        : 0;

    public ReadOnlySpan<byte> Type => ShortString(BasicProperty.Type);

    public ReadOnlySpan<byte> UserId => ShortString(BasicProperty.UserId);

    public ReadOnlySpan<byte> AppId => ShortString(BasicProperty.AppId);

    public ReadOnlySpan<byte> ClusterId => ShortString(BasicProperty.ClusterId);

    /// <summary>
    /// Checks that the flags and the lengths in the list add up to exactly the bytes given. Never looks beyond them.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> encoded, out BasicPropertiesReader properties)
    {
        properties = default;
        if (encoded.Length < FlagsBytes)
            return false;

        int flags = BinaryPrimitives.ReadUInt16BigEndian(encoded);
        if ((flags & BasicPropertyLayout.UnusedFlags) != 0)
            return false;

        var offsets = default(Offsets);
        var at = FlagsBytes;
        for (var left = flags; left != 0;)
        {
            var bit = BitOperations.Log2((uint)left);
            left ^= 1 << bit;
            offsets[15 - bit] = at;
            if (!TrySkip(encoded, 1 << bit, ref at))
                return false;
        }

        if (at != encoded.Length)
            return false;
        properties = new BasicPropertiesReader(encoded, flags, offsets);
        return true;
    }

    /// <summary>Whether the property is there; an empty short string is.</summary>
    public bool Has(BasicProperty property) => (_flags & property.Flag()) != 0;

    /// <summary>The flags as they stand before the list.</summary>
    internal int Flags => _flags;

    /// <summary>
    /// A present property's value with its length prefix, if its kind has one: what copying it copies.
    /// </summary>
    internal ReadOnlySpan<byte> Value(BasicProperty property)
    {
        var start = _offsets[(int)property];
        var end = start;
        TrySkip(Encoded, property.Flag(), ref end);
        return Encoded[start..end];
    }

    private byte Octet(BasicProperty property) => Has(property) ? Encoded[_offsets[(int)property]] : (byte)0;

    private ReadOnlySpan<byte> ShortString(BasicProperty property)
    {
        if (!Has(property))
            return default;
        var at = _offsets[(int)property];
        return Encoded.Slice(at + 1, Encoded[at]);
    }

    private static bool TrySkip(ReadOnlySpan<byte> encoded, int flag, ref int at)
    {
        var left = encoded.Length - at;
        long bytes;
        if ((flag & BasicPropertyLayout.OctetFlags) != 0)
            bytes = 1;
        else if (flag == BasicPropertyLayout.TimestampFlag)
            bytes = sizeof(ulong);
        else if (flag == BasicPropertyLayout.HeadersFlag)
            bytes = TableBytes(encoded[at..]);
        else
            bytes = left == 0 ? long.MaxValue : 1 + encoded[at];

        if (bytes > left)
            return false;
        at += (int)bytes;
        return true;
    }

    private static long TableBytes(ReadOnlySpan<byte> value) =>
        BinaryPrimitives.TryReadUInt32BigEndian(value, out var bytes) ? sizeof(uint) + (long)bytes : long.MaxValue;

    [InlineArray(BasicPropertyLayout.Count)]
    private struct Offsets
    {
        private int _first;
    }
}
