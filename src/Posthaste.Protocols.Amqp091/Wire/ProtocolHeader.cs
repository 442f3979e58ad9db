namespace Posthaste.Protocols.Amqp091.Wire;

/// <summary>What the first bytes of a connection say the client speaks.</summary>
public enum ProtocolHeaderKind
{
    /// <summary>Too few bytes to tell; all of them fit some answer so far.</summary>
    NeedMore,

    /// <summary>AMQP 0-9-1: <c>AMQP 0 0 9 1</c>.</summary>
    Amqp091,

    /// <summary>
    /// AMQP 0-9: <c>AMQP 1 1 0 9</c>. Its methods are close enough to be served as 0-9-1, as RabbitMQ does.
    /// </summary>
    Amqp09,

    /// <summary>AMQP 1.0 without a security layer: <c>AMQP 0 1 0 0</c>.</summary>
    Amqp10,

    /// <summary>AMQP 1.0 that begins with TLS: <c>AMQP 2 1 0 0</c>.</summary>
    Amqp10Tls,

    /// <summary>AMQP 1.0 that begins with SASL: <c>AMQP 3 1 0 0</c>.</summary>
    Amqp10Sasl,

    /// <summary>Another version of AMQP, for example 0-8 or 0-10.</summary>
    AmqpOther,

    /// <summary>A TLS client hello on a plain port.</summary>
    TlsClientHello,

    /// <summary>An HTTP request on this port.</summary>
    Http,

    /// <summary>Nothing that is known.</summary>
    Unknown,
}

/// <summary>
/// The eight bytes that open a connection, and the server's answer to a version that it does not speak.
/// <code>
///  +-----+-----+-----+-----+-------------+-------+-------+----------+
///  | 'A' | 'M' | 'Q' | 'P' | protocol id | major | minor | revision |
///  |     |     |     |     |      0      |   0   |   9   |    1     |
///  +-----+-----+-----+-----+-------------+-------+-------+----------+
/// </code>
/// </summary>
public static class ProtocolHeader
{
    /// <summary>Bytes of a header.</summary>
    public const int SizeBytes = 8;

    private const int NameBytes = 4;

    /// <summary>
    /// The header of AMQP 0-9-1, which a client sends first and a server sends to refuse another version.
    /// </summary>
    public static ReadOnlySpan<byte> Amqp091 => "AMQP\0\0\t\x01"u8;

    /// <summary>Tells what the first bytes of a connection are. A header is <see cref="SizeBytes"/> long.</summary>
    public static ProtocolHeaderKind Detect(ReadOnlySpan<byte> buffer)
    {
        var name = Amqp091[..NameBytes];
        if (buffer.Length < SizeBytes && name.StartsWith(buffer[..int.Min(buffer.Length, NameBytes)]))
            return ProtocolHeaderKind.NeedMore;
        if (buffer.StartsWith(name))
            return DetectVersion(buffer);

        // RFC 8446 section 5.1: a handshake record (22) of any 3.x record version.
        if (buffer[0] == 0x16)
            return ByPrefix(buffer, [0x16, 0x03], ProtocolHeaderKind.TlsClientHello);
        ReadOnlySpan<byte> http = buffer[0] switch
        {
            (byte)'G' => "GET "u8,
            (byte)'H' => "HEAD "u8,
            (byte)'O' => "OPTIONS "u8,
            (byte)'P' when buffer.Length > 1 && buffer[1] == (byte)'U' => "PUT "u8,
            (byte)'P' => "POST "u8,
            _ => default,
        };
        return http.IsEmpty ? ProtocolHeaderKind.Unknown : ByPrefix(buffer, http, ProtocolHeaderKind.Http);
    }

    private static ProtocolHeaderKind DetectVersion(ReadOnlySpan<byte> header) =>
        (header[4], header[5], header[6], header[7]) switch
        {
            (0, 0, 9, 1) => ProtocolHeaderKind.Amqp091,
            (1, 1, 0, 9) => ProtocolHeaderKind.Amqp09,
            (0, 1, 0, 0) => ProtocolHeaderKind.Amqp10,
            (2, 1, 0, 0) => ProtocolHeaderKind.Amqp10Tls,
            (3, 1, 0, 0) => ProtocolHeaderKind.Amqp10Sasl,
            _ => ProtocolHeaderKind.AmqpOther,
        };

    private static ProtocolHeaderKind ByPrefix(
        ReadOnlySpan<byte> buffer, ReadOnlySpan<byte> prefix, ProtocolHeaderKind kind)
    {
        if (buffer.StartsWith(prefix))
            return kind;
        return prefix.StartsWith(buffer) ? ProtocolHeaderKind.NeedMore : ProtocolHeaderKind.Unknown;
    }
}
