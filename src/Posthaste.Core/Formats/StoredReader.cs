using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Unicode;
using Posthaste.Primitives.Tables;

namespace Posthaste.Core.Formats;

/// <summary>
/// Reads what <see cref="StoredWriter"/> wrote; every read throws <see cref="StoredFormatException"/> on damage.
/// </summary>
internal ref struct StoredReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    public readonly bool IsAtEnd => _rest.IsEmpty;

    public byte ReadByte() => ReadBytes(1)[0];

    public ushort ReadUInt16() => BinaryPrimitives.ReadUInt16LittleEndian(ReadBytes(sizeof(ushort)));

    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32LittleEndian(ReadBytes(sizeof(uint)));

    public ulong ReadUInt64() => BinaryPrimitives.ReadUInt64LittleEndian(ReadBytes(sizeof(ulong)));

    public long ReadInt64() => BinaryPrimitives.ReadInt64LittleEndian(ReadBytes(sizeof(long)));

    public string ReadText()
    {
        var bytes = ReadBytes(ReadUInt16());
        Require(Utf8.IsValid(bytes), "text that is not UTF-8");
        return Encoding.UTF8.GetString(bytes);
    }

    public FieldTable ReadTable()
    {
        var content = ReadBytes(ReadUInt32());
        Require(FieldTableCodec.TryDecode(content, out var table), "damaged table");
        return table;
    }

    public ReadOnlySpan<byte> ReadBytes(uint count)
    {
        if (count > _rest.Length)
            Fail("ends too early");
        var bytes = _rest[..(int)count];
        _rest = _rest[(int)count..];
        return bytes;
    }

    public static void Require(bool condition, string otherwise)
    {
        if (!condition)
            Fail(otherwise);
    }

    [DoesNotReturn]
    private static void Fail(string what) => throw new StoredFormatException(what);
}
