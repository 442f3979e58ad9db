using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Posthaste.Primitives.Tables;

namespace Posthaste.Core.Formats;

/// <summary>
/// The pieces that stored formats of this project are made of. Numbers are little-endian.
/// <code>
///  text                          table
/// +-----------+-------+         +-----------+----------------------------------------+
/// | bytes u16 | UTF-8 |         | bytes u32 | content as drawn at FieldTableReader   |
/// +-----------+-------+         +-----------+----------------------------------------+
/// </code>
/// </summary>
internal static class StoredWriter
{
    /// <summary>Longest text, by its length field.</summary>
    public const int TextBytesMax = ushort.MaxValue;

    public static void WriteByte(this IBufferWriter<byte> to, byte value)
    {
        to.GetSpan(1)[0] = value;
        to.Advance(1);
    }

    public static void WriteUInt16(this IBufferWriter<byte> to, ushort value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(to.GetSpan(sizeof(ushort)), value);
        to.Advance(sizeof(ushort));
    }

    public static void WriteUInt32(this IBufferWriter<byte> to, uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(to.GetSpan(sizeof(uint)), value);
        to.Advance(sizeof(uint));
    }

    public static void WriteUInt64(this IBufferWriter<byte> to, ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(to.GetSpan(sizeof(ulong)), value);
        to.Advance(sizeof(ulong));
    }

    public static void WriteInt64(this IBufferWriter<byte> to, long value) => to.WriteUInt64((ulong)value);

    /// <exception cref="OverflowException">Longer than <see cref="TextBytesMax"/>.</exception>
    public static void WriteText(this IBufferWriter<byte> to, string text)
    {
        var bytes = Encoding.UTF8.GetByteCount(text);
        var target = to.GetSpan(sizeof(ushort) + bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(target, checked((ushort)bytes));
        Encoding.UTF8.GetBytes(text, target[sizeof(ushort)..]);
        to.Advance(sizeof(ushort) + bytes);
    }

    public static void WriteTable(this IBufferWriter<byte> to, FieldTable table)
    {
        var bytes = FieldTableCodec.GetContentBytes(table);
        var target = to.GetSpan(sizeof(uint) + bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(target, (uint)bytes);
        FieldTableCodec.WriteContent(table, target[sizeof(uint)..]);
        to.Advance(sizeof(uint) + bytes);
    }
}
