namespace Posthaste.Primitives.Tables;

/// <summary>
/// The type of a value in a field table. The numeric value is the tag octet that stands for it on an AMQP 0-9-1 wire.
/// </summary>
/// <remarks>
/// The specification and its implementers disagree about some letters; this is the set that RabbitMQ and its clients
/// speak: <c>s</c> is a signed 16 bit integer (the specification says short string), <c>u</c> and <c>i</c> are the
/// unsigned twins of <c>s</c> and <c>I</c>, and <c>x</c> is a byte array. <c>L</c> is read as <see cref="Int64"/>
/// and never written.
/// </remarks>
public enum FieldType : byte
{
    /// <summary>No value; zero bytes.</summary>
    Void = (byte)'V',

    /// <summary>One octet; zero is false, anything else is true.</summary>
    Boolean = (byte)'t',

    /// <summary>Signed, 1 byte.</summary>
    Int8 = (byte)'b',

    /// <summary>Unsigned, 1 byte.</summary>
    UInt8 = (byte)'B',

    /// <summary>Signed, 2 bytes.</summary>
    Int16 = (byte)'s',

    /// <summary>Unsigned, 2 bytes.</summary>
    UInt16 = (byte)'u',

    /// <summary>Signed, 4 bytes.</summary>
    Int32 = (byte)'I',

    /// <summary>Unsigned, 4 bytes.</summary>
    UInt32 = (byte)'i',

    /// <summary>Signed, 8 bytes.</summary>
    Int64 = (byte)'l',

    /// <summary>IEEE 754, 4 bytes.</summary>
    Single = (byte)'f',

    /// <summary>IEEE 754, 8 bytes.</summary>
    Double = (byte)'d',

    /// <summary>One octet of decimal places, then an unsigned 4 byte integer.</summary>
    Decimal = (byte)'D',

    /// <summary>Seconds since 1970-01-01 UTC, unsigned, 8 bytes.</summary>
    Timestamp = (byte)'T',

    /// <summary>4 byte length and that many bytes: text by custom, any bytes in fact.</summary>
    String = (byte)'S',

    /// <summary>4 byte length and that many bytes of no declared meaning.</summary>
    Binary = (byte)'x',

    /// <summary>4 byte length in bytes, then tagged values without keys.</summary>
    Array = (byte)'A',

    /// <summary>4 byte length in bytes, then keyed values.</summary>
    Table = (byte)'F',
}

/// <summary>
/// What belongs to a <see cref="FieldType"/> as such: its class for comparisons and its name for people.
/// </summary>
public static class FieldTypes
{
    /// <summary>Whether values of this type are whole numbers of any width and sign.</summary>
    public static bool IsInteger(this FieldType type) => type
        is FieldType.Int8 or FieldType.UInt8 or FieldType.Int16 or FieldType.UInt16
        or FieldType.Int32 or FieldType.UInt32 or FieldType.Int64;

    /// <summary>
    /// The type's name as RabbitMQ's error texts spell it (<c>received the value '10' of type 'signedint'</c>),
    /// because client test suites match on those texts.
    /// </summary>
    public static string WireName(this FieldType type) => type switch
    {
        FieldType.Void => "void",
        FieldType.Boolean => "bool",
        FieldType.Int8 => "byte",
        FieldType.UInt8 => "unsignedbyte",
        FieldType.Int16 => "short",
        FieldType.UInt16 => "unsignedshort",
        FieldType.Int32 => "signedint",
        FieldType.UInt32 => "unsignedint",
        FieldType.Int64 => "long",
        FieldType.Single => "float",
        FieldType.Double => "double",
        FieldType.Decimal => "decimal",
        FieldType.Timestamp => "timestamp",
        FieldType.String => "longstr",
        FieldType.Binary => "binary",
        FieldType.Array => "array",
        FieldType.Table => "table",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "not a field type"),
    };

    /// <summary>
    /// Bytes of a value of this type when every value has the same size; -1 when a 4 byte length precedes it;
    /// -2 when the octet is no known tag.
    /// </summary>
    internal static int FixedBytes(FieldType type) => type switch
    {
        FieldType.Void => 0,
        FieldType.Boolean or FieldType.Int8 or FieldType.UInt8 => 1,
        FieldType.Int16 or FieldType.UInt16 => 2,
        FieldType.Int32 or FieldType.UInt32 or FieldType.Single => 4,
        FieldType.Decimal => 5,
        FieldType.Int64 or FieldType.Double or FieldType.Timestamp => 8,
        FieldType.String or FieldType.Binary or FieldType.Array or FieldType.Table => LengthPrefixed,
        _ => Unknown,
    };

    internal const int LengthPrefixed = -1;
    internal const int Unknown = -2;
}
