namespace Posthaste.Core.Routing;

/// <summary>
/// A list that one thread changes while any thread walks it. Adding fills a slot that no reader looks at yet and then
/// publishes the new length; removing empties the slot, and when half of the slots are empty the rest moves to a new
/// array. So both are amortised O(1) also for an exchange with 100,000 bindings, and the order of adding stays.
/// </summary>
internal sealed class SnapshotList<T>
    where T : class
{
    private volatile State _state = State.Empty;

    /// <summary>
    /// The slots as of now, the empty ones included; one that is removed meanwhile may be there or not.
    /// </summary>
    public ReadOnlySpan<T?> Slots
    {
        get
        {
            var state = _state;
            return state.Slots.AsSpan(0, state.Length);
        }
    }

    /// <summary>Items in the list. For the thread that changes it.</summary>
    public int Count { get; private set; }

    public void Add(T item)
    {
        var (slots, length) = _state;
        if (length == slots.Length)
            Array.Resize(ref slots, Math.Max(1, length * 2));
        slots[length] = item;
        _state = new State(slots, length + 1);
        Count++;
    }

    /// <summary>Removes the item in that slot. Whether the others have moved to other slots.</summary>
    public bool RemoveAt(int slot)
    {
        var (slots, length) = _state;
        Volatile.Write(ref slots[slot], null);
        Count--;
        if (Count > length / 2)
            return false;

        T?[] rest = [.. slots.AsSpan(0, length).ToArray().Where(item => item is not null)];
        _state = rest.Length == 0 ? State.Empty : new State(rest, rest.Length);
        return true;
    }

    private sealed record State(T?[] Slots, int Length)
    {
        public static readonly State Empty = new([], 0);
    }
}
