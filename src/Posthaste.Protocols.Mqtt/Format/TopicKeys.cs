namespace Posthaste.Protocols.Mqtt.Format;

/// <summary>
/// Topic names and filters as routing keys and binding keys of the topic exchange. Levels become words: <c>/</c> and
/// <c>.</c> change places, so the mapping loses nothing in either direction; <c>+</c> becomes <c>*</c>.
/// <code>
///   topic  sport/tennis/1.5   key  sport.tennis.1/5
///   filter sport/+/#          key  sport.*.#
/// </code>
/// Bindings match a little more than filters do: a <c>*</c> in a filter is a letter like any other, and names that
/// begin with <c>$</c> are not for wildcards. So what a client gets is decided by its own filters.
/// </summary>
internal static class TopicKeys
{
    /// <summary>A topic as a key, or a key as a topic: the same change both ways.</summary>
    public static void Swap(ReadOnlySpan<byte> from, Span<byte> to)
    {
        for (var i = 0; i < from.Length; i++)
        {
            var octet = from[i];
            to[i] = octet switch
            {
                (byte)'/' => (byte)'.',
                (byte)'.' => (byte)'/',
                _ => octet,
            };
        }
    }

    /// <summary>The binding key for a filter without a share.</summary>
    public static string ToBindingKey(string filter)
    {
        var levels = filter.Split('/');
        for (var i = 0; i < levels.Length; i++)
            levels[i] = levels[i] == "+" ? "*" : levels[i].Replace('.', '/');
        return string.Join('.', levels);
    }
}
