namespace Posthaste.Protocols.Mqtt.Wire;

/// <summary>
/// One control packet in the buffer that it came in.
/// <code>
///   bits 7-4   3-0      1 to 4 octets
///  +---------+-------+------------------+--------------------------+
///  | type    | flags | remaining length | variable header, payload |
///  +---------+-------+------------------+--------------------------+
///                     variable byte int   so many bytes: the body
/// </code>
/// </summary>
public readonly ref struct Packet
{
    /// <summary>Bytes before the body, at most.</summary>
    public const int HeaderBytesMax = 1 + VariableByteInteger.BytesMax;

    /// <summary>Bytes of the largest packet that the protocol can express.</summary>
    public const int BytesMax = HeaderBytesMax + VariableByteInteger.Max;

    internal Packet(byte firstOctet, ReadOnlySpan<byte> body)
    {
        FirstOctet = firstOctet;
        Body = body;
    }

    /// <summary>Type and flags as they stand on the wire.</summary>
    public byte FirstOctet { get; }

    /// <summary>Never 0: the scanner refuses that.</summary>
    public PacketType Type => (PacketType)(FirstOctet >> 4);

    /// <summary>The lower four bits of the first octet. Only PUBLISH says something with them.</summary>
    public byte Flags => (byte)(FirstOctet & 0x0F);

    /// <summary>What follows the remaining length.</summary>
    public ReadOnlySpan<byte> Body { get; }
}
