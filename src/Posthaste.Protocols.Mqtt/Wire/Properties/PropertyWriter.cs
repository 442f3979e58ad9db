using Posthaste.Primitives;

namespace Posthaste.Protocols.Mqtt.Wire.Properties;

/// <summary>
/// Writes a list of properties into a span that the caller has sized. A value of another kind than the property's,
/// or one that does not fit, is a defect of the caller and throws.
/// </summary>
public ref struct PropertyWriter
{
    /// <summary>Bytes of the longest number with its identifier.</summary>
    public const int NumberBytesMax = 1 + sizeof(uint);

    private readonly Span<byte> _destination;
    private PacketWriter _writer;
    private ulong _present;

    public PropertyWriter(Span<byte> destination)
    {
        _destination = destination;
        _writer = new PacketWriter(destination);
    }

    /// <summary>Bytes written so far.</summary>
    public readonly int Written => _writer.Written;

    /// <summary>What has been written, as a list.</summary>
    public readonly PropertyList List => new(_destination[..Written], _present);

    /// <summary>Bytes of a string or binary property with identifier and length.</summary>
    public static int GetBytes(ReadOnlySpan<byte> value) => 1 + sizeof(ushort) + value.Length;

    /// <summary>Bytes of a user property with identifier and lengths.</summary>
    public static int GetBytes(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) =>
        1 + (2 * sizeof(ushort)) + name.Length + value.Length;

    /// <summary>A property that is a number or a bit.</summary>
    public void Number(PropertyId id, uint value)
    {
        Begin(id);
        switch (id.Kind())
        {
            case PropertyKind.Bit:
                _writer.UInt8(checked((byte)value));
                break;
            case PropertyKind.UInt16:
                _writer.UInt16(checked((ushort)value));
                break;
            case PropertyKind.UInt32:
                _writer.UInt32(value);
                break;
            default:
                Checks.Require(id.Kind() == PropertyKind.VariableInteger);
                _writer.VariableInteger(value);
                break;
        }
    }

    /// <summary>A property that is a string, a topic or binary; at most 65,535 bytes.</summary>
    public void Bytes(PropertyId id, scoped ReadOnlySpan<byte> value)
    {
        Checks.Require(id.Kind() is PropertyKind.Utf8 or PropertyKind.Topic or PropertyKind.Binary);
        Begin(id);
        _writer.Binary(value);
    }

    /// <summary>A user property; at most 65,535 bytes each.</summary>
    public void UserProperty(scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value)
    {
        Begin(PropertyId.UserProperty);
        _writer.Binary(name);
        _writer.Binary(value);
    }

    /// <summary>A property as another list has it.</summary>
    public void Copy(scoped in Property property)
    {
        _present |= 1UL << (int)property.Id;
        _writer.Bytes(property.Encoded);
    }

    private void Begin(PropertyId id)
    {
        _present |= 1UL << (int)id;
        _writer.UInt8((byte)id);
    }
}
