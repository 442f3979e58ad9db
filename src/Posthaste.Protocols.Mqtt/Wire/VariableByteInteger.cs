namespace Posthaste.Protocols.Mqtt.Wire;

/// <summary>
/// A number in one to four octets, seven bits each, the lowest first; the top bit says that more follow.
/// <code>
///        127 -> 7f              16,383 -> ff 7f
///        128 -> 80 01      268,435,455 -> ff ff ff 7f
/// </code>
/// </summary>
public static class VariableByteInteger
{
    /// <summary>The largest number that four octets hold.</summary>
    public const int Max = (1 << 28) - 1;

    /// <summary>Most octets that one may take.</summary>
    public const int BytesMax = 4;

    /// <summary>Octets that the number takes: as few as it fits [MQTT-1.5.5-1].</summary>
    public static int GetBytes(uint value) => value switch
    {
        < 1 << 7 => 1,
        < 1 << 14 => 2,
        < 1 << 21 => 3,
        _ => 4,
    };

    /// <summary>Writes the number and returns its octets.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Beyond <see cref="Max"/>: a defect of the caller.</exception>
    public static int Write(Span<byte> destination, uint value)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, (uint)Max);
        var at = 0;
        for (; value >= 0x80; value >>= 7)
            destination[at++] = (byte)(value | 0x80);
        destination[at++] = (byte)value;
        return at;
    }

    /// <summary>
    /// Reads the number that the buffer begins with. False if it goes on behind the buffer, or behind four octets.
    /// </summary>
    /// <param name="buffer">Any bytes.</param>
    /// <param name="value">The number if there is one.</param>
    /// <param name="bytes">Its octets; otherwise how many there are, four only if there can't be one.</param>
    public static bool TryRead(ReadOnlySpan<byte> buffer, out uint value, out int bytes)
    {
        value = 0;
        for (bytes = 0; bytes < BytesMax && bytes < buffer.Length; bytes++)
        {
            var octet = buffer[bytes];
            value |= (uint)(octet & 0x7F) << (7 * bytes);
            if (octet < 0x80)
            {
                bytes++;
                return true;
            }
        }

        return false;
    }
}
