namespace Posthaste.Protocols.Mqtt.Wire.Properties;

/// <summary>
/// A list of MQTT 5 properties where it lies, checked. <c>foreach</c> shows them in their order. Allocates nothing.
/// <code>
///  +------------+-------+------------+-------+----
///  | identifier | value | identifier | value | ...     without the list's length before it
///  | u8         |       | u8         |       |
///  +------------+-------+------------+-------+----
///  value    bit u8 | u16 | u32 | variable byte integer | string, topic, binary: u16 bytes | pair: two strings
/// </code>
/// </summary>
public readonly ref struct PropertyList
{
    // Bit n: property n is in the list.
    private readonly ulong _present;

    internal PropertyList(ReadOnlySpan<byte> encoded, ulong present)
    {
        Encoded = encoded;
        _present = present;
    }

    /// <summary>Identifiers and values as they came, without the list's length.</summary>
    public ReadOnlySpan<byte> Encoded { get; }

    /// <summary>Whether there are none.</summary>
    public bool IsEmpty => Encoded.IsEmpty;

    /// <summary>
    /// Checks a list: identifiers that this scope allows, none twice that may not be, values within their ranges,
    /// strings that are UTF-8.
    /// </summary>
    /// <param name="encoded">The list without its length.</param>
    /// <param name="scope">The one list that this is.</param>
    /// <param name="properties">The list if it is sound.</param>
    /// <param name="error">What is wrong if something is.</param>
    public static bool TryRead(
        ReadOnlySpan<byte> encoded, PropertyScope scope, out PropertyList properties, out WireError error)
    {
        properties = default;
        error = default;
        ulong present = 0;
        for (var rest = encoded; !rest.IsEmpty;)
        {
            if (!PropertyParser.TryCut(ref rest, out var property, out error))
                return false;

            var flag = 1UL << (int)property.Id;
            if ((property.Id.Scope() & scope) == 0)
                error = WireError.Malformed($"{property.Id} in {scope}"); // Section 2.2.2.2.
            else if ((present & flag) != 0 && !property.Id.MayRepeat(scope))
                error = WireError.Protocol($"{property.Id} twice");
            if (error.IsError)
                return false;
            present |= flag;
        }

        properties = new PropertyList(encoded, present);
        return true;
    }

    /// <summary>A list that has been checked before, such as a stored message's.</summary>
    public static PropertyList OfChecked(ReadOnlySpan<byte> encoded)
    {
        ulong present = 0;
        foreach (var property in new PropertyList(encoded, 0))
            present |= 1UL << (int)property.Id;
        return new PropertyList(encoded, present);
    }

    /// <summary>Whether the list has one.</summary>
    public bool Has(PropertyId id) => (_present & (1UL << (int)id)) != 0;

    /// <summary>The first property of this number; false if there is none.</summary>
    public bool TryFind(PropertyId id, out Property property)
    {
        if (Has(id))
        {
            foreach (var candidate in this)
            {
                if (candidate.Id == id)
                {
                    property = candidate;
                    return true;
                }
            }
        }

        property = default;
        return false;
    }

    /// <summary>The value of a number or bit, or what holds if it is absent.</summary>
    public uint Number(PropertyId id, uint absent = 0) => TryFind(id, out var property) ? property.Number : absent;

    /// <summary>The value of a string or binary; empty if it is absent.</summary>
    public ReadOnlySpan<byte> Bytes(PropertyId id) => TryFind(id, out var property) ? property.Value : default;

    public Enumerator GetEnumerator() => new(Encoded);

    /// <summary>Walks through the list.</summary>
    public ref struct Enumerator
    {
        private ReadOnlySpan<byte> _rest;
        private Property _current;

        internal Enumerator(ReadOnlySpan<byte> encoded) => _rest = encoded;

        public readonly Property Current => _current;

        /// <summary>The next; false at the end. What has been checked does not fail, so errors end the walk.</summary>
        public bool MoveNext() => !_rest.IsEmpty && PropertyParser.TryCut(ref _rest, out _current, out _);
    }
}
