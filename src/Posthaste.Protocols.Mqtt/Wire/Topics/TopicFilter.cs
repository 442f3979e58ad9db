namespace Posthaste.Protocols.Mqtt.Wire.Topics;

/// <summary>A pattern of topic names: levels between slashes, <c>+</c> any one, <c>#</c> all the rest.</summary>
public static class TopicFilter
{
    private const byte Slash = (byte)'/';

    private static ReadOnlySpan<byte> SharePrefix => "$share/"u8;

    /// <summary>Whether the filter names a shared subscription, well or badly.</summary>
    public static bool IsShared(ReadOnlySpan<byte> filter) => filter.StartsWith(SharePrefix);

    /// <summary>
    /// UTF-8 of at least one character, without U+0000 [MQTT-4.7.3-1], [MQTT-4.7.3-2]; <c>#</c> a whole level and the
    /// last [MQTT-4.7.1-1], <c>+</c> a whole level [MQTT-4.7.1-2]. A shared one has a share name without wildcards
    /// and a filter behind it [MQTT-4.8.2-1], [MQTT-4.8.2-2].
    /// </summary>
    public static bool IsValid(ReadOnlySpan<byte> filter)
    {
        if (!Utf8Text.IsValid(filter))
            return false;
        if (!IsShared(filter))
            return AreLevelsValid(filter);
        return TrySplitShared(filter, out _, out var shared) && AreLevelsValid(shared);
    }

    /// <summary>
    /// Cuts <c>$share/{group}/{filter}</c>. False if that is not what it is, or the group has no name or a wildcard
    /// in it; the filter behind is not looked at.
    /// </summary>
    public static bool TrySplitShared(
        ReadOnlySpan<byte> filter, out ReadOnlySpan<byte> group, out ReadOnlySpan<byte> shared)
    {
        group = shared = default;
        if (!IsShared(filter))
            return false;
        var rest = filter[SharePrefix.Length..];
        var slash = rest.IndexOf(Slash);
        if (slash <= 0 || rest[..slash].ContainsAny((byte)'+', (byte)'#'))
            return false;
        group = rest[..slash];
        shared = rest[(slash + 1)..];
        return true;
    }

    /// <summary>
    /// Whether a topic name matches a filter, both valid, the filter without a share. Names that begin with
    /// <c>$</c> match no filter that begins with a wildcard [MQTT-4.7.2-1].
    /// </summary>
    public static bool Matches(ReadOnlySpan<byte> filter, ReadOnlySpan<byte> topic)
    {
        if (topic[0] == (byte)'$' && filter[0] is (byte)'+' or (byte)'#')
            return false;

        while (true)
        {
            var level = CutLevel(ref filter, out var isFiltersLast);
            if (level is [(byte)'#'])
                return true;
            var name = CutLevel(ref topic, out var isTopicsLast);
            if (level is not [(byte)'+'] && !level.SequenceEqual(name))
                return false;
            if (isTopicsLast)
                return isFiltersLast || filter is [(byte)'#']; // "sport/#" matches "sport" too: section 4.7.1.2.
            if (isFiltersLast)
                return false;
        }
    }

    private static bool AreLevelsValid(ReadOnlySpan<byte> filter)
    {
        if (filter.IsEmpty)
            return false;
        for (var isLast = false; !isLast;)
        {
            var level = CutLevel(ref filter, out isLast);
            var isWildcard = level is [(byte)'+'] || (level is [(byte)'#'] && isLast);
            if (!isWildcard && level.ContainsAny((byte)'+', (byte)'#'))
                return false;
        }

        return true;
    }

    private static ReadOnlySpan<byte> CutLevel(ref ReadOnlySpan<byte> levels, out bool isLast)
    {
        var slash = levels.IndexOf(Slash);
        isLast = slash < 0;
        var level = isLast ? levels : levels[..slash];
        levels = isLast ? default : levels[(slash + 1)..];
        return level;
    }
}
