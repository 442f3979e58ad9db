using Posthaste.Protocols.Mqtt.Wire.Properties;

namespace Posthaste.Protocols.Mqtt.Wire.Packets;

/// <summary>
/// CONNECT, client to server: who the client is and what it speaks.
/// <code>
///  +------------------+-------+-------+------------+------------+
///  | "MQTT", "MQIsdp" | level | flags | keep alive | properties |
///  | string           | u8    | u8    | u16, s     | MQTT 5     |
///  +------------------+-------+-------+------------+------------+
///  +-----------+-----------------+------------+--------------+-----------+----------+
///  | client id | will properties | will topic | will payload | user name | password |
///  | string    | MQTT 5          | string     | binary       | string    | binary   |
///  +-----------+-----------------+------------+--------------+-----------+----------+
///  flags    7 user name   6 password   5 will retain   4-3 will QoS   2 will   1 clean start   0 must be zero
/// </code>
/// </summary>
/// <remarks>Whether an empty client id is acceptable is the session's matter: [MQTT-3.1.3-7] of 3.1.1.</remarks>
public readonly ref struct Connect : IPacket<Connect>
{
    private const byte UserNameBit = 1 << 7;
    private const byte PasswordBit = 1 << 6;
    private const byte WillRetainBit = 1 << 5;
    private const int WillQoSShift = 3;
    private const byte WillBit = 1 << 2;
    private const byte CleanStartBit = 1 << 1;
    private const byte ReservedBit = 1 << 0;

    /// <summary>
    /// What the client speaks. Known even if the packet could not be read: then it is what to answer in, the newest
    /// if the client's level is newer still, 3.1.1 if there is no telling.
    /// </summary>
    public MqttVersion Version { get; init; }

    /// <summary>Clean session in 3.x: the session also ends with the connection.</summary>
    public bool CleanStart { get; init; }

    /// <summary>Seconds of silence that the client promises not to exceed; 0 for no promise.</summary>
    public ushort KeepAliveSeconds { get; init; }

    /// <summary>May be empty.</summary>
    public ReadOnlySpan<byte> ClientId { get; init; }

    public bool HasWill { get; init; }

    public Will Will { get; init; }

    public bool HasUserName { get; init; }

    public ReadOnlySpan<byte> UserName { get; init; }

    public bool HasPassword { get; init; }

    /// <summary>Any bytes.</summary>
    public ReadOnlySpan<byte> Password { get; init; }

    public PropertyList Properties { get; init; }

    public byte FirstOctet => (byte)PacketType.Connect << 4;

    private ReadOnlySpan<byte> ProtocolName => Version == MqttVersion.V31 ? "MQIsdp"u8 : "MQTT"u8;

    /// <summary>Reads a CONNECT. The version is in it: the one given is not looked at.</summary>
    public static bool TryRead(Packet packet, MqttVersion version, out Connect content, out WireError error)
    {
        var reader = new PacketReader(packet.Body);
        version = ReadVersion(ref reader);
        if (reader.Error.IsError)
        {
            content = new Connect { Version = version };
            error = reader.Error;
            return false;
        }

        var flags = reader.UInt8();
        CheckFlags(ref reader, flags, version);
        var keepAlive = reader.UInt16();
        var properties = reader.Properties(version, PropertyScope.Connect);
        reader.CheckAuthentication(properties);
        var clientId = reader.Utf8();
        var hasWill = (flags & WillBit) != 0;
        var will = hasWill ? ReadWill(ref reader, flags, version) : default;

        // 3.1, section "CONNECT": the length of the packet takes precedence over these two flags.
        var mayEndEarly = version == MqttVersion.V31;
        var hasUserName = (flags & UserNameBit) != 0 && !(mayEndEarly && reader.IsAtEnd);
        var userName = hasUserName ? reader.Utf8() : default;
        var hasPassword = (flags & PasswordBit) != 0 && !(mayEndEarly && reader.IsAtEnd);
        var password = hasPassword ? reader.Binary() : default;

        content = new Connect
        {
            Version = version,
            CleanStart = (flags & CleanStartBit) != 0,
            KeepAliveSeconds = keepAlive,
            ClientId = clientId,
            HasWill = hasWill,
            Will = will,
            HasUserName = hasUserName,
            UserName = userName,
            HasPassword = hasPassword,
            Password = password,
            Properties = properties,
        };
        return reader.IsSound(out error);
    }

    /// <summary>Bytes of the body in the packet's own <see cref="Version"/>.</summary>
    public int GetBodyBytes(MqttVersion version)
    {
        var bytes = sizeof(ushort) + ProtocolName.Length + 1 + 1 + sizeof(ushort)
            + PacketFrame.PropertiesBytes(Version, Properties.Encoded.Length)
            + sizeof(ushort) + ClientId.Length;
        if (HasWill)
        {
            bytes += PacketFrame.PropertiesBytes(Version, Will.Properties.Encoded.Length)
                + sizeof(ushort) + Will.Topic.Length + sizeof(ushort) + Will.Payload.Length;
        }

        if (HasUserName)
            bytes += sizeof(ushort) + UserName.Length;
        if (HasPassword)
            bytes += sizeof(ushort) + Password.Length;
        return bytes;
    }

    /// <summary>Writes the body in the packet's own <see cref="Version"/>.</summary>
    public void WriteBody(ref PacketWriter writer, MqttVersion version)
    {
        writer.Binary(ProtocolName);
        writer.UInt8((byte)Version);
        writer.UInt8(Flags());
        writer.UInt16(KeepAliveSeconds);
        writer.Properties(Version, Properties.Encoded);
        writer.Binary(ClientId);
        if (HasWill)
        {
            writer.Properties(Version, Will.Properties.Encoded);
            writer.Binary(Will.Topic);
            writer.Binary(Will.Payload);
        }

        if (HasUserName)
            writer.Binary(UserName);
        if (HasPassword)
            writer.Binary(Password);
    }

    // [MQTT-3.1.2-1], [MQTT-3.1.2-2]: what is neither of the two names, or another level, is told that this server
    // does not speak it.
    private static MqttVersion ReadVersion(ref PacketReader reader)
    {
        var name = reader.Binary();
        var level = reader.UInt8();
        if (reader.Error.IsError)
            return MqttVersion.V311;

        if (name.SequenceEqual("MQTT"u8) && (MqttVersion)level is MqttVersion.V311 or MqttVersion.V5)
            return (MqttVersion)level;
        if (name.SequenceEqual("MQIsdp"u8) && (MqttVersion)level == MqttVersion.V31)
            return MqttVersion.V31;
        reader.Fail(new WireError(ReasonCode.UnsupportedProtocolVersion, $"protocol level {level}"));
        return level > (byte)MqttVersion.V5 && level < 0x80 ? MqttVersion.V5 : MqttVersion.V311;
    }

    private static void CheckFlags(ref PacketReader reader, byte flags, MqttVersion version)
    {
        const byte WillDetails = WillRetainBit | (3 << WillQoSShift);
        if ((flags & ReservedBit) != 0 && version != MqttVersion.V31) // [MQTT-3.1.2-3]; unused in 3.1.
            reader.Fail(WireError.Malformed("CONNECT with its reserved flag"));
        if ((flags & WillBit) == 0 && (flags & WillDetails) != 0 && version != MqttVersion.V31)
            reader.Fail(WireError.Malformed("will flags without a will")); // [MQTT-3.1.2-11], [MQTT-3.1.2-13]
        if ((flags & WillBit) != 0 && ((flags >> WillQoSShift) & 3) == 3)
            reader.Fail(WireError.Malformed("a will of QoS 3")); // [MQTT-3.1.2-12]
        if ((flags & (UserNameBit | PasswordBit)) == PasswordBit && version != MqttVersion.V5)
            reader.Fail(WireError.Malformed("a password without a user name")); // [MQTT-3.1.2-22] of 3.1.1
    }

    private static Will ReadWill(scoped ref PacketReader reader, byte flags, MqttVersion version) => new()
    {
        QoS = (QoS)((flags >> WillQoSShift) & 3),
        Retain = (flags & WillRetainBit) != 0,
        Properties = reader.Properties(version, PropertyScope.Will),
        Topic = reader.Topic(),
        Payload = reader.Binary(),
    };

    private byte Flags() => (byte)(
        (HasUserName ? UserNameBit : 0)
        | (HasPassword ? PasswordBit : 0)
        | (HasWill ? WillBit | ((int)Will.QoS << WillQoSShift) | (Will.Retain ? WillRetainBit : 0) : 0)
        | (CleanStart ? CleanStartBit : 0));
}
