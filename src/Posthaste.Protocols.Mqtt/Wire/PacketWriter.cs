using System.Buffers.Binary;
using Posthaste.Protocols.Mqtt.Wire.Properties;

namespace Posthaste.Protocols.Mqtt.Wire;

/// <summary>
/// Writes a packet one field after the other into a span that the caller has sized; the layout is drawn at
/// <see cref="PacketReader"/>. Running out of room, or a string beyond 65,535 bytes, is a defect of the caller and
/// throws.
/// </summary>
public ref struct PacketWriter
{
    private readonly Span<byte> _destination;
    private int _written;

    public PacketWriter(Span<byte> destination) => _destination = destination;

    /// <summary>Bytes written so far.</summary>
    public readonly int Written => _written;

    public void UInt8(byte value) => Take(sizeof(byte))[0] = value;

    public void UInt16(ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Take(sizeof(ushort)), value);

    public void UInt32(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Take(sizeof(uint)), value);

    public void VariableInteger(uint value) =>
        _written += VariableByteInteger.Write(_destination[_written..], value);

    /// <summary>A UTF-8 string or binary data, behind its length of two octets.</summary>
    public void Binary(scoped ReadOnlySpan<byte> value)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value.Length, Utf8Text.BytesMax);
        UInt16((ushort)value.Length);
        Bytes(value);
    }

    /// <summary>Bytes as they are.</summary>
    public void Bytes(scoped ReadOnlySpan<byte> value) => value.CopyTo(Take(value.Length));

    /// <summary>A list of properties behind its length; nothing for 3.x.</summary>
    public void Properties(MqttVersion version, scoped ReadOnlySpan<byte> encoded)
    {
        if (version != MqttVersion.V5)
            return;
        VariableInteger((uint)encoded.Length);
        Bytes(encoded);
    }

    /// <summary>
    /// A reason code and properties that end the packet, as short as they may be: what
    /// <see cref="PacketReader.ReasonAndProperties"/> reads.
    /// </summary>
    public void ReasonAndProperties(MqttVersion version, ReasonCode code, scoped PropertyList properties)
    {
        if (PacketFrame.ReasonBytes(version, code, properties) == 0)
            return;
        UInt8((byte)code);
        if (!properties.IsEmpty)
            Properties(version, properties.Encoded);
    }

    private Span<byte> Take(int count)
    {
        var taken = _destination.Slice(_written, count);
        _written += count;
        return taken;
    }
}
