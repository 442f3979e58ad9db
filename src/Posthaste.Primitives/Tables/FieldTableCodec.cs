using System.Buffers.Binary;
using System.Text;

namespace Posthaste.Primitives.Tables;

/// <summary>
/// Turns field tables into bytes and back; the layout is drawn at <see cref="FieldTableReader"/>. Content means
/// without the table's own 4 byte length, which belongs to whatever embeds it.
/// </summary>
/// <remarks>
/// What is decoded and encoded again has the same bytes, but for two spellings that mean the same: tag <c>L</c>
/// comes back as <c>l</c>, and a boolean octet other than 0 as 1.
/// </remarks>
public static class FieldTableCodec
{
    private const int LengthBytes = sizeof(uint);

    /// <summary>Decodes a table; nothing is built unless all of it is sound and within the limits.</summary>
    public static FieldTableFault Decode(ReadOnlySpan<byte> content, FieldTableLimits limits, out FieldTable table)
    {
        var fault = FieldTableReader.Validate(content, limits);
        table = fault == FieldTableFault.None ? new FieldTableReader(content).ToTable() : FieldTable.Empty;
        return fault;
    }

    /// <summary>Decodes a table within the default limits; false if it is damaged or exceeds them.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> content, out FieldTable table) =>
        Decode(content, FieldTableLimits.Default, out table) == FieldTableFault.None;

    /// <summary>Bytes of the encoded content.</summary>
    public static int GetContentBytes(FieldTable table)
    {
        ArgumentNullException.ThrowIfNull(table);
        var bytes = 0;
        for (var i = 0; i < table.Count; i++)
            bytes = checked(bytes + 1 + Encoding.UTF8.GetByteCount(table[i].Key) + GetTaggedBytes(table[i].Value));
        return bytes;
    }

    /// <summary>Encodes the content and returns how many bytes it took.</summary>
    /// <exception cref="ArgumentException">
    /// The destination is shorter than <see cref="GetContentBytes"/>.
    /// </exception>
    public static int WriteContent(FieldTable table, Span<byte> destination)
    {
        ArgumentNullException.ThrowIfNull(table);
        var at = 0;
        for (var i = 0; i < table.Count; i++)
        {
            var (key, value) = table[i];
            var keyBytes = Encoding.UTF8.GetBytes(key, destination[(at + 1)..]);
            destination[at] = (byte)keyBytes;
            at += 1 + keyBytes;
            at += WriteTagged(value, destination[at..]);
        }

        return at;
    }

    /// <summary>The content in an array of its own.</summary>
    public static byte[] Encode(FieldTable table)
    {
        var content = new byte[GetContentBytes(table)];
        WriteContent(table, content);
        return content;
    }

    private static int GetTaggedBytes(FieldValue value)
    {
        var fixedBytes = FieldTypes.FixedBytes(value.Type);
        if (fixedBytes >= 0)
            return 1 + fixedBytes;

        var bytes = value.Bytes.Length;
        if (value.TryGetTable(out var table))
            bytes = GetContentBytes(table);
        foreach (var element in value.Elements)
            bytes = checked(bytes + GetTaggedBytes(element));
        return checked(1 + LengthBytes + bytes);
    }

    private static int WriteTagged(FieldValue value, Span<byte> destination)
    {
        destination[0] = (byte)value.Type;
        var rest = destination[1..];
        switch (FieldTypes.FixedBytes(value.Type))
        {
            case 0:
                return 1;
            case 1:
                rest[0] = (byte)value.Bits;
                return 2;
            case 2:
                BinaryPrimitives.WriteInt16BigEndian(rest, (short)value.Bits);
                return 3;
            case 4:
                BinaryPrimitives.WriteInt32BigEndian(rest, (int)value.Bits);
                return 5;
            case 5:
                rest[0] = (byte)(value.Bits >> 32);
                BinaryPrimitives.WriteUInt32BigEndian(rest[1..], (uint)value.Bits);
                return 6;
            case 8:
                BinaryPrimitives.WriteInt64BigEndian(rest, value.Bits);
                return 9;
            default:
                var bytes = WriteVariable(value, rest[LengthBytes..]);
                BinaryPrimitives.WriteInt32BigEndian(rest, bytes);
                return 1 + LengthBytes + bytes;
        }
    }

    private static int WriteVariable(FieldValue value, Span<byte> destination)
    {
        if (value.TryGetTable(out var table))
            return WriteContent(table, destination);

        value.Bytes.CopyTo(destination);
        var at = value.Bytes.Length;
        foreach (var element in value.Elements)
            at += WriteTagged(element, destination[at..]);
        return at;
    }
}
