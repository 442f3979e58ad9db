namespace Posthaste.Protocols.Mqtt.Wire;

/// <summary>What <see cref="PacketScanner.Scan"/> found.</summary>
public enum ScanStatus
{
    /// <summary>A whole packet.</summary>
    Complete,

    /// <summary>The beginning of a packet that may be a good one.</summary>
    NeedMore,

    /// <summary>Something that is no packet; the stream cannot be read any further.</summary>
    Error,
}

/// <summary>Cuts a stream of bytes into packets.</summary>
public static class PacketScanner
{
    private const byte PublishBits = (byte)PacketType.Publish << 4;

    /// <summary>Looks at the first packet in the buffer.</summary>
    /// <remarks>
    /// Type, flags and length are judged from the fixed header alone, before the body has arrived: nobody makes the
    /// server buffer a packet that it will refuse.
    /// </remarks>
    /// <param name="buffer">Bytes from the start of a packet on.</param>
    /// <param name="version">What the connection speaks; <see cref="MqttVersion.Unknown"/> before CONNECT.</param>
    /// <param name="packetBytesMax">
    /// Bytes of the largest packet to take, fixed header included, as MQTT 5 counts its Maximum Packet Size.
    /// </param>
    /// <param name="packet">The packet if it is complete.</param>
    /// <param name="bytes">
    /// Complete: the packet's length. NeedMore: the length the buffer must have before another call can tell more.
    /// </param>
    /// <param name="error">What is wrong if something is.</param>
    public static ScanStatus Scan(
        ReadOnlySpan<byte> buffer,
        MqttVersion version,
        int packetBytesMax,
        out Packet packet,
        out int bytes,
        out WireError error)
    {
        // Nearly every packet: a length in one octet, all of it there.
        if (buffer.Length >= 2 && buffer[1] < 0x80)
        {
            bytes = 2 + buffer[1];
            if (bytes <= buffer.Length && bytes <= packetBytesMax && AreFlagsSound(buffer[0], version))
            {
                packet = new Packet(buffer[0], buffer[2..bytes]);
                error = default;
                return ScanStatus.Complete;
            }
        }

        return ScanAny(buffer, version, packetBytesMax, out packet, out bytes, out error);
    }

    private static ScanStatus ScanAny(
        ReadOnlySpan<byte> buffer,
        MqttVersion version,
        int packetBytesMax,
        out Packet packet,
        out int bytes,
        out WireError error)
    {
        packet = default;
        error = default;
        bytes = 2;
        if (buffer.IsEmpty)
            return ScanStatus.NeedMore;
        if (!AreFlagsSound(buffer[0], version))
            return Refuse(FlagsError(buffer[0]), out bytes, out error);

        if (!VariableByteInteger.TryRead(buffer[1..], out var length, out var lengthBytes))
        {
            // Section 1.5.5: four octets at most.
            if (lengthBytes == VariableByteInteger.BytesMax)
                return Refuse(WireError.Malformed("a remaining length of more than four octets"), out bytes, out error);
            bytes = 1 + lengthBytes + 1;
            return ScanStatus.NeedMore;
        }

        // [MQTT-1.5.5-1]: as few octets as possible. A rule of MQTT 5 alone; small 3.x clients pad the length.
        if (version == MqttVersion.V5 && lengthBytes != VariableByteInteger.GetBytes(length))
            return Refuse(WireError.Malformed("a remaining length with superfluous octets"), out bytes, out error);

        bytes = 1 + lengthBytes + (int)length;
        if (bytes > packetBytesMax)
            return Refuse(TooLargeError(bytes, packetBytesMax), out bytes, out error);
        if (buffer.Length < bytes)
            return ScanStatus.NeedMore;

        packet = new Packet(buffer[0], buffer[(1 + lengthBytes)..bytes]);
        return ScanStatus.Complete;
    }

    /// <summary>
    /// [MQTT-2.1.3-1]: flags that are reserved have to be as table 2-2 says. MQTT 3.1 leaves them unused instead, and
    /// its clients set DUP in what they send again.
    /// </summary>
    private static bool AreFlagsSound(byte firstOctet, MqttVersion version)
    {
        var type = (PacketType)(firstOctet >> 4);
        if (type == PacketType.Publish)
            return (firstOctet & 0b0110) != 0b0110; // [MQTT-3.3.1-4]: there is no QoS 3.
        if (type == 0)
            return false;
        return version == MqttVersion.V31 || (firstOctet & 0x0F) == RequiredFlags(type);
    }

    internal static byte RequiredFlags(PacketType type) =>
        type is PacketType.PubRel or PacketType.Subscribe or PacketType.Unsubscribe ? (byte)0b0010 : (byte)0;

    private static WireError FlagsError(byte firstOctet) => WireError.Malformed(
        firstOctet < 0x10 ? "packet type 0"
        : (firstOctet & 0xF0) == PublishBits ? "a publish of QoS 3"
        : $"{(PacketType)(firstOctet >> 4)} with flags {firstOctet & 0x0F}");

    private static WireError TooLargeError(int bytes, int packetBytesMax) =>
        new(ReasonCode.PacketTooLarge, $"a packet of {bytes} bytes, at most {packetBytesMax} are allowed");

    private static ScanStatus Refuse(WireError why, out int bytes, out WireError error)
    {
        bytes = 0;
        error = why;
        return ScanStatus.Error;
    }
}
