using System.Buffers.Text;

namespace Posthaste.Protocols.Mqtt.Wire.Topics;

/// <summary>
/// A topic name of EMQX's convention for delayed publishes: <c>$delayed/{seconds}/{topic}</c>. What is subscribed to,
/// and delivered, is the topic behind it.
/// </summary>
public static class DelayedTopic
{
    /// <summary>Most seconds of a delay: what EMQX takes, 2^32 ms or 49.7 days.</summary>
    public const uint DelaySecondsMax = 4_294_967;

    /// <summary>What such a topic begins with.</summary>
    public static ReadOnlySpan<byte> Prefix => "$delayed/"u8;

    /// <summary>
    /// Cuts a name that begins with <see cref="Prefix"/>. False if no seconds up to <see cref="DelaySecondsMax"/> and
    /// no topic follow, or one that is not for publishing to: of the broker's own, or delayed again.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> name, out uint delayS, out ReadOnlySpan<byte> topic)
    {
        topic = default;
        var rest = name[Prefix.Length..];
        if (!Utf8Parser.TryParse(rest, out delayS, out var digits) || delayS > DelaySecondsMax
            || digits == rest.Length || rest[digits] != '/')
        {
            return false;
        }

        topic = rest[(digits + 1)..];
        return !topic.IsEmpty && topic[0] != '$';
    }
}
