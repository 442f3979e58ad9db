namespace Posthaste.Protocols.Stomp.Wire;

/// <summary>
/// Escapes in the names and values of headers. What a version does not escape stands for itself.
/// <code>
///            \\   \n   \c   \r      read             written
///  1.0        -    -    -    -      as it stands     line feed as \n, carriage return as \r: they would end the line
///  1.1        x    x    x    x      unescaped        line feed, colon and backslash; carriage return as \r
///  1.2        x    x    x    x      unescaped        all four
/// </code>
/// 1.1 does not define `\r`, but RabbitMQ and its clients use it. Frames CONNECT and CONNECTED are never escaped, so
/// that peers of any version can read them.
/// </summary>
internal static class HeaderText
{
    private const byte Backslash = (byte)'\\';

    /// <summary>Whether every backslash begins an escape that there is.</summary>
    public static bool IsValid(ReadOnlySpan<byte> text)
    {
        for (var at = text.IndexOf(Backslash); at >= 0; at = text.IndexOf(Backslash))
        {
            if (at + 1 == text.Length || text[at + 1] is not ((byte)'n' or (byte)'c' or (byte)'r' or Backslash))
                return false;
            text = text[(at + 2)..];
        }

        return true;
    }

    /// <summary>Undoes the escapes of text that <see cref="IsValid"/>.</summary>
    /// <param name="text">As it stands on the wire of 1.1 or 1.2.</param>
    /// <param name="target">At least as long as the text.</param>
    /// <returns>Bytes written.</returns>
    public static int Unescape(ReadOnlySpan<byte> text, Span<byte> target)
    {
        var written = 0;
        while (true)
        {
            var at = text.IndexOf(Backslash);
            if (at < 0)
            {
                text.CopyTo(target[written..]);
                return written + text.Length;
            }

            text[..at].CopyTo(target[written..]);
            written += at;
            target[written++] = text[at + 1] switch
            {
                (byte)'n' => (byte)'\n',
                (byte)'c' => (byte)':',
                (byte)'r' => (byte)'\r',
                _ => Backslash,
            };
            text = text[(at + 2)..];
        }
    }

    /// <summary>Undoes the escapes of text that <see cref="IsValid"/>, into a new array.</summary>
    public static byte[] Unescape(ReadOnlySpan<byte> text)
    {
        if (!text.Contains(Backslash))
            return text.ToArray();
        var target = new byte[text.Length];
        return target[..Unescape(text, target)];
    }

    /// <summary>Bytes that <see cref="Escape"/> needs at most.</summary>
    public static int EscapedBytesMax(int bytes) => 2 * bytes;

    /// <summary>The text as the version escapes it, in a new array.</summary>
    public static byte[] Escaped(ReadOnlySpan<byte> text, StompVersion version)
    {
        var target = new byte[EscapedBytesMax(text.Length)];
        return target[..Escape(text, version, target)];
    }

    /// <summary>Writes text as the version escapes it.</summary>
    /// <returns>Bytes written.</returns>
    public static int Escape(ReadOnlySpan<byte> text, StompVersion version, Span<byte> target)
    {
        var special = version == StompVersion.V10 ? "\n\r"u8 : "\\\n\r:"u8;
        var written = 0;
        while (true)
        {
            var at = text.IndexOfAny(special);
            if (at < 0)
            {
                text.CopyTo(target[written..]);
                return written + text.Length;
            }

            text[..at].CopyTo(target[written..]);
            written += at;
            target[written++] = Backslash;
            target[written++] = text[at] switch
            {
                (byte)'\n' => (byte)'n',
                (byte)'\r' => (byte)'r',
                (byte)':' => (byte)'c',
                _ => Backslash,
            };
            text = text[(at + 1)..];
        }
    }
}
