namespace Posthaste.Protocols.Mqtt.Wire.Properties;

/// <summary>Reads properties one after the other, checking each.</summary>
internal static class PropertyParser
{
    /// <summary>
    /// Cuts the first property from an encoded list that is not empty. False means that it is malformed or holds a
    /// value out of its range.
    /// </summary>
    public static bool TryCut(scoped ref ReadOnlySpan<byte> list, out Property property, out WireError error)
    {
        var id = (PropertyId)list[0];
        var reader = new PacketReader(list[1..]);
        uint number = 0;
        ReadOnlySpan<byte> name = default, value = default;
        switch (id.Kind())
        {
            case PropertyKind.Bit:
                number = reader.UInt8();
                if (number > 1)
                    reader.Fail(WireError.Protocol($"{id} has to be 0 or 1"));
                break;
            case PropertyKind.UInt16:
                number = reader.UInt16();
                break;
            case PropertyKind.UInt32:
                number = reader.UInt32();
                break;
            case PropertyKind.VariableInteger:
                number = reader.VariableInteger();
                break;
            case PropertyKind.Utf8:
                value = reader.Utf8();
                break;
            case PropertyKind.Topic: // [MQTT-3.3.2-13], [MQTT-3.3.2-14]
                value = reader.Topic();
                break;
            case PropertyKind.Binary:
                value = reader.Binary();
                break;
            case PropertyKind.Utf8Pair:
                name = reader.Utf8();
                value = reader.Utf8();
                break;
            default: // Section 2.2.2.2.
                reader.Fail(WireError.Malformed($"there is no property {(byte)id}"));
                break;
        }

        if (number == 0 && id.ForbidsZero())
            reader.Fail(ZeroError(id));
        error = reader.Error;
        property = new Property
        {
            Id = id,
            Number = number,
            Name = name,
            Value = value,
            Encoded = list[..^reader.RestBytes],
        };
        list = list[^reader.RestBytes..];
        return !error.IsError;
    }

    private static WireError ZeroError(PropertyId id) => id == PropertyId.TopicAlias
        ? new WireError(ReasonCode.TopicAliasInvalid, "topic alias 0") // [MQTT-3.3.2-8]
        : WireError.Protocol($"{id} is 0");
}
