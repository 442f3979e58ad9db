using System.Text.Unicode;

namespace Posthaste.Protocols.Mqtt.Wire;

/// <summary>What MQTT calls a UTF-8 encoded string.</summary>
public static class Utf8Text
{
    /// <summary>Bytes of the longest: the length before it has two octets.</summary>
    public const int BytesMax = ushort.MaxValue;

    /// <summary>
    /// Well-formed UTF-8, which surrogates never are [MQTT-1.5.4-1], without U+0000 [MQTT-1.5.4-2]. Control and
    /// non-characters are left to the applications, and so is U+FEFF, which is a character like any other
    /// [MQTT-1.5.4-3].
    /// </summary>
    public static bool IsValid(ReadOnlySpan<byte> text) => Utf8.IsValid(text) && !text.Contains((byte)0);
}
