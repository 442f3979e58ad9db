using System.Buffers.Binary;
using Posthaste.Protocols.Mqtt.Wire.Properties;
using Posthaste.Protocols.Mqtt.Wire.Topics;

namespace Posthaste.Protocols.Mqtt.Wire;

/// <summary>
/// Reads a packet's body one field after the other. The first thing that is wrong is remembered and every later read
/// yields a zero, so a packet is decoded without a branch a field and judged once, by <see cref="IsSound"/>.
/// </summary>
/// <remarks>
/// <code>
///  UTF-8 string, binary data        properties (MQTT 5)
///  +-----------+-------+            +--------+-----------------------+
///  | bytes u16 | bytes |            | bytes  | identifier, value ... |
///  +-----------+-------+            | varint |                       |
///                                   +--------+-----------------------+   Numbers are big-endian.
/// </code>
/// </remarks>
public ref struct PacketReader
{
    private ReadOnlySpan<byte> _rest;
    private WireError _error;

    /// <summary>Starts at the beginning of the body.</summary>
    public PacketReader(ReadOnlySpan<byte> body) => _rest = body;

    /// <summary>Nothing is left.</summary>
    public readonly bool IsAtEnd => _rest.IsEmpty;

    /// <summary>Bytes that are left.</summary>
    public readonly int RestBytes => _rest.Length;

    /// <summary>The first thing that was wrong.</summary>
    public readonly WireError Error => _error;

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

    /// <summary>[MQTT-2.2.1-3], [MQTT-2.2.1-4]: a packet identifier is never 0.</summary>
    public ushort PacketId()
    {
        var id = UInt16();
        if (id == 0)
            Fail(WireError.Protocol("packet identifier 0"));
        return id;
    }

    /// <summary>A number of one to four octets, in as few as it fits [MQTT-1.5.5-1].</summary>
    public uint VariableInteger()
    {
        if (!VariableByteInteger.TryRead(_rest, out var value, out var bytes)
            || bytes != VariableByteInteger.GetBytes(value))
        {
            Fail(WireError.Malformed("a variable byte integer that is none"));
            return 0;
        }

        Take(bytes);
        return value;
    }

    /// <summary>Binary data: any bytes.</summary>
    public ReadOnlySpan<byte> Binary() => Take(UInt16());

    /// <summary>A string that is UTF-8 without U+0000: [MQTT-1.5.4-1], [MQTT-1.5.4-2].</summary>
    public ReadOnlySpan<byte> Utf8()
    {
        var text = Binary();
        if (!Utf8Text.IsValid(text))
            Fail(WireError.Malformed("a string that is not UTF-8 or holds U+0000"));
        return text;
    }

    /// <summary>A topic name that is not empty: [MQTT-4.7.3-1], [MQTT-3.3.2-2].</summary>
    public ReadOnlySpan<byte> Topic()
    {
        var topic = Binary();
        if (!TopicName.IsValid(topic))
            Fail(TopicName.ErrorOf(topic));
        return topic;
    }

    /// <summary>Properties with their length; an empty list for 3.x, which has none.</summary>
    public PropertyList Properties(MqttVersion version, PropertyScope scope)
    {
        if (version != MqttVersion.V5)
            return default;

        var encoded = Take((int)VariableInteger());
        if (PropertyList.TryRead(encoded, scope, out var properties, out var error))
            return properties;
        Fail(error);
        return default;
    }

    /// <summary>A reason code that this packet may carry: [MQTT-3.4.2-1] and its like.</summary>
    public ReasonCode Reason(PacketType type)
    {
        var code = (ReasonCode)UInt8();
        if (!_error.IsError && !type.MayCarry(code))
            Fail(WireError.Protocol($"{type} with reason code 0x{(byte)code:X2}"));
        return code;
    }

    /// <summary>
    /// A reason code and properties that end the packet. MQTT 5 may leave out either from the end; 3.x has neither.
    /// </summary>
    public void ReasonAndProperties(
        PacketType type, PropertyScope scope, MqttVersion version, out ReasonCode code, out PropertyList properties)
    {
        code = ReasonCode.Success;
        properties = default;
        if (version != MqttVersion.V5 || IsAtEnd)
            return;
        code = Reason(type);
        if (!IsAtEnd)
            properties = Properties(version, scope);
    }

    /// <summary>The reason codes that end the packet; at least one.</summary>
    public ReadOnlySpan<byte> Codes(PacketType type, MqttVersion version)
    {
        var codes = Rest();
        if (codes.IsEmpty)
            Fail(WireError.Malformed($"{type} without a code"));
        foreach (var code in codes)
        {
            // [MQTT-3.9.3-2] of 3.1.1: of the failures it has one only.
            var isKnown = version == MqttVersion.V5 || code <= (byte)ReasonCode.UnspecifiedError;
            if (!isKnown || !type.MayCarry((ReasonCode)code))
                Fail(WireError.Protocol($"{type} with reason code 0x{code:X2}"));
        }

        return codes;
    }

    /// <summary>Authentication data need a method: sections 3.1.2.11.10 and 3.2.2.3.18.</summary>
    public void CheckAuthentication(PropertyList properties)
    {
        if (properties.Has(PropertyId.AuthenticationData) && !properties.Has(PropertyId.AuthenticationMethod))
            Fail(WireError.Protocol("authentication data without a method"));
    }

    /// <summary>All that is left.</summary>
    public ReadOnlySpan<byte> Rest() => Take(_rest.Length);

    /// <summary>Remembers what is wrong, unless something was before.</summary>
    public void Fail(WireError error)
    {
        if (!_error.IsError)
            _error = error;
        _rest = default;
    }

    /// <summary>Whether everything read was there and right, and nothing is left over.</summary>
    /// <param name="error">What is wrong if something is.</param>
    public bool IsSound(out WireError error)
    {
        if (!_rest.IsEmpty)
            Fail(WireError.Malformed("bytes behind the packet's last field"));
        error = _error;
        return !error.IsError;
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _rest.Length)
        {
            Fail(WireError.Malformed("a field that goes on behind the packet's end"));
            return default;
        }

        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }
}
