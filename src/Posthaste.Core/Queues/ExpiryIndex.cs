namespace Posthaste.Core.Queues;

/// <summary>When an entry expires.</summary>
internal readonly record struct EntryDue(long DueMs, ulong Seq) : IComparable<EntryDue>
{
    public int CompareTo(EntryDue other) =>
        DueMs != other.DueMs ? DueMs.CompareTo(other.DueMs) : Seq.CompareTo(other.Seq);
}

/// <summary>
/// Finds entries of one level that expire behind an unexpired head. An entry that expires no earlier than all before it
/// needs no index: when it is due, so is the head, and the heads are looked at first. With a time to live of the queue
/// alone that is every entry, and the index stays empty. Only the others are indexed, 16 bytes each.
/// Items outlive their entries and are skipped when they surface.
/// </summary>
internal sealed class ExpiryIndex
{
    /// <summary>Outdated items that are tolerated whatever the number of entries.</summary>
    private const int OutdatedCountMin = 256;

    private static readonly Comparer<EntryDue> LatestFirst =
        Comparer<EntryDue>.Create(static (left, right) => right.CompareTo(left));

    private readonly MinHeap<EntryDue> _heap = new();
    private readonly bool _indexesAll;

    // Latest expiry of all entries so far; an entry that never expires makes every later one out of order.
    private long _latestMs;

    /// <param name="indexesAll">All are indexed: for a queue that lets go of its entries in this order.</param>
    public ExpiryIndex(bool indexesAll)
    {
        _indexesAll = indexesAll;
        IsOutOfOrder = indexesAll;
    }

    /// <summary>Some entry is out of order: entries that come back from a segment have to be indexed.</summary>
    public bool IsOutOfOrder { get; private set; }

    /// <summary>The earliest item or null. Its entry may be gone: see <see cref="Pop"/>.</summary>
    public EntryDue? Top => _heap.Count > 0 ? _heap.Top : null;

    public int Count => _heap.Count;

    /// <summary>Notes a new entry at the end of the level.</summary>
    /// <param name="seq">Its sequence number.</param>
    /// <param name="expiresAtMs">Its expiry, 0 for never.</param>
    public void Append(ulong seq, long expiresAtMs)
    {
        if (expiresAtMs == 0)
        {
            _latestMs = long.MaxValue;
        }
        else if (_indexesAll || expiresAtMs < _latestMs)
        {
            IsOutOfOrder = true;
            Insert(seq, expiresAtMs);
        }
        else
        {
            _latestMs = expiresAtMs;
        }
    }

    /// <summary>Indexes an entry that may be anywhere in the order.</summary>
    public void Insert(ulong seq, long expiresAtMs) => _heap.Push(new EntryDue(expiresAtMs, seq));

    public EntryDue Pop() => _heap.Pop();

    /// <summary>
    /// The level has older entries of unknown expiry: nothing counts as in order until it is empty again.
    /// </summary>
    public void AssumeOutOfOrder()
    {
        _latestMs = long.MaxValue;
        IsOutOfOrder = true;
    }

    /// <summary>Throws outdated items away when they could outnumber the entries.</summary>
    public void CompactIfLarge(EntryChunks chunks)
    {
        if (_heap.Count > OutdatedCountMin + (2 * chunks.LiveCount))
        {
            _heap.Compact(chunks, static (chunks, due) => EntryLog.IsReadyAndDue(chunks, due));
        }
    }

    /// <summary>The level is empty.</summary>
    public void Reset()
    {
        _heap.Clear();
        _latestMs = 0;
        IsOutOfOrder = _indexesAll;
    }

    /// <summary>
    /// The earliest items behind a place in the order, sorted. One walk through all: no order but the first item's is
    /// kept.
    /// </summary>
    /// <param name="after">The last one that is not wanted.</param>
    /// <param name="max">Most items wanted.</param>
    /// <param name="chunks">Tells which items still say something true.</param>
    public EntryDue[] Earliest(EntryDue after, int max, EntryChunks chunks)
    {
        // The worst of those kept so far is on top, and gives way to a better one.
        var kept = new PriorityQueue<EntryDue, EntryDue>(LatestFirst);
        foreach (var due in _heap.Items)
        {
            if (due.CompareTo(after) <= 0 || !EntryLog.IsReadyAndDue(chunks, due)) continue;
            if (kept.Count < max) kept.Enqueue(due, due);
            else if (due.CompareTo(kept.Peek()) < 0) kept.DequeueEnqueue(due, due);
        }

        EntryDue[] earliest = [.. kept.UnorderedItems.Select(item => item.Element)];
        Array.Sort(earliest);
        return earliest;
    }
}
