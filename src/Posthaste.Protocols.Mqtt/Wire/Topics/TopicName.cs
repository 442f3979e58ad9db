namespace Posthaste.Protocols.Mqtt.Wire.Topics;

/// <summary>The name that a message is published to.</summary>
public static class TopicName
{
    /// <summary>
    /// At least one character [MQTT-4.7.3-1], UTF-8 without U+0000 [MQTT-4.7.3-2], no wildcards [MQTT-3.3.2-2].
    /// </summary>
    public static bool IsValid(ReadOnlySpan<byte> topic) =>
        !topic.IsEmpty && !topic.ContainsAny((byte)0, (byte)'+', (byte)'#') && System.Text.Unicode.Utf8.IsValid(topic);

    /// <summary>What is wrong with a name that is not valid.</summary>
    public static WireError ErrorOf(ReadOnlySpan<byte> topic) =>
        topic.IsEmpty ? new WireError(ReasonCode.TopicNameInvalid, "an empty topic name")
        : !Utf8Text.IsValid(topic) ? WireError.Malformed("a topic name that is not UTF-8 or holds U+0000")
        : new WireError(ReasonCode.TopicNameInvalid, "a topic name with a wildcard in it");
}
