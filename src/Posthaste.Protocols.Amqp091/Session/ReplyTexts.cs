using System.Text;
using Posthaste.Protocols.Amqp091.Wire;

namespace Posthaste.Protocols.Amqp091.Session;

/// <summary>Reply texts are short strings: what is longer ends in dots, as RabbitMQ's do.</summary>
internal static class ReplyTexts
{
    /// <param name="text">The text with its code's name.</param>
    /// <param name="buffer">Room for a short string.</param>
    public static ReadOnlySpan<byte> Fit(string text, Span<byte> buffer)
    {
        if (Encoding.UTF8.GetByteCount(text) <= ShortStrings.BytesMax)
            return buffer[..Encoding.UTF8.GetBytes(text, buffer)];
        var dots = "..."u8;
        System.Text.Unicode.Utf8.FromUtf16(
            text, buffer[..(ShortStrings.BytesMax - dots.Length)], out _, out var written);
        dots.CopyTo(buffer[written..]);
        return buffer[..(written + dots.Length)];
    }
}
