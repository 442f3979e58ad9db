using Posthaste.Protocols.Mqtt.Wire;

namespace Posthaste.Protocols.Mqtt.Session;

/// <summary>
/// The topic aliases that a client has set on this connection (section 3.3.2.3.4). The reader's alone.
/// </summary>
internal sealed class TopicAliases(ushort max)
{
    private byte[]?[] _topics = [];

    /// <summary>
    /// Sets the alias if there is a topic beside it, else finds the topic that it stands for.
    /// </summary>
    /// <returns>
    /// What ends the connection: an alias beyond the maximum [MQTT-3.3.2-9], or one that was never set.
    /// </returns>
    public WireError Resolve(ushort alias, ref ReadOnlySpan<byte> topic)
    {
        if (alias > max)
            return new WireError(ReasonCode.TopicAliasInvalid, $"topic alias {alias}, at most {max} are taken");
        if (alias > _topics.Length)
            Array.Resize(ref _topics, int.Min(max, int.Max(alias, _topics.Length * 2)));
        ref var known = ref _topics[alias - 1];
        if (!topic.IsEmpty)
        {
            if (!topic.SequenceEqual(known))
                known = topic.ToArray();
            return default;
        }

        if (known is null)
            return WireError.Protocol($"topic alias {alias} was never set");
        topic = known;
        return default;
    }
}
