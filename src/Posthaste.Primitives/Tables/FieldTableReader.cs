using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

namespace Posthaste.Primitives.Tables;

/// <summary>
/// Reads an encoded field table where it lies, without allocating. Every length is checked against what contains it,
/// so reading damaged bytes ends early and never strays; <see cref="Validate"/> tells the two ends apart.
/// </summary>
/// <remarks>
/// <code>
///  table content (a 4 byte length in bytes precedes it on the wire)
///  +-----------+-----------+-----+-------------+-----------+-----+----
///  | keyBytes  | key       | tag | value       | keyBytes  | key | ...
///  | u8        | UTF-8     | u8  | by the tag  | u8        |     |
///  +-----------+-----------+-----+-------------+-----------+-----+----
///
///  value of tag S, x          value of tag A                value of tag F
///  +-----------+-------+      +-----------+-----+-------+   +-----------+---------------+
///  | bytes u32 | bytes |      | bytes u32 | tag | value |   | bytes u32 | table content |
///  +-----------+-------+      +-----------+-----+-------+   +-----------+---------------+
///                                           (repeated)
///  All numbers are big-endian. The other tags have a fixed size, see FieldType.
/// </code>
/// </remarks>
public readonly ref struct FieldTableReader
{
    private readonly ReadOnlySpan<byte> _content;

    /// <param name="content">The table without its 4 byte length; empty is an empty table.</param>
    public FieldTableReader(ReadOnlySpan<byte> content) => _content = content;

    /// <summary>Whether the table has no fields.</summary>
    public bool IsEmpty => _content.IsEmpty;

    /// <summary>
    /// Checks every key, tag and length on every level. Time and stack are bounded by the content's length and the
    /// limits; nothing is allocated.
    /// </summary>
    public static FieldTableFault Validate(ReadOnlySpan<byte> content, FieldTableLimits limits)
    {
        var fieldsLeft = limits.FieldCountMax;
        return ValidateLevel(content, keyed: true, limits.DepthMax - 1, ref fieldsLeft);
    }

    /// <summary>Whether <see cref="Validate"/> finds nothing wrong within the default limits.</summary>
    public static bool IsValid(ReadOnlySpan<byte> content) =>
        Validate(content, FieldTableLimits.Default) == FieldTableFault.None;

    /// <summary>
    /// Finds the first field with exactly this key. Duplicates are legal on the wire; the first one counts.
    /// </summary>
    public bool TryFind(ReadOnlySpan<byte> key, out FieldView value)
    {
        foreach (var field in this)
        {
            if (field.Key.SequenceEqual(key))
            {
                value = field.Value;
                return true;
            }
        }

        value = default;
        return false;
    }

    /// <summary>
    /// The table as an object that outlives the buffer. Only for content that passed <see cref="Validate"/>;
    /// <see cref="FieldTableCodec.TryDecode"/> does both.
    /// </summary>
    public FieldTable ToTable()
    {
        if (_content.IsEmpty)
            return FieldTable.Empty;

        var fields = new List<KeyValuePair<string, FieldValue>>();
        foreach (var field in this)
            fields.Add(new(Encoding.UTF8.GetString(field.Key), field.Value.ToValue()));
        return FieldTable.FromOwned([.. fields]);
    }

    /// <summary>Walks the fields in wire order; stops at the first one that is damaged.</summary>
    public Enumerator GetEnumerator() => new(_content);

    private static FieldTableFault ValidateLevel(
        ReadOnlySpan<byte> content, bool keyed, int depthLeft, ref int fieldsLeft)
    {
        if (depthLeft < 0)
            return FieldTableFault.TooDeep;

        var cursor = new FieldCursor(content);
        while (!cursor.IsAtEnd)
        {
            if (--fieldsLeft < 0)
                return FieldTableFault.TooManyFields;
            if (keyed)
            {
                if (!cursor.TryReadKey(out var key))
                    return FieldTableFault.Truncated;
                if (!Utf8.IsValid(key))
                    return FieldTableFault.KeyNotUtf8;
            }

            var fault = cursor.ReadValue(out var value);
            if (fault == FieldTableFault.None && value.Type is FieldType.Table or FieldType.Array)
                fault = ValidateLevel(value.Data, value.Type == FieldType.Table, depthLeft - 1, ref fieldsLeft);
            if (fault != FieldTableFault.None)
                return fault;
        }

        return FieldTableFault.None;
    }

    /// <summary>One field of a table: key and value, both in the buffer.</summary>
    public readonly ref struct Field
    {
        internal Field(ReadOnlySpan<byte> key, FieldView value)
        {
            Key = key;
            Value = value;
        }

        /// <summary>UTF-8, at most 255 bytes.</summary>
        public ReadOnlySpan<byte> Key { get; }

        /// <summary>The value.</summary>
        public FieldView Value { get; }
    }

    /// <summary>Enumerator over a table's fields.</summary>
    public ref struct Enumerator
    {
        private FieldCursor _cursor;

        internal Enumerator(ReadOnlySpan<byte> content) => _cursor = new FieldCursor(content);

        /// <summary>The field that <see cref="MoveNext"/> moved to.</summary>
        public Field Current { get; private set; }

        /// <summary>Moves on; false at the end of the table and at damage.</summary>
        public bool MoveNext()
        {
            if (_cursor.IsAtEnd || !_cursor.TryReadKey(out var key)
                || _cursor.ReadValue(out var value) != FieldTableFault.None)
            {
                return false;
            }

            Current = new Field(key, value);
            return true;
        }
    }
}

/// <summary>Reads an encoded array of values where it lies; see <see cref="FieldTableReader"/>.</summary>
public readonly ref struct FieldArrayReader
{
    private readonly ReadOnlySpan<byte> _content;

    /// <param name="content">The array without its 4 byte length.</param>
    public FieldArrayReader(ReadOnlySpan<byte> content) => _content = content;

    /// <summary>The values as objects; only for content of a table that passed validation.</summary>
    public FieldValue[] ToValues()
    {
        var values = new List<FieldValue>();
        foreach (var value in this)
            values.Add(value.ToValue());
        return [.. values];
    }

    /// <summary>Walks the values in wire order; stops at the first one that is damaged.</summary>
    public Enumerator GetEnumerator() => new(_content);

    /// <summary>Enumerator over an array's values.</summary>
    public ref struct Enumerator
    {
        private FieldCursor _cursor;
        private FieldView _current;

        internal Enumerator(ReadOnlySpan<byte> content) => _cursor = new FieldCursor(content);

        /// <summary>The value that <see cref="MoveNext"/> moved to.</summary>
        public readonly FieldView Current => _current;

        /// <summary>Moves on; false at the end of the array and at damage.</summary>
        public bool MoveNext() => !_cursor.IsAtEnd && _cursor.ReadValue(out _current) == FieldTableFault.None;
    }
}

/// <summary>
/// The one place that turns table bytes into keys and values; both readers and the validator stand on it.
/// </summary>
internal ref struct FieldCursor
{
    private const byte SignedLongAlias = (byte)'L';

    private ReadOnlySpan<byte> _rest;

    public FieldCursor(ReadOnlySpan<byte> content) => _rest = content;

    public readonly bool IsAtEnd => _rest.IsEmpty;

    public bool TryReadKey(out ReadOnlySpan<byte> key)
    {
        if (_rest.IsEmpty || _rest.Length - 1 < _rest[0])
        {
            key = default;
            return false;
        }

        key = _rest.Slice(1, _rest[0]);
        _rest = _rest[(1 + key.Length)..];
        return true;
    }

    public FieldTableFault ReadValue(out FieldView value)
    {
        value = default;
        if (_rest.IsEmpty)
            return FieldTableFault.Truncated;

        var type = _rest[0] == SignedLongAlias ? FieldType.Int64 : (FieldType)_rest[0];
        var start = 1;
        long bytes = FieldTypes.FixedBytes(type);
        if (bytes == FieldTypes.Unknown)
            return FieldTableFault.UnknownType;
        if (bytes == FieldTypes.LengthPrefixed)
        {
            if (_rest.Length < 1 + sizeof(uint))
                return FieldTableFault.Truncated;
            start += sizeof(uint);
            bytes = BinaryPrimitives.ReadUInt32BigEndian(_rest[1..]);
        }

        if (bytes > _rest.Length - start)
            return FieldTableFault.Truncated;
        value = new FieldView(type, _rest.Slice(start, (int)bytes));
        _rest = _rest[(start + (int)bytes)..];
        return FieldTableFault.None;
    }
}
