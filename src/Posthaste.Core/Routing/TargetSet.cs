namespace Posthaste.Core.Routing;

/// <summary>
/// The distinct targets of the bindings that match alike (one key, one pattern, one fanout exchange), counted, because
/// several bindings can lead to one target. Read from any thread, changed by one.
/// </summary>
internal sealed class TargetSet
{
    /// <summary>Up to this many, scanning beats an index of positions.</summary>
    private const int ScanMax = 16;

    private readonly SnapshotList<RouteTarget> _targets = new();

    // Bindings beyond the first per target; null while there are none, which is nearly always.
    private Dictionary<RouteTarget, int>? _extraBindings;

    // Slot of each target; null up to ScanMax slots, and when the targets have moved.
    private Dictionary<RouteTarget, int>? _positions;

    /// <summary>The targets, with empty slots between them.</summary>
    public ReadOnlySpan<RouteTarget?> Slots => _targets.Slots;

    public bool IsEmpty => _targets.Count == 0;

    public void Add(RouteTarget target)
    {
        if (PositionOf(target) >= 0)
        {
            _extraBindings ??= [];
            _extraBindings[target] = _extraBindings.GetValueOrDefault(target) + 1;
            return;
        }

        _positions?.Add(target, _targets.Slots.Length);
        _targets.Add(target);
    }

    public void Remove(RouteTarget target)
    {
        if (_extraBindings is not null && _extraBindings.TryGetValue(target, out var extra))
        {
            if (extra > 1)
                _extraBindings[target] = extra - 1;
            else
                _extraBindings.Remove(target);
            return;
        }

        var position = PositionOf(target);
        _positions?.Remove(target);
        if (_targets.RemoveAt(position))
            _positions = null;
    }

    private int PositionOf(RouteTarget target)
    {
        var slots = _targets.Slots;
        if (slots.Length <= ScanMax)
            return slots.IndexOf(target);

        if (_positions is null)
        {
            _positions = new(slots.Length);
            for (var i = 0; i < slots.Length; i++)
            {
                if (slots[i] is { } known)
                    _positions.Add(known, i);
            }
        }

        return _positions.GetValueOrDefault(target, -1);
    }
}
