using System.Buffers.Text;
using System.Text;
using Posthaste.Bench.Load;

namespace Posthaste.Bench.Stomp;

/// <summary>One frame of STOMP 1.2, a view into the receive buffer that is valid until the next receive.</summary>
/// <remarks>
/// <code>
/// | command LF | name:value LF … | LF | body (content-length, or up to the NUL) | NUL |
/// </code>
/// </remarks>
internal readonly ref struct StompFrame(
    ReadOnlySpan<byte> command, ReadOnlySpan<byte> headers, ReadOnlySpan<byte> body)
{
    private const byte LineFeed = (byte)'\n';

    public ReadOnlySpan<byte> Command { get; } = command;

    public ReadOnlySpan<byte> Body { get; } = body;

    /// <summary>Lines with the feed before each.</summary>
    private ReadOnlySpan<byte> Headers { get; } = headers;

    /// <summary>
    /// Reads the frame at the start of <paramref name="source"/>; false means that more bytes are needed.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out StompFrame frame, out int consumed)
    {
        // Heart-beats between the frames.
        int start = source.IndexOfAnyExcept(LineFeed, (byte)'\r');
        frame = default;
        consumed = 0;
        if (start < 0)
        {
            return false;
        }

        ReadOnlySpan<byte> rest = source[start..];
        int headersEnd = rest.IndexOf("\n\n"u8);
        if (headersEnd < 0)
        {
            return false;
        }

        int commandEnd = rest.IndexOf(LineFeed);
        ReadOnlySpan<byte> headers = rest[commandEnd..headersEnd];
        ReadOnlySpan<byte> body = rest[(headersEnd + 2)..];
        int bodyBytes = Find(headers, "\ncontent-length:"u8, out ReadOnlySpan<byte> length)
            ? Number(length)
            : body.IndexOf((byte)0);
        if (bodyBytes < 0 || bodyBytes >= body.Length)
        {
            return false;
        }

        if (body[bodyBytes] != 0)
        {
            throw new ConnectionException($"a frame with {bodyBytes} bytes does not end with NUL");
        }

        frame = new StompFrame(rest[..commandEnd], headers, body[..bodyBytes]);
        consumed = start + headersEnd + 2 + bodyBytes + 1;
        return true;
    }

    /// <summary>A header's value.</summary>
    /// <param name="name">A line feed, the name and a colon.</param>
    public ReadOnlySpan<byte> Header(ReadOnlySpan<byte> name) => Find(Headers, name, out ReadOnlySpan<byte> value)
        ? value
        : throw new WorkloadException($"{Encoding.UTF8.GetString(Command)} without{Encoding.UTF8.GetString(name)}");

    /// <summary>A decimal number.</summary>
    public static int Number(ReadOnlySpan<byte> text) =>
        Utf8Parser.TryParse(text, out int number, out int used) && used == text.Length
            ? number
            : throw new ConnectionException($"'{Encoding.UTF8.GetString(text)}' is no number");

    /// <summary>Throws what the broker said if this is an ERROR.</summary>
    public void ThrowIfError()
    {
        if (Command.SequenceEqual("ERROR"u8))
        {
            throw new ConnectionException(
                $"the broker sent an error:{Encoding.UTF8.GetString(Headers)}\n{Encoding.UTF8.GetString(Body)}");
        }
    }

    private static bool Find(ReadOnlySpan<byte> headers, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        int at = headers.IndexOf(name);
        value = at < 0 ? default : headers[(at + name.Length)..];
        int end = value.IndexOf(LineFeed);
        value = end < 0 ? value : value[..end];
        return at >= 0;
    }
}
