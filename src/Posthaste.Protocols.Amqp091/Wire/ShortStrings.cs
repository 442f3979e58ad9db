using System.Text;
using System.Text.Unicode;

namespace Posthaste.Protocols.Amqp091.Wire;

/// <summary>Fits text into a short string.</summary>
public static class ShortStrings
{
    /// <summary>The length of a short string is one octet.</summary>
    public const int BytesMax = 255;

    /// <summary>
    /// Writes as much of the text as fits a short string, cut between characters, and returns the bytes.
    /// For texts to people, such as reply texts; a name must never be cut.
    /// </summary>
    /// <param name="text">Any text.</param>
    /// <param name="destination">At least <see cref="BytesMax"/> bytes long.</param>
    public static ReadOnlySpan<byte> Truncate(string text, Span<byte> destination)
    {
        // Utf8.FromUtf16 stops before the first character that does not fit and never splits one.
        Utf8.FromUtf16(text, destination[..BytesMax], out _, out var written);
        return destination[..written];
    }

    /// <summary>The UTF-8 of a name that is known to fit; longer ones are a defect of the caller.</summary>
    /// <exception cref="ArgumentException">The name takes more than <see cref="BytesMax"/> bytes.</exception>
    public static byte[] Encode(string name)
    {
        var bytes = Encoding.UTF8.GetBytes(name);
        return bytes.Length <= BytesMax
            ? bytes
            : throw new ArgumentException($"A short string has at most {BytesMax} bytes.", nameof(name));
    }
}
