namespace Posthaste.Core.Catalog;

/// <summary>
/// Makes equal values one object: 100,000 queues are usually declared in a handful of ways. Bounded; forgets
/// everything when full, which costs memory of later values only. One thread at a time.
/// </summary>
internal sealed class Interner<T>
    where T : class, IEquatable<T>
{
    private const int CountMax = 256;

    private readonly HashSet<T> _values = [];

    public T Intern(T value)
    {
        if (_values.TryGetValue(value, out var known))
            return known;
        if (_values.Count == CountMax)
            _values.Clear();
        _values.Add(value);
        return value;
    }
}
