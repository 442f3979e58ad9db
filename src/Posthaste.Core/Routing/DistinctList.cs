using System.Runtime.CompilerServices;

namespace Posthaste.Core.Routing;

/// <summary>
/// Objects in the order in which they were first added, each once. Made to be cleared and filled again: in steady
/// state nothing is allocated. One thread at a time.
/// </summary>
internal sealed class DistinctList<T>
    where T : class
{
    /// <summary>Up to this many, comparing with each beats hashing.</summary>
    private const int ScanMax = 16;

    /// <summary>
    /// A list that grew beyond this is given back when cleared, so that one huge route does not stay in memory.
    /// </summary>
    private const int RetainedMax = 64 * 1024;

    private T[] _items = new T[ScanMax];
    private int _count;

    // Open addressing by identity: index of the item plus one, 0 for free. At most half full; used beyond ScanMax
    // items.
    private int[] _table = [];
    private bool _tableUsed;

    public int Count => _count;

    public ReadOnlySpan<T> Items => _items.AsSpan(0, _count);

    public T this[int index] => Items[index];

    /// <summary>Adds the item unless it is in already; whether it was added.</summary>
    public bool Add(T item)
    {
        if (_count < ScanMax)
        {
            foreach (var known in Items)
            {
                if (ReferenceEquals(known, item))
                    return false;
            }
        }
        else if (!TryEnter(item))
        {
            return false;
        }

        if (_count == _items.Length)
            Array.Resize(ref _items, _count * 2);
        _items[_count++] = item;
        return true;
    }

    public void Clear()
    {
        if (_items.Length > RetainedMax)
        {
            _items = new T[ScanMax];
            _table = [];
        }

        Array.Clear(_items, 0, Math.Min(_count, _items.Length));
        if (_tableUsed)
            Array.Clear(_table);
        _tableUsed = false;
        _count = 0;
    }

    private bool TryEnter(T item)
    {
        if (!_tableUsed || (_count + 1) * 2 > _table.Length)
            Rebuild();

        var slot = FindSlot(item);
        if (_table[slot] != 0)
            return false;
        _table[slot] = _count + 1;
        return true;
    }

    private void Rebuild()
    {
        if ((_count + 1) * 2 > _table.Length)
            _table = new int[Math.Max(ScanMax * 4, _table.Length * 2)];
        else
            Array.Clear(_table);
        _tableUsed = true;
        for (var i = 0; i < _count; i++)
            _table[FindSlot(_items[i])] = i + 1;
    }

    // The slot that holds the item, or the free one where it belongs. The table's length is a power of two.
    private int FindSlot(T item)
    {
        var mask = _table.Length - 1;
        var slot = RuntimeHelpers.GetHashCode(item) & mask;
        while (_table[slot] != 0 && !ReferenceEquals(_items[_table[slot] - 1], item))
            slot = (slot + 1) & mask;
        return slot;
    }
}
