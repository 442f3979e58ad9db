using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Posthaste.Protocols.Amqp091.Wire;

/// <summary>
/// Writes a method's arguments one after the other into a span that the caller has sized; the layout is drawn at
/// <see cref="WireReader"/>. Running out of room, or a short string beyond 255 bytes, is a defect of the caller and
/// throws.
/// </summary>
public ref struct WireWriter
{
    private readonly Span<byte> _destination;
    private int _written;
    private int _bitCount;

    public WireWriter(Span<byte> destination) => _destination = destination;

    /// <summary>Bytes written so far.</summary>
    public readonly int Written => _written;

    public void UInt8(byte value) => Take(sizeof(byte))[0] = value;

    public void UInt16(ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Take(sizeof(ushort)), value);

    public void UInt32(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Take(sizeof(uint)), value);

    public void UInt64(ulong value) => BinaryPrimitives.WriteUInt64BigEndian(Take(sizeof(ulong)), value);

    /// <summary>The next bit; bits written without another write in between share an octet.</summary>
    public void Bit(bool value)
    {
        var index = _bitCount % 8;
        if (index == 0)
            UInt8(0);
        if (value)
            _destination[_written - 1] |= (byte)(1 << index);
        _bitCount = index + 1;
    }

    /// <summary>A short string; at most 255 bytes.</summary>
    public void ShortString(scoped ReadOnlySpan<byte> value)
    {
        if (value.Length > ShortStrings.BytesMax)
            ThrowShortStringTooLong(value.Length);
        UInt8((byte)value.Length);
        Bytes(value);
    }

    /// <summary>A long string, or a field table's content: both are a 4 byte length and that many bytes.</summary>
    public void LongString(scoped ReadOnlySpan<byte> value)
    {
        UInt32((uint)value.Length);
        Bytes(value);
    }

    /// <summary>Bytes as they are.</summary>
    public void Bytes(scoped ReadOnlySpan<byte> value) => value.CopyTo(Take(value.Length));

    private Span<byte> Take(int count)
    {
        _bitCount = 0;
        var taken = _destination.Slice(_written, count);
        _written += count;
        return taken;
    }

    [DoesNotReturn]
    private static void ThrowShortStringTooLong(int bytes) =>
        throw new ArgumentException($"A short string has at most {ShortStrings.BytesMax} bytes, not {bytes}.");
}
