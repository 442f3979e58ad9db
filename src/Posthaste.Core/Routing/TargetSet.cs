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

    // Position of each target; null up to ScanMax targets.
    private Dictionary<RouteTarget, int>? _positions;

    public ReadOnlySpan<RouteTarget> Items => _targets.Items;

    public bool IsEmpty => _targets.Count == 0;

    public void Add(RouteTarget target)
    {
        if (PositionOf(target) >= 0)
        {
            _extraBindings ??= [];
            _extraBindings[target] = _extraBindings.GetValueOrDefault(target) + 1;
            return;
        }

        _positions?.Add(target, _targets.Count);
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
        if (_positions is not null)
        {
            _positions[_targets.Items[^1]] = position;
            _positions.Remove(target);
        }

        _targets.RemoveAt(position);
    }

    private int PositionOf(RouteTarget target)
    {
        if (_targets.Count <= ScanMax)
        {
            _positions = null;
            return _targets.Items.IndexOf(target);
        }

        if (_positions is null)
        {
            _positions = new(_targets.Count * 2);
            foreach (var known in _targets.Items)
                _positions.Add(known, _positions.Count);
        }

        return _positions.GetValueOrDefault(target, -1);
    }
}
