namespace Posthaste.Core.Queues;

/// <summary>
/// Binary min-heap over an array that is reused. Its owner leaves outdated items in it and skips them when they
/// surface;
/// <see cref="Compact"/> bounds how many there can be.
/// </summary>
internal sealed class MinHeap<T>
    where T : struct, IComparable<T>
{
    /// <summary>
    /// An array up to this size is kept when the heap is emptied: a queue that runs empty often must not allocate.
    /// </summary>
    private const int LengthKeptMax = 1024;

    private T[] _items = [];

    public int Count { get; private set; }

    /// <summary>The smallest item; the heap must not be empty.</summary>
    public T Top => _items[0];

    /// <summary>All items, the smallest first and the others in no order that means anything.</summary>
    public ReadOnlySpan<T> Items => _items.AsSpan(0, Count);

    public void Push(T item)
    {
        if (Count == _items.Length)
        {
            Array.Resize(ref _items, Math.Max(4, Count * 2));
        }

        var at = Count++;
        while (at > 0)
        {
            var parent = (at - 1) / 2;
            if (_items[parent].CompareTo(item) <= 0)
            {
                break;
            }

            _items[at] = _items[parent];
            at = parent;
        }

        _items[at] = item;
    }

    /// <summary>Removes the smallest item; the heap must not be empty.</summary>
    public T Pop()
    {
        var top = _items[0];
        var moved = _items[--Count];
        var at = 0;
        for (var child = 1; child < Count; child = (2 * at) + 1)
        {
            if (child + 1 < Count && _items[child + 1].CompareTo(_items[child]) < 0)
            {
                child++;
            }

            if (moved.CompareTo(_items[child]) <= 0)
            {
                break;
            }

            _items[at] = _items[child];
            at = child;
        }

        _items[at] = moved;
        return top;
    }

    public void Clear()
    {
        Count = 0;
        _items = _items.Length > LengthKeptMax ? [] : _items;
    }

    /// <summary>Keeps one copy of each item that <paramref name="keep"/> wants. A sorted array is a heap.</summary>
    public void Compact<TState>(TState state, Func<TState, T, bool> keep)
    {
        Array.Sort(_items, 0, Count);
        var kept = 0;
        for (var i = 0; i < Count; i++)
        {
            var isRepeated = kept > 0 && _items[i].CompareTo(_items[kept - 1]) == 0;
            if (!isRepeated && keep(state, _items[i]))
            {
                _items[kept++] = _items[i];
            }
        }

        Count = kept;
    }
}
