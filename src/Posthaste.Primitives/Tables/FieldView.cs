using System.Buffers.Binary;
using System.Text;

namespace Posthaste.Primitives.Tables;

/// <summary>
/// One value of an encoded field table, still in the buffer that it came in: a type and the bytes of the value
/// (behind the length prefix of strings, byte arrays, arrays and tables).
/// </summary>
public readonly ref struct FieldView
{
    /// <param name="type">The value's type.</param>
    /// <param name="data">The value as the type encodes it, without the length prefix that some have.</param>
    public FieldView(FieldType type, ReadOnlySpan<byte> data)
    {
        Type = type;
        Data = data;
    }

    /// <summary>The value's type; <c>L</c> on the wire is <see cref="FieldType.Int64"/> here.</summary>
    public FieldType Type { get; }

    /// <summary>The value's bytes: big-endian for numbers, the content for everything with a length.</summary>
    public ReadOnlySpan<byte> Data { get; }

    /// <summary>Reads an integer of any width; false for other types.</summary>
    public bool TryGetInt64(out long value)
    {
        value = Type switch
        {
            FieldType.Int8 => (sbyte)Data[0],
            FieldType.UInt8 => Data[0],
            FieldType.Int16 => BinaryPrimitives.ReadInt16BigEndian(Data),
            FieldType.UInt16 => BinaryPrimitives.ReadUInt16BigEndian(Data),
            FieldType.Int32 => BinaryPrimitives.ReadInt32BigEndian(Data),
            FieldType.UInt32 => BinaryPrimitives.ReadUInt32BigEndian(Data),
            FieldType.Int64 => BinaryPrimitives.ReadInt64BigEndian(Data),
            _ => 0,
        };
        return Type.IsInteger();
    }

    /// <summary>Reads a 4 or 8 byte floating point number; false for other types.</summary>
    public bool TryGetDouble(out double value)
    {
        value = Type switch
        {
            FieldType.Single => BinaryPrimitives.ReadSingleBigEndian(Data),
            FieldType.Double => BinaryPrimitives.ReadDoubleBigEndian(Data),
            _ => 0,
        };
        return Type is FieldType.Single or FieldType.Double;
    }

    /// <summary>Reads a boolean; false for other types.</summary>
    public bool TryGetBoolean(out bool value)
    {
        value = Type == FieldType.Boolean && Data[0] != 0;
        return Type == FieldType.Boolean;
    }

    /// <summary>Reads a timestamp as seconds since 1970-01-01 UTC; false for other types.</summary>
    public bool TryGetTimestamp(out ulong unixSeconds)
    {
        unixSeconds = Type == FieldType.Timestamp ? BinaryPrimitives.ReadUInt64BigEndian(Data) : 0;
        return Type == FieldType.Timestamp;
    }

    /// <summary>The bytes of a string (which need not be UTF-8); false for other types.</summary>
    public bool TryGetString(out ReadOnlySpan<byte> utf8)
    {
        utf8 = Type == FieldType.String ? Data : default;
        return Type == FieldType.String;
    }

    /// <summary>The table nested here; false for other types.</summary>
    public bool TryGetTable(out FieldTableReader table)
    {
        table = new FieldTableReader(Type == FieldType.Table ? Data : default);
        return Type == FieldType.Table;
    }

    /// <summary>The array nested here; false for other types.</summary>
    public bool TryGetArray(out FieldArrayReader array)
    {
        array = new FieldArrayReader(Type == FieldType.Array ? Data : default);
        return Type == FieldType.Array;
    }

    /// <summary>
    /// The value as an object that outlives the buffer. Only for values of a table that passed
    /// <see cref="FieldTableReader.Validate"/>, which bounds the recursion.
    /// </summary>
    public FieldValue ToValue() => Type switch
    {
        FieldType.Void => FieldValue.Void,
        FieldType.Boolean => FieldValue.Boolean(Data[0] != 0),
        FieldType.Single => FieldValue.Single(BinaryPrimitives.ReadSingleBigEndian(Data)),
        FieldType.Double => FieldValue.Double(BinaryPrimitives.ReadDoubleBigEndian(Data)),
        FieldType.Decimal => FieldValue.Decimal(Data[0], BinaryPrimitives.ReadUInt32BigEndian(Data[1..])),
        FieldType.Timestamp => FieldValue.Timestamp(BinaryPrimitives.ReadUInt64BigEndian(Data)),
        FieldType.String => FieldValue.String(Data),
        FieldType.Binary => FieldValue.Binary(Data),
        FieldType.Array => FieldValue.Array(new FieldArrayReader(Data).ToValues()),
        FieldType.Table => FieldValue.Table(new FieldTableReader(Data).ToTable()),
        _ => FieldValue.Integer(Type, TryGetInt64(out var integer) ? integer : 0),
    };

    /// <summary>For diagnostics: the value as <see cref="FieldValue.ToString"/> shows it.</summary>
    public override string ToString() => Type is FieldType.Array or FieldType.Table
        ? $"{Type.WireName()} of {Data.Length} bytes"
        : Type == FieldType.String ? Encoding.UTF8.GetString(Data) : ToValue().ToString();
}
