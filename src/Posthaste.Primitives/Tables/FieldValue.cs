using System.Globalization;
using System.Text;

namespace Posthaste.Primitives.Tables;

/// <summary>
/// An immutable value of a field table with its exact wire type, so that what was read is written back the same.
/// The default value is <see cref="Void"/>.
/// </summary>
public readonly struct FieldValue : IEquatable<FieldValue>
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    // Numbers live in _bits; strings and byte arrays (byte[]), arrays (FieldValue[]) and tables in _content.
    private readonly object? _content;
    private readonly long _bits;
    private readonly FieldType _type;

    private FieldValue(FieldType type, long bits, object? content = null)
    {
        _type = type;
        _bits = bits;
        _content = content;
    }

    /// <summary>The value that says nothing.</summary>
    public static FieldValue Void => default;

    /// <summary>The exact wire type.</summary>
    public FieldType Type => _type == 0 ? FieldType.Void : _type;

    /// <summary>The bytes of a string or byte array; empty for other types.</summary>
    public ReadOnlySpan<byte> Bytes => _content is byte[] bytes ? bytes : default;

    /// <summary>The elements of an array; empty for other types.</summary>
    public ReadOnlySpan<FieldValue> Elements => _content is FieldValue[] elements ? elements : default;

    /// <summary>The raw 64 bits behind a number, as the encoder needs them.</summary>
    internal long Bits => _bits;

    public static FieldValue Boolean(bool value) => new(FieldType.Boolean, value ? 1 : 0);

    public static FieldValue Int32(int value) => new(FieldType.Int32, value);

    public static FieldValue Int64(long value) => new(FieldType.Int64, value);

    /// <summary>An integer of any width and sign.</summary>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The type is no integer type or cannot hold the value.
    /// </exception>
    public static FieldValue Integer(FieldType type, long value)
    {
        var (min, max) = type switch
        {
            FieldType.Int8 => ((long)sbyte.MinValue, (long)sbyte.MaxValue),
            FieldType.UInt8 => (byte.MinValue, byte.MaxValue),
            FieldType.Int16 => (short.MinValue, short.MaxValue),
            FieldType.UInt16 => (ushort.MinValue, ushort.MaxValue),
            FieldType.Int32 => (int.MinValue, int.MaxValue),
            FieldType.UInt32 => (uint.MinValue, uint.MaxValue),
            FieldType.Int64 => (long.MinValue, long.MaxValue),
            _ => throw new ArgumentOutOfRangeException(nameof(type), type, "not an integer type"),
        };
        ArgumentOutOfRangeException.ThrowIfLessThan(value, min);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, max);
        return new(type, value);
    }

    public static FieldValue Single(float value) => new(FieldType.Single, BitConverter.SingleToInt32Bits(value));

    public static FieldValue Double(double value) => new(FieldType.Double, BitConverter.DoubleToInt64Bits(value));

    /// <summary><paramref name="unscaled"/> divided by ten to the power of <paramref name="scale"/>.</summary>
    public static FieldValue Decimal(byte scale, uint unscaled) =>
        new(FieldType.Decimal, ((long)scale << 32) | unscaled);

    public static FieldValue Timestamp(ulong unixSeconds) => new(FieldType.Timestamp, (long)unixSeconds);

    /// <summary>A string from text; encoded as UTF-8.</summary>
    public static FieldValue String(string text) => new(FieldType.String, 0, Encoding.UTF8.GetBytes(text));

    /// <summary>A string from bytes, which are copied and need not be UTF-8.</summary>
    public static FieldValue String(ReadOnlySpan<byte> bytes) => new(FieldType.String, 0, bytes.ToArray());

    /// <summary>A byte array; the bytes are copied.</summary>
    public static FieldValue Binary(ReadOnlySpan<byte> bytes) => new(FieldType.Binary, 0, bytes.ToArray());

    /// <summary>An array; the elements are copied.</summary>
    public static FieldValue Array(params ReadOnlySpan<FieldValue> elements) =>
        new(FieldType.Array, 0, elements.ToArray());

    public static FieldValue Table(FieldTable table) => new(FieldType.Table, 0, table);

    public static implicit operator FieldValue(string text) => String(text);

    public static implicit operator FieldValue(bool value) => Boolean(value);

    public static implicit operator FieldValue(int value) => Int32(value);

    public static implicit operator FieldValue(long value) => Int64(value);

    public static implicit operator FieldValue(FieldTable table) => Table(table);

    /// <summary>The number in an integer of any width; false for other types.</summary>
    public bool TryGetInt64(out long value)
    {
        value = Type.IsInteger() ? _bits : 0;
        return Type.IsInteger();
    }

    /// <summary>The number in a 4 or 8 byte floating point value; false for other types.</summary>
    public bool TryGetDouble(out double value)
    {
        value = Type switch
        {
            FieldType.Single => BitConverter.Int32BitsToSingle((int)_bits),
            FieldType.Double => BitConverter.Int64BitsToDouble(_bits),
            _ => 0,
        };
        return Type is FieldType.Single or FieldType.Double;
    }

    public bool TryGetBoolean(out bool value)
    {
        value = Type == FieldType.Boolean && _bits != 0;
        return Type == FieldType.Boolean;
    }

    /// <summary>Decimal places and unscaled number of a decimal; false for other types.</summary>
    public bool TryGetDecimal(out byte scale, out uint unscaled)
    {
        scale = Type == FieldType.Decimal ? (byte)(_bits >> 32) : (byte)0;
        unscaled = Type == FieldType.Decimal ? (uint)_bits : 0;
        return Type == FieldType.Decimal;
    }

    public bool TryGetTimestamp(out ulong unixSeconds)
    {
        unixSeconds = Type == FieldType.Timestamp ? (ulong)_bits : 0;
        return Type == FieldType.Timestamp;
    }

    /// <summary>The text of a string; false for other types and for strings that are not UTF-8.</summary>
    public bool TryGetString([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out string? text)
    {
        text = null;
        if (Type != FieldType.String || !System.Text.Unicode.Utf8.IsValid(Bytes))
            return false;
        text = StrictUtf8.GetString(Bytes);
        return true;
    }

    public bool TryGetTable([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out FieldTable? table)
    {
        table = _content as FieldTable;
        return table is not null;
    }

    /// <summary>
    /// Whether both say the same to a broker: integers by number and floating point by number, whatever their width;
    /// everything else exactly. Clients in different languages encode one argument in different widths, and
    /// declaring a queue again from another language must not fail over that.
    /// </summary>
    public bool EquivalentTo(FieldValue other)
    {
        if (TryGetInt64(out var integer) && other.TryGetInt64(out var otherInteger))
            return integer == otherInteger;
        if (TryGetDouble(out var number) && other.TryGetDouble(out var otherNumber))
            return number.Equals(otherNumber);
        if (Type != other.Type)
            return false;
        if (TryGetTable(out var table) && other.TryGetTable(out var otherTable))
            return table.EquivalentTo(otherTable);
        if (Type != FieldType.Array)
            return Equals(other);

        if (Elements.Length != other.Elements.Length)
            return false;
        for (var i = 0; i < Elements.Length; i++)
        {
            if (!Elements[i].EquivalentTo(other.Elements[i]))
                return false;
        }

        return true;
    }

    /// <summary>Exact equality: type and every bit, in the order of the wire.</summary>
    public bool Equals(FieldValue other) => Type == other.Type && _bits == other._bits && Type switch
    {
        FieldType.Array => Elements.SequenceEqual(other.Elements),
        FieldType.Table => ((FieldTable)_content!).Equals((FieldTable)other._content!),
        _ => Bytes.SequenceEqual(other.Bytes),
    };

    public override bool Equals(object? obj) => obj is FieldValue other && Equals(other);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.Add(Type);
        hash.Add(_bits);
        hash.AddBytes(Bytes);
        foreach (var element in Elements)
            hash.Add(element);
        if (TryGetTable(out var table))
            hash.Add(table);
        return hash.ToHashCode();
    }

    public static bool operator ==(FieldValue left, FieldValue right) => left.Equals(right);

    public static bool operator !=(FieldValue left, FieldValue right) => !left.Equals(right);

    /// <summary>The value as a person writes it, for error texts and tools.</summary>
    public override string ToString() => Type switch
    {
        FieldType.Void => "undefined",
        FieldType.Boolean => _bits != 0 ? "true" : "false",
        FieldType.Single => BitConverter.Int32BitsToSingle((int)_bits).ToString(CultureInfo.InvariantCulture),
        FieldType.Double => BitConverter.Int64BitsToDouble(_bits).ToString(CultureInfo.InvariantCulture),
        FieldType.Decimal => string.Create(CultureInfo.InvariantCulture, $"{(uint)_bits}e-{_bits >> 32}"),
        FieldType.Timestamp => ((ulong)_bits).ToString(CultureInfo.InvariantCulture),
        FieldType.String => Encoding.UTF8.GetString(Bytes),
        FieldType.Binary => Convert.ToHexStringLower(Bytes),
        FieldType.Array => $"[{string.Join(", ", Elements.ToArray())}]",
        FieldType.Table => _content!.ToString()!,
        _ => _bits.ToString(CultureInfo.InvariantCulture),
    };
}
