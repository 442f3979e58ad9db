using Posthaste.Bench.Load;

namespace Posthaste.Bench.Mqtt;

/// <summary>One packet of MQTT 3.1.1, a view into the receive buffer that is valid until the next receive.</summary>
/// <remarks>
/// <code>
/// 0              1                        2..5
/// | type, flags | length (7 bits a byte) | body (length) … |
/// </code>
/// </remarks>
internal readonly ref struct MqttPacket(byte first, ReadOnlySpan<byte> body)
{
    public const byte Connect = 0x10;
    public const byte ConnAck = 0x20;
    public const byte Publish = 0x30;
    public const byte PubAck = 0x40;
    public const byte Subscribe = 0x82;
    public const byte SubAck = 0x90;
    public const byte PingReq = 0xC0;
    public const byte PingResp = 0xD0;
    private const int LengthBytesMax = 4;

    /// <summary>The type without the flags.</summary>
    public byte Type => (byte)(first & 0xF0);

    /// <summary>A publish's quality of service.</summary>
    public int QoS => (first >> 1) & 3;

    public ReadOnlySpan<byte> Body { get; } = body;

    /// <summary>
    /// Reads the packet at the start of <paramref name="source"/>; false means that more bytes are needed.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out MqttPacket packet, out int consumed)
    {
        packet = default;
        consumed = 0;
        int length = 0;
        for (int i = 1; i < source.Length; i++)
        {
            length |= (source[i] & 0x7F) << (7 * (i - 1));
            if (source[i] < 0x80)
            {
                if (length > source.Length - i - 1)
                {
                    return false;
                }

                consumed = i + 1 + length;
                packet = new MqttPacket(source[0], source[(i + 1)..consumed]);
                return true;
            }

            if (i == LengthBytesMax)
            {
                throw new ConnectionException("a packet's length has no end");
            }
        }

        return false;
    }

    /// <summary>A packet out of its parts.</summary>
    public static byte[] Encode(byte first, params ReadOnlySpan<byte[]> parts)
    {
        int length = 0;
        foreach (byte[] part in parts)
        {
            length += part.Length;
        }

        List<byte> packet = [first];
        for (int left = length; ; left >>= 7)
        {
            packet.Add((byte)(left > 0x7F ? left | 0x80 : left));
            if (left <= 0x7F)
            {
                break;
            }
        }

        foreach (byte[] part in parts)
        {
            packet.AddRange(part);
        }

        return [.. packet];
    }

    /// <summary>A text behind its length.</summary>
    public static byte[] Text(string text)
    {
        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(text);
        return [(byte)(bytes.Length >> 8), (byte)bytes.Length, .. bytes];
    }
}
