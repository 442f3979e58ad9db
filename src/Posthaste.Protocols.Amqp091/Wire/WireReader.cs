using System.Buffers.Binary;
using System.Text.Unicode;
using Posthaste.Primitives.Tables;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Wire;

/// <summary>
/// Reads a method's arguments one after the other. A read that does not fit yields a zero and is remembered, so a
/// method is decoded without a branch a field and judged once, by <see cref="IsComplete"/>.
/// </summary>
/// <remarks>
/// <code>
///  method payload                          shortstr                 longstr, table
///  +----------+-----------+-----------+    +----------+-------+     +-----------+-------+
///  | class-id | method-id | arguments |    | bytes u8 | bytes |     | bytes u32 | bytes |
///  | u16      | u16       |           |    +----------+-------+     +-----------+-------+
///  +----------+-----------+-----------+
///  Neighbouring bits share octets, the first one lowest. Numbers are big-endian.
/// </code>
/// </remarks>
public ref struct WireReader
{
    private ReadOnlySpan<byte> _rest;
    private int _bits;
    private int _bitCount;
    private bool _hasFailed;

    /// <summary>Starts behind the method's number, which has to be this one.</summary>
    public WireReader(ReadOnlySpan<byte> payload, MethodId method)
    {
        _rest = payload;
        _hasFailed = (MethodId)UInt32() != method;
    }

    /// <summary>Whether everything read was there and nothing is left over.</summary>
    public readonly bool IsComplete => !_hasFailed && _rest.IsEmpty;

    public byte UInt8()
    {
        var bytes = Take(sizeof(byte));
        return bytes.IsEmpty ? (byte)0 : bytes[0];
    }

    public ushort UInt16()
    {
        var bytes = Take(sizeof(ushort));
        return bytes.IsEmpty ? (ushort)0 : BinaryPrimitives.ReadUInt16BigEndian(bytes);
    }

    public uint UInt32()
    {
        var bytes = Take(sizeof(uint));
        return bytes.IsEmpty ? 0 : BinaryPrimitives.ReadUInt32BigEndian(bytes);
    }

    public ulong UInt64()
    {
        var bytes = Take(sizeof(ulong));
        return bytes.IsEmpty ? 0 : BinaryPrimitives.ReadUInt64BigEndian(bytes);
    }

    /// <summary>The next bit; bits read without another read in between share an octet.</summary>
    public bool Bit()
    {
        if (_bitCount == 0)
        {
            _bits = UInt8();
            _bitCount = 8;
        }

        var bit = (_bits & 1) != 0;
        _bits >>= 1;
        _bitCount--;
        return bit;
    }

    /// <summary>
    /// A short string of any bytes. Only where RabbitMQ does not look either: exchange and routing key of the methods
    /// that carry content.
    /// </summary>
    public ReadOnlySpan<byte> ShortBytes() => Take(UInt8());

    /// <summary>A short string that has to be UTF-8, as the specification asks of all of them.</summary>
    public ReadOnlySpan<byte> ShortString()
    {
        var text = ShortBytes();
        _hasFailed |= !Utf8.IsValid(text);
        return text;
    }

    /// <summary>A long string: any bytes.</summary>
    public ReadOnlySpan<byte> LongString()
    {
        var bytes = UInt32();
        _hasFailed |= bytes > (uint)_rest.Length;
        return _hasFailed ? default : Take((int)bytes);
    }

    /// <summary>The content of a field table, checked on every level within the default limits.</summary>
    public ReadOnlySpan<byte> Table()
    {
        var content = LongString();
        _hasFailed |= !FieldTableReader.IsValid(content);
        return content;
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        _bitCount = 0;
        if (count > _rest.Length)
            _hasFailed = true;
        if (_hasFailed)
            return default;

        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }
}
