namespace Posthaste.Protocols.Mqtt.Wire.Properties;

/// <summary>One property where it lies in its list.</summary>
public readonly ref struct Property
{
    /// <summary>Which.</summary>
    public PropertyId Id { get; init; }

    /// <summary>The value if it is a number or a bit.</summary>
    public uint Number { get; init; }

    /// <summary>The value if it is text or binary, or a user property's.</summary>
    public ReadOnlySpan<byte> Value { get; init; }

    /// <summary>A user property's name.</summary>
    public ReadOnlySpan<byte> Name { get; init; }

    /// <summary>Identifier and value as they are encoded: what copying it copies.</summary>
    public ReadOnlySpan<byte> Encoded { get; init; }
}
