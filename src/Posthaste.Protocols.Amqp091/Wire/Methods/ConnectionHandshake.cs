namespace Posthaste.Protocols.Amqp091.Wire.Methods;

// The opening of a connection: start, secure, tune, open and their answers.

/// <summary>
/// connection.start (10, 10), server to client: the first method of all: which versions, mechanisms and locales
/// there are to choose from.
/// <code>
///  +---------------+---------------+-------------------+------------+---------+
///  | version-major | version-minor | server-properties | mechanisms | locales |
///  | u8            | u8            | table             | longstr    | longstr |
///  +---------------+---------------+-------------------+------------+---------+
/// </code>
/// </summary>
public readonly ref struct ConnectionStart : IMethod<ConnectionStart>
{
    public static MethodId Id => MethodId.ConnectionStart;

    public byte VersionMajor { get; init; }

    public byte VersionMinor { get; init; }

    /// <summary>What the server says about itself, with its capabilities.</summary>
    public ReadOnlySpan<byte> ServerProperties { get; init; }

    /// <summary>SASL mechanisms, separated by spaces.</summary>
    public ReadOnlySpan<byte> Mechanisms { get; init; }

    /// <summary>Locales, separated by spaces.</summary>
    public ReadOnlySpan<byte> Locales { get; init; }

    public int ArgumentBytes => 14 + ServerProperties.Length + Mechanisms.Length + Locales.Length;

    public static bool TryRead(ReadOnlySpan<byte> payload, out ConnectionStart method)
    {
        var reader = new WireReader(payload, Id);
        method = new ConnectionStart
        {
            VersionMajor = reader.UInt8(),
            VersionMinor = reader.UInt8(),
            ServerProperties = reader.Table(),
            Mechanisms = reader.LongString(),
            Locales = reader.LongString(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.UInt8(VersionMajor);
        writer.UInt8(VersionMinor);
        writer.LongString(ServerProperties);
        writer.LongString(Mechanisms);
        writer.LongString(Locales);
    }
}

/// <summary>
/// connection.start-ok (10, 11), client to server: the mechanism chosen and the first SASL response.
/// <code>
///  +-------------------+-----------+----------+----------+
///  | client-properties | mechanism | response | locale   |
///  | table             | shortstr  | longstr  | shortstr |
///  +-------------------+-----------+----------+----------+
/// </code>
/// </summary>
public readonly ref struct ConnectionStartOk : IMethod<ConnectionStartOk>
{
    public static MethodId Id => MethodId.ConnectionStartOk;

    /// <summary>What the client says about itself, with its capabilities.</summary>
    public ReadOnlySpan<byte> ClientProperties { get; init; }

    public ReadOnlySpan<byte> Mechanism { get; init; }

    /// <summary>Opaque SASL data.</summary>
    public ReadOnlySpan<byte> Response { get; init; }

    public ReadOnlySpan<byte> Locale { get; init; }

    public int ArgumentBytes => 10 + ClientProperties.Length + Mechanism.Length + Response.Length + Locale.Length;

    public static bool TryRead(ReadOnlySpan<byte> payload, out ConnectionStartOk method)
    {
        var reader = new WireReader(payload, Id);
        method = new ConnectionStartOk
        {
            ClientProperties = reader.Table(),
            Mechanism = reader.ShortString(),
            Response = reader.LongString(),
            Locale = reader.ShortString(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.LongString(ClientProperties);
        writer.ShortString(Mechanism);
        writer.LongString(Response);
        writer.ShortString(Locale);
    }
}

/// <summary>
/// connection.secure (10, 20), server to client: a further SASL challenge.
/// <code>
///  +-----------+
///  | challenge |
///  | longstr   |
///  +-----------+
/// </code>
/// </summary>
public readonly ref struct ConnectionSecure : IMethod<ConnectionSecure>
{
    public static MethodId Id => MethodId.ConnectionSecure;

    /// <summary>Opaque SASL data.</summary>
    public ReadOnlySpan<byte> Challenge { get; init; }

    public int ArgumentBytes => 4 + Challenge.Length;

    public static bool TryRead(ReadOnlySpan<byte> payload, out ConnectionSecure method)
    {
        var reader = new WireReader(payload, Id);
        method = new ConnectionSecure
        {
            Challenge = reader.LongString(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.LongString(Challenge);
    }
}

/// <summary>
/// connection.secure-ok (10, 21), client to server: the answer to a challenge.
/// <code>
///  +----------+
///  | response |
///  | longstr  |
///  +----------+
/// </code>
/// </summary>
public readonly ref struct ConnectionSecureOk : IMethod<ConnectionSecureOk>
{
    public static MethodId Id => MethodId.ConnectionSecureOk;

    /// <summary>Opaque SASL data.</summary>
    public ReadOnlySpan<byte> Response { get; init; }

    public int ArgumentBytes => 4 + Response.Length;

    public static bool TryRead(ReadOnlySpan<byte> payload, out ConnectionSecureOk method)
    {
        var reader = new WireReader(payload, Id);
        method = new ConnectionSecureOk
        {
            Response = reader.LongString(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.LongString(Response);
    }
}

/// <summary>
/// connection.tune (10, 30), server to client: the limits that the server proposes.
/// <code>
///  +-------------+-----------+-----------+
///  | channel-max | frame-max | heartbeat |
///  | u16         | u32       | u16       |
///  +-------------+-----------+-----------+
/// </code>
/// </summary>
public readonly ref struct ConnectionTune : IMethod<ConnectionTune>
{
    public static MethodId Id => MethodId.ConnectionTune;

    /// <summary>Highest channel number; 0 sets no limit.</summary>
    public ushort ChannelMax { get; init; }

    /// <summary>Bytes of the largest frame; 0 sets no limit.</summary>
    public uint FrameMax { get; init; }

    /// <summary>Seconds; 0 for none.</summary>
    public ushort Heartbeat { get; init; }

    public int ArgumentBytes => 8;

    public static bool TryRead(ReadOnlySpan<byte> payload, out ConnectionTune method)
    {
        var reader = new WireReader(payload, Id);
        method = new ConnectionTune
        {
            ChannelMax = reader.UInt16(),
            FrameMax = reader.UInt32(),
            Heartbeat = reader.UInt16(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.UInt16(ChannelMax);
        writer.UInt32(FrameMax);
        writer.UInt16(Heartbeat);
    }
}

/// <summary>
/// connection.tune-ok (10, 31), client to server: the limits that hold, none above what was proposed.
/// <code>
///  +-------------+-----------+-----------+
///  | channel-max | frame-max | heartbeat |
///  | u16         | u32       | u16       |
///  +-------------+-----------+-----------+
/// </code>
/// </summary>
public readonly ref struct ConnectionTuneOk : IMethod<ConnectionTuneOk>
{
    public static MethodId Id => MethodId.ConnectionTuneOk;

    /// <summary>Highest channel number; 0 sets no limit.</summary>
    public ushort ChannelMax { get; init; }

    /// <summary>Bytes of the largest frame; 0 sets no limit.</summary>
    public uint FrameMax { get; init; }

    /// <summary>Seconds; 0 for none.</summary>
    public ushort Heartbeat { get; init; }

    public int ArgumentBytes => 8;

    public static bool TryRead(ReadOnlySpan<byte> payload, out ConnectionTuneOk method)
    {
        var reader = new WireReader(payload, Id);
        method = new ConnectionTuneOk
        {
            ChannelMax = reader.UInt16(),
            FrameMax = reader.UInt32(),
            Heartbeat = reader.UInt16(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.UInt16(ChannelMax);
        writer.UInt32(FrameMax);
        writer.UInt16(Heartbeat);
    }
}

/// <summary>
/// connection.open (10, 40), client to server: the virtual host to work in.
/// <code>
///  +--------------+--------------+-------------+
///  | virtual-host | capabilities | insist      |
///  | shortstr     | shortstr     | bit 0 of u8 |
///  +--------------+--------------+-------------+
/// </code>
/// </summary>
public readonly ref struct ConnectionOpen : IMethod<ConnectionOpen>
{
    public static MethodId Id => MethodId.ConnectionOpen;

    public ReadOnlySpan<byte> VirtualHost { get; init; }

    /// <summary>Unused since AMQP 0-9.</summary>
    public ReadOnlySpan<byte> Capabilities { get; init; }

    /// <summary>Unused since AMQP 0-9.</summary>
    public bool Insist { get; init; }

    public int ArgumentBytes => 3 + VirtualHost.Length + Capabilities.Length;

    public static bool TryRead(ReadOnlySpan<byte> payload, out ConnectionOpen method)
    {
        var reader = new WireReader(payload, Id);
        method = new ConnectionOpen
        {
            VirtualHost = reader.ShortString(),
            Capabilities = reader.ShortString(),
            Insist = reader.Bit(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.ShortString(VirtualHost);
        writer.ShortString(Capabilities);
        writer.Bit(Insist);
    }
}

/// <summary>
/// connection.open-ok (10, 41), server to client: the connection is open.
/// <code>
///  +-------------+
///  | known-hosts |
///  | shortstr    |
///  +-------------+
/// </code>
/// </summary>
public readonly ref struct ConnectionOpenOk : IMethod<ConnectionOpenOk>
{
    public static MethodId Id => MethodId.ConnectionOpenOk;

    /// <summary>Unused since AMQP 0-9; empty.</summary>
    public ReadOnlySpan<byte> KnownHosts { get; init; }

    public int ArgumentBytes => 1 + KnownHosts.Length;

    public static bool TryRead(ReadOnlySpan<byte> payload, out ConnectionOpenOk method)
    {
        var reader = new WireReader(payload, Id);
        method = new ConnectionOpenOk
        {
            KnownHosts = reader.ShortString(),
        };
        return reader.IsComplete;
    }

    public void WriteArguments(ref WireWriter writer)
    {
        writer.ShortString(KnownHosts);
    }
}
