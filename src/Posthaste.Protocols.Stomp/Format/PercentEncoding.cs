namespace Posthaste.Protocols.Stomp.Format;

/// <summary>
/// Names within destinations, where a slash separates and a percent sign begins a byte in hexadecimal.
/// </summary>
internal static class PercentEncoding
{
    private const byte Percent = (byte)'%';

    /// <summary>A percent sign that no two hexadecimal digits follow stands for itself.</summary>
    public static byte[] Decode(ReadOnlySpan<byte> text)
    {
        if (!text.Contains(Percent))
            return text.ToArray();
        var target = new byte[text.Length];
        var count = 0;
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] == Percent && at + 2 < text.Length
                && Digit(text[at + 1]) is >= 0 and var high && Digit(text[at + 2]) is >= 0 and var low)
            {
                target[count++] = (byte)((high << 4) | low);
                at += 2;
            }
            else
            {
                target[count++] = text[at];
            }
        }

        return target[..count];
    }

    /// <summary>Encodes slashes, percent signs, control bytes and what is not ASCII, as RabbitMQ does.</summary>
    public static byte[] Encode(ReadOnlySpan<byte> name)
    {
        var target = new byte[3 * name.Length];
        var count = 0;
        foreach (var value in name)
        {
            if (value is (byte)'/' or Percent or < (byte)' ' or > (byte)'~')
            {
                target[count++] = Percent;
                target[count++] = Hex(value >> 4);
                target[count++] = Hex(value & 15);
            }
            else
            {
                target[count++] = value;
            }
        }

        return target[..count];
    }

    private static byte Hex(int digit) => (byte)"0123456789ABCDEF"[digit];

    private static int Digit(byte character) => character switch
    {
        >= (byte)'0' and <= (byte)'9' => character - '0',
        >= (byte)'A' and <= (byte)'F' => character - 'A' + 10,
        >= (byte)'a' and <= (byte)'f' => character - 'a' + 10,
        _ => -1,
    };
}
