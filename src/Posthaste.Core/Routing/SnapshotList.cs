namespace Posthaste.Core.Routing;

/// <summary>
/// A list that one thread changes while any thread walks the state it had at some moment. Adding is amortised O(1):
/// it fills a slot that no reader looks at yet and then publishes the new count. Removing copies.
/// </summary>
internal sealed class SnapshotList<T>
{
    private volatile State _state = State.Empty;

    /// <summary>The items as of now; stays valid and unchanged whatever happens to the list.</summary>
    public ReadOnlySpan<T> Items
    {
        get
        {
            var state = _state;
            return state.Slots.AsSpan(0, state.Count);
        }
    }

    public int Count => _state.Count;

    public void Add(T item)
    {
        var (slots, count) = _state;
        if (count == slots.Length)
            Array.Resize(ref slots, Math.Max(1, count * 2));
        slots[count] = item;
        _state = new State(slots, count + 1);
    }

    /// <summary>Removes the item at the index and moves the last one into its place.</summary>
    public void RemoveAt(int index)
    {
        // Always into a new array: a slot that readers have seen must never change its content.
        var items = Items[..^1].ToArray();
        if (index < items.Length)
            items[index] = Items[^1];
        _state = items.Length == 0 ? State.Empty : new State(items, items.Length);
    }

    private sealed record State(T[] Slots, int Count)
    {
        public static readonly State Empty = new([], 0);
    }
}
