using System.Text.Unicode;
using Posthaste.Protocols.Mqtt.Wire.Properties;

namespace Posthaste.Protocols.Mqtt.Session;

/// <summary>The reason string that explains a failure to people.</summary>
internal static class ReasonProperties
{
    /// <summary>Bytes of the list at most; longer texts are cut.</summary>
    public const int BytesMax = 256;

    private const int TextBytesMax = BytesMax - 3;

    /// <summary>A list of properties with the reason alone, written into the buffer.</summary>
    public static PropertyList Write(Span<byte> buffer, string text)
    {
        Span<byte> encoded = stackalloc byte[TextBytesMax];

        // Stops before the character that does not fit.
        Utf8.FromUtf16(text, encoded, out _, out var bytes);
        var writer = new PropertyWriter(buffer);
        writer.Bytes(PropertyId.ReasonString, encoded[..bytes]);
        return writer.List;
    }
}
