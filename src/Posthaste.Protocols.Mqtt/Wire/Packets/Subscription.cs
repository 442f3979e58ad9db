namespace Posthaste.Protocols.Mqtt.Wire.Packets;

/// <summary>When a subscription is given the retained messages that match it.</summary>
public enum RetainHandling : byte
{
    Send = 0,
    SendIfNew = 1,
    DoNotSend = 2,
}

/// <summary>
/// One filter of a SUBSCRIBE with its options.
/// <code>
///  +-----------+     7-6        5-4               3                     2          1-0
///  | filter    | +----------+-----------------+---------------------+----------+-------------+
///  | u16 bytes | | reserved | retain handling | retain as published | no local | maximum QoS |
///  +-----------+ +----------+-----------------+---------------------+----------+-------------+
///                 MQTT 5: bits 2-5; 3.x: only the QoS
/// </code>
/// </summary>
public readonly ref struct Subscription
{
    /// <summary>UTF-8, but not necessarily a valid filter: each gets an answer of its own in SUBACK.</summary>
    public ReadOnlySpan<byte> Filter { get; init; }

    /// <summary>Most that deliveries through this filter may promise.</summary>
    public QoS MaximumQoS { get; init; }

    /// <summary>Do not give the client what it has published itself.</summary>
    public bool NoLocal { get; init; }

    /// <summary>Keep the RETAIN flag as the publisher set it.</summary>
    public bool RetainAsPublished { get; init; }

    public RetainHandling RetainHandling { get; init; }

    internal int Bytes => sizeof(ushort) + Filter.Length + 1;

    /// <summary>The options' octet.</summary>
    public byte Options => (byte)(
        (int)MaximumQoS
        | (NoLocal ? 1 << 2 : 0)
        | (RetainAsPublished ? 1 << 3 : 0)
        | ((int)RetainHandling << 4));

    /// <summary>A subscription out of its parts; the options have been checked.</summary>
    public static Subscription Of(ReadOnlySpan<byte> filter, byte options) => new()
    {
        Filter = filter,
        MaximumQoS = (QoS)(options & 3),
        NoLocal = (options & (1 << 2)) != 0,
        RetainAsPublished = (options & (1 << 3)) != 0,
        RetainHandling = (RetainHandling)((options >> 4) & 3),
    };

    /// <summary>Writes the filter and its options as they stand in SUBSCRIBE and returns their length.</summary>
    public int Write(Span<byte> destination)
    {
        var writer = new PacketWriter(destination);
        writer.Binary(Filter);
        writer.UInt8(Options);
        return writer.Written;
    }
}
