namespace Posthaste.Simulation.Model;

/// <summary>A change of something that has one value at a time: a note, or the message retained for a key.</summary>
internal sealed class ModelChange(string? value, ModelTransaction? transaction)
{
    /// <summary>Null when there is nothing.</summary>
    public string? Value => value;

    public ModelTransaction? Transaction => transaction;

    /// <summary>It holds in memory, unless a later one does.</summary>
    public bool IsInEffect { get; set; }

    /// <summary>It survives a crash, unless a later one does.</summary>
    public bool IsDurable { get; set; }
}

/// <summary>One value, as far as it is known: what it was for sure, and the changes since, in order.</summary>
internal sealed class ModelValue(string name)
{
    private List<ModelChange> _changes = [new(null, null) { IsInEffect = true, IsDurable = true }];

    public ModelChange Change(string? value, ModelTransaction? transaction = null)
    {
        var change = new ModelChange(value, transaction);
        _changes.Add(change);
        return change;
    }

    /// <summary>The broker is at rest: what holds is on disk, too.</summary>
    public void Rests(string? actual) => Becomes(actual, static change => change.IsInEffect || change.IsDurable);

    /// <summary>The broker has come up again.</summary>
    public void Returns(string? actual)
    {
        var at = Becomes(actual, static change => change.IsDurable);

        // Later changes would have taken its place, had they been recorded.
        foreach (var lost in at) lost.Transaction?.Learn(false, $"{name} is {actual} and not {lost.Value}");
    }

    /// <returns>The changes that are not in effect, since an earlier one is.</returns>
    private List<ModelChange> Becomes(string? actual, Predicate<ModelChange> isSure)
    {
        var sure = _changes.FindLastIndex(isSure);
        var found = _changes.FindLastIndex(change => change.Value == actual);
        SimulationFailure.Unless(
            found >= sure,
            $"{name} is {actual ?? "gone"}; it has to be {string.Join(" or ", _changes[sure..].Select(c => c.Value))}");
        if (actual is not null) _changes[found].Transaction?.Learn(true, $"{name} is {actual}");
        var later = _changes[(found + 1)..];
        _changes = [new(actual, null) { IsInEffect = true, IsDurable = true }];
        return later;
    }
}
