using System.Buffers.Binary;
using System.Text;

namespace Posthaste.Interop.Tests.Wire;

/// <summary>Builds the arguments of one method: big-endian integers, short and long strings.</summary>
internal sealed class WireWriter
{
    private readonly List<byte> _bytes = [];

    public WireWriter Octet(int value)
    {
        _bytes.Add((byte)value);
        return this;
    }

    public WireWriter Short(int value)
    {
        Span<byte> encoded = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(encoded, (ushort)value);
        _bytes.AddRange(encoded);
        return this;
    }

    public WireWriter Long(long value)
    {
        Span<byte> encoded = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(encoded, (uint)value);
        _bytes.AddRange(encoded);
        return this;
    }

    public WireWriter LongLong(long value)
    {
        Span<byte> encoded = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(encoded, value);
        _bytes.AddRange(encoded);
        return this;
    }

    public WireWriter ShortString(string value)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(value);
        Octet(utf8.Length);
        return Raw(utf8);
    }

    public WireWriter LongBytes(ReadOnlySpan<byte> value)
    {
        Long(value.Length);
        return Raw(value);
    }

    public WireWriter EmptyTable() => Long(0);

    public WireWriter Raw(ReadOnlySpan<byte> bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    public byte[] ToArray() => [.. _bytes];
}
