using Posthaste.Primitives;

namespace Posthaste.Core.Collections;

/// <summary>Something that is found by bytes.</summary>
public interface IKeyed
{
    ReadOnlySpan<byte> Key { get; }
}

/// <summary>Where an item of a <see cref="SortedMap{T}"/> is. Holds until the map is changed.</summary>
public readonly record struct SortedPosition(int Leaf, int Slot);

/// <summary>
/// Items in the order of the bytes of their keys: found by a span, walked from any key on. A walk that has to let go in
/// between needs to remember no more than the last key, so changes never break it.
/// </summary>
/// <remarks>
/// A list of leaves of up to 128 items each: a lookup is two binary searches, an insertion moves a leaf's items, and
/// once per half a leaf the entries of the leaves behind (48 bytes each or so, 10,000 leaves for a million items).
/// Memory per item: its own size, divided by how full the leaves are (all of it when keys come in order, 0.7 when they
/// do not), and nothing else. Not thread-safe.
/// </remarks>
public sealed class SortedMap<T>
    where T : struct, IKeyed
{
    private const int LeafItemsMax = 128;
    private const int LeafItemsFirst = 4;

    private Leaf[] _leaves = [];
    private int _leafCount;

    public int Count { get; private set; }

    /// <summary>The first item of all.</summary>
    public SortedPosition Start => default;

    public ref readonly T this[SortedPosition at] => ref _leaves[at.Leaf].Items[at.Slot];

    public bool IsAtEnd(SortedPosition at) => at.Leaf >= _leafCount;

    /// <summary>The next item's place, or the end.</summary>
    public SortedPosition Next(SortedPosition at) => Normalize(at with { Slot = at.Slot + 1 });

    /// <summary>The first item whose key is not before this one.</summary>
    public SortedPosition Seek(ReadOnlySpan<byte> key) => Normalize(Find(key, out _));

    public bool TryGet(ReadOnlySpan<byte> key, out T item)
    {
        var at = Find(key, out var found);
        item = found ? this[at] : default;
        return found;
    }

    /// <summary>Adds the item or puts it in the place of the one with the same key.</summary>
    /// <returns>Whether there was one.</returns>
    public bool Set(in T item, out T replaced)
    {
        var at = Find(item.Key, out var found);
        if (!found)
        {
            replaced = default;
            Insert(at, in item);
            return false;
        }

        ref var leaf = ref _leaves[at.Leaf];
        replaced = leaf.Items[at.Slot];
        leaf.Items[at.Slot] = item;
        leaf.First = leaf.Items[0];
        return true;
    }

    public bool Remove(ReadOnlySpan<byte> key, out T removed)
    {
        var at = Find(key, out var found);
        removed = found ? this[at] : default;
        if (found) RemoveAt(at);
        return found;
    }

    /// <summary>Removes the item there.</summary>
    /// <returns>Where the item behind it is now.</returns>
    public SortedPosition RemoveAt(SortedPosition at)
    {
        ref var leaf = ref _leaves[at.Leaf];
        leaf.Count--;
        Count--;
        Array.Copy(leaf.Items, at.Slot + 1, leaf.Items, at.Slot, leaf.Count - at.Slot);
        leaf.Items[leaf.Count] = default;
        if (leaf.Count == 0)
        {
            RemoveLeaf(at.Leaf);
            return at with { Slot = 0 };
        }

        leaf.First = leaf.Items[0];
        if (leaf.Count <= LeafItemsMax / 4) at = Merge(at);
        return Normalize(at);
    }

    private SortedPosition Normalize(SortedPosition at) =>
        at.Leaf < _leafCount && at.Slot >= _leaves[at.Leaf].Count ? new(at.Leaf + 1, 0) : at;

    /// <summary>Where the key is, or where it belongs: perhaps behind the last item of a leaf.</summary>
    private SortedPosition Find(ReadOnlySpan<byte> key, out bool found)
    {
        found = false;
        if (_leafCount == 0) return default;
        var (low, high) = (1, _leafCount);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (_leaves[middle].First.Key.SequenceCompareTo(key) <= 0) low = middle + 1;
            else high = middle;
        }

        var leaf = low - 1;
        var items = _leaves[leaf].Items;
        (low, high) = (0, _leaves[leaf].Count);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            var order = items[middle].Key.SequenceCompareTo(key);
            if (order == 0)
            {
                found = true;
                return new(leaf, middle);
            }

            if (order < 0) low = middle + 1;
            else high = middle;
        }

        return new(leaf, low);
    }

    private void Insert(SortedPosition at, in T item)
    {
        if (_leafCount == 0) InsertLeaf(0, new T[LeafItemsFirst], 0);
        else if (_leaves[at.Leaf].Count == LeafItemsMax) at = Split(at);
        ref var leaf = ref _leaves[at.Leaf];
        if (leaf.Count == leaf.Items.Length) Array.Resize(ref leaf.Items, leaf.Count * 2);
        Array.Copy(leaf.Items, at.Slot, leaf.Items, at.Slot + 1, leaf.Count - at.Slot);
        leaf.Items[at.Slot] = item;
        leaf.First = leaf.Items[0];
        leaf.Count++;
        Count++;
    }

    /// <summary>Makes room at a place in a full leaf; returns where the place is then.</summary>
    private SortedPosition Split(SortedPosition at)
    {
        // Keys that come in order leave full leaves behind.
        var kept = at.Slot == LeafItemsMax ? LeafItemsMax : LeafItemsMax / 2;
        var moved = LeafItemsMax - kept;
        var items = new T[moved == 0 ? LeafItemsFirst : LeafItemsMax];
        var left = _leaves[at.Leaf].Items;
        Array.Copy(left, kept, items, 0, moved);
        Array.Clear(left, kept, moved);
        _leaves[at.Leaf].Count = kept;
        InsertLeaf(at.Leaf + 1, items, moved);
        return at.Slot <= kept && moved > 0 ? at : new(at.Leaf + 1, at.Slot - kept);
    }

    /// <summary>Joins a leaf that has become small with a neighbour, if both are.</summary>
    private SortedPosition Merge(SortedPosition at)
    {
        var left = at.Leaf > 0 && FitTogether(at.Leaf - 1) ? at.Leaf - 1 : at.Leaf;
        if (!FitTogether(left)) return at;
        ref var into = ref _leaves[left];
        ref var from = ref _leaves[left + 1];
        if (left != at.Leaf) at = new(left, into.Count + at.Slot);
        if (into.Items.Length < into.Count + from.Count) Array.Resize(ref into.Items, LeafItemsMax);
        Array.Copy(from.Items, 0, into.Items, into.Count, from.Count);
        into.Count += from.Count;
        RemoveLeaf(left + 1);
        return at;
    }

    private bool FitTogether(int left) =>
        left + 1 < _leafCount && _leaves[left].Count + _leaves[left + 1].Count <= LeafItemsMax / 2;

    private void InsertLeaf(int index, T[] items, int count)
    {
        Checks.Require(index <= _leafCount);
        if (_leafCount == _leaves.Length) Array.Resize(ref _leaves, Math.Max(1, _leafCount * 2));
        Array.Copy(_leaves, index, _leaves, index + 1, _leafCount - index);
        _leaves[index] = new Leaf { First = items[0], Items = items, Count = count };
        _leafCount++;
    }

    private void RemoveLeaf(int index)
    {
        _leafCount--;
        Array.Copy(_leaves, index + 1, _leaves, index, _leafCount - index);
        _leaves[_leafCount] = default;
    }

    private struct Leaf
    {
        /// <summary>The first item once more: a search among leaves touches no leaf.</summary>
        public T First;
        public T[] Items;
        public int Count;
    }
}
