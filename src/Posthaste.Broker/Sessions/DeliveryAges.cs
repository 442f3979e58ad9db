namespace Posthaste.Broker.Sessions;

/// <summary>
/// When the unsettled deliveries of a session or channel went out, without a time beside each: now and then the ticker
/// marks how far the tags have come. A delivery is at least as old as the first mark at or behind its tag says.
/// </summary>
/// <remarks>
/// <code>
///   tags      1 2 3 4 5 6 7 8 9 10 11
///   marks         ^ 12:00.0   ^ 12:00.5    tag 4 was out by 12:00.5, tag 9 has no age yet
/// </code>
/// Ages are too small rather than too large: by the ticker's period, and by the distance of marks once there are many.
/// Not thread-safe: guarded by the output's gate.
/// </remarks>
public sealed class DeliveryAges
{
    /// <summary>
    /// Marks at most; then every second one goes, and new ones come half as often. 64: an age is out by a
    /// thirty-second of the time over which deliveries are out.
    /// </summary>
    private const int MarksMax = 64;

    private readonly List<Mark> _marks = [];
    private long _spacingMs;

    private readonly record struct Mark(ulong ThroughTag, long AtMs);

    /// <summary>All tags up to this one are out by now; those before the oldest are settled.</summary>
    public void Note(ulong oldestTag, ulong lastTag, long nowMs)
    {
        _marks.RemoveAll(mark => mark.ThroughTag < oldestTag);
        if (_marks.Count == 0) _spacingMs = 0;
        else if (_marks[^1].ThroughTag >= lastTag || nowMs - _marks[^1].AtMs < _spacingMs) return;
        if (_marks.Count == MarksMax) Thin();
        _marks.Add(new Mark(lastTag, nowMs));
    }

    /// <summary>For how long a delivery has been out, at least.</summary>
    public long AgeMs(ulong tag, long nowMs)
    {
        foreach (var mark in _marks)
        {
            if (mark.ThroughTag >= tag) return nowMs - mark.AtMs;
        }

        return 0;
    }

    /// <summary>What is out counts from now on only: the client could not have settled it before.</summary>
    public void Forget() => _marks.Clear();

    private void Thin()
    {
        // The later one of each pair stays: nothing seems older than it is.
        for (var i = 0; i < MarksMax / 2; i++) _marks[i] = _marks[(2 * i) + 1];
        _marks.RemoveRange(MarksMax / 2, MarksMax / 2);
        _spacingMs = (_marks[^1].AtMs - _marks[0].AtMs) / (MarksMax / 2);
    }
}
