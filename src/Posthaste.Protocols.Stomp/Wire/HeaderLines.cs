namespace Posthaste.Protocols.Stomp.Wire;

/// <summary>One header as it stands on the wire.</summary>
internal readonly ref struct HeaderLine(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
{
    public ReadOnlySpan<byte> Name { get; } = name;

    public ReadOnlySpan<byte> Value { get; } = value;
}

/// <summary>
/// Walks header lines that have been checked: each `name:value` with its end of line, LF or CR LF.
/// </summary>
internal ref struct HeaderLines(ReadOnlySpan<byte> lines)
{
    private ReadOnlySpan<byte> _rest = lines;

    public HeaderLine Current { get; private set; }

    public readonly HeaderLines GetEnumerator() => this;

    public bool MoveNext()
    {
        if (_rest.IsEmpty)
            return false;
        var end = _rest.IndexOf((byte)'\n');
        var line = _rest[..end];
        _rest = _rest[(end + 1)..];
        if (!line.IsEmpty && line[^1] == '\r')
            line = line[..^1];
        var colon = line.IndexOf((byte)':');
        Current = new HeaderLine(line[..colon], line[(colon + 1)..]);
        return true;
    }

    /// <summary>The value of the first header of this name.</summary>
    public static bool TryFind(ReadOnlySpan<byte> lines, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        foreach (var line in new HeaderLines(lines))
        {
            if (!line.Name.SequenceEqual(name))
                continue;
            value = line.Value;
            return true;
        }

        value = default;
        return false;
    }
}
