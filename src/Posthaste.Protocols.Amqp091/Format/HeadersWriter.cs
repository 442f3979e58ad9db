using System.Buffers.Binary;
using Posthaste.Broker.Formats;
using Posthaste.Primitives.Tables;

namespace Posthaste.Protocols.Amqp091.Format;

/// <summary>
/// Writes the headers of the canonical form as a field table that fits a frame; see <see cref="CanonicalWriter"/>.
/// <code>
///  name once          name | type | value
///  name repeated      name | A | bytes u32 | type | value | type | value ...
///  name over 255 B    x-long-headers | A | bytes u32 | F | bytes u32 | 4 name S name | 5 value type value | F ...
///  no room            x-omitted-headers | I | count
/// </code>
/// </summary>
internal readonly ref struct HeadersWriter
{
    private const int LengthBytes = sizeof(uint);
    private const int TagBytes = 1;

    private readonly MessageProperties _properties;
    private readonly int _bytesMax;

    /// <param name="properties">With repeated names linked.</param>
    /// <param name="bytesMax">Bytes that the table's content may take.</param>
    public HeadersWriter(MessageProperties properties, int bytesMax)
    {
        _properties = properties;
        _bytesMax = bytesMax - OmittedName.Length - 1 - TagBytes - sizeof(int);
        BytesMax = int.Min(bytesMax, Bound(properties));
    }

    private static ReadOnlySpan<byte> OmittedName => "x-omitted-headers"u8;

    private static ReadOnlySpan<byte> LongName => "x-long-headers"u8;

    /// <summary>Bytes that <see cref="Write"/> needs room for.</summary>
    public int BytesMax { get; }

    /// <summary>Writes the table's content and returns its bytes.</summary>
    public int Write(Span<byte> target)
    {
        var at = 0;
        var omitted = 0;
        var hasLong = false;
        for (var i = 0; i < _properties.HeaderCount; i++)
        {
            if (_properties.Header(i).Name.Length > FieldTable.KeyBytesMax)
                hasLong = true;
            else if (_properties.IsFirst(i) && !TryWrite(i, target, ref at))
                omitted += Count(i);
        }

        if (hasLong)
            WriteLong(target, ref at, ref omitted);
        if (omitted > 0)
        {
            at += WriteName(OmittedName, target[at..]);
            target[at++] = (byte)FieldType.Int32;
            BinaryPrimitives.WriteInt32BigEndian(target[at..], omitted);
            at += sizeof(int);
        }

        return at;
    }

    /// <summary>What all of them take at most, should there be room for it.</summary>
    private static int Bound(MessageProperties properties)
    {
        const int OverheadMax = 32;
        long bytes = 2 * OverheadMax;
        for (var i = 0; i < properties.HeaderCount; i++)
        {
            var header = properties.Header(i);
            bytes += OverheadMax + header.Name.Length + header.Value.Data.Length;
        }

        return (int)long.Min(int.MaxValue, bytes);
    }

    private bool TryWrite(int index, Span<byte> target, ref int at)
    {
        var header = _properties.Header(index);
        var isArray = _properties.Next(index) >= 0;
        var bytes = 1 + header.Name.Length + ValueBytes(index);
        if (bytes > _bytesMax - at)
            return false;
        at += WriteName(header.Name, target[at..]);
        if (isArray)
        {
            target[at] = (byte)FieldType.Array;
            BinaryPrimitives.WriteInt32BigEndian(target[(at + TagBytes)..], ElementsBytes(index));
            at += TagBytes + LengthBytes;
        }

        for (var i = index; i >= 0; i = _properties.Next(i))
            at += WriteValue(_properties.Header(i).Value, target[at..]);
        return true;
    }

    /// <summary>Those with names that are too long for a key, in one array of their own.</summary>
    private void WriteLong(Span<byte> target, ref int at, ref int omitted)
    {
        var start = at;
        var content = start + 1 + LongName.Length + TagBytes + LengthBytes;
        var end = content;
        for (var i = 0; i < _properties.HeaderCount; i++)
        {
            var header = _properties.Header(i);
            if (header.Name.Length <= FieldTable.KeyBytesMax)
                continue;
            var bytes = "name"u8.Length + 1 + TagBytes + LengthBytes + header.Name.Length
                + "value"u8.Length + 1 + ValueBytes(header.Value);
            if (TagBytes + LengthBytes + bytes > _bytesMax - end)
            {
                omitted++;
                continue;
            }

            target[end] = (byte)FieldType.Table;
            BinaryPrimitives.WriteInt32BigEndian(target[(end + TagBytes)..], bytes);
            end += TagBytes + LengthBytes;
            end += WriteName("name"u8, target[end..]);
            end += WriteValue(new FieldView(FieldType.String, header.Name), target[end..]);
            end += WriteName("value"u8, target[end..]);
            end += WriteValue(header.Value, target[end..]);
        }

        if (end == content)
            return;
        start += WriteName(LongName, target[start..]);
        target[start] = (byte)FieldType.Array;
        BinaryPrimitives.WriteInt32BigEndian(target[(start + TagBytes)..], end - content);
        at = end;
    }

    private int Count(int index)
    {
        var count = 0;
        for (var i = index; i >= 0; i = _properties.Next(i))
            count++;
        return count;
    }

    private int ValueBytes(int index) => _properties.Next(index) < 0
        ? ValueBytes(_properties.Header(index).Value)
        : TagBytes + LengthBytes + ElementsBytes(index);

    private int ElementsBytes(int index)
    {
        var bytes = 0;
        for (var i = index; i >= 0; i = _properties.Next(i))
            bytes += ValueBytes(_properties.Header(i).Value);
        return bytes;
    }

    private static int ValueBytes(FieldView value) =>
        TagBytes + (HasLength(value.Type) ? LengthBytes : 0) + value.Data.Length;

    private static bool HasLength(FieldType type) =>
        type is FieldType.String or FieldType.Binary or FieldType.Array or FieldType.Table;

    private static int WriteName(ReadOnlySpan<byte> name, Span<byte> target)
    {
        target[0] = (byte)name.Length;
        name.CopyTo(target[1..]);
        return 1 + name.Length;
    }

    private static int WriteValue(FieldView value, Span<byte> target)
    {
        target[0] = (byte)value.Type;
        var at = TagBytes;
        if (HasLength(value.Type))
        {
            BinaryPrimitives.WriteInt32BigEndian(target[at..], value.Data.Length);
            at += LengthBytes;
        }

        value.Data.CopyTo(target[at..]);
        return at + value.Data.Length;
    }
}
