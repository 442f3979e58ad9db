using Posthaste.Core.Messages;

namespace Posthaste.Core.Queues;

internal enum ColdState : byte
{
    /// <summary>The ready entries have no index in memory.</summary>
    Cold,

    /// <summary>As cold, and asked for.</summary>
    Loading,

    /// <summary>All live entries have an index in memory.</summary>
    Loaded,

    /// <summary>Could not be loaded: the entries without an index are out of reach.</summary>
    Failed,
}

/// <summary>
/// What a level knows of one block in a segment file, from the moment that entries move there until the last of them is
/// gone: which are still live, and how many of those have no index in memory. About 150 bytes stand for up to 1 MiB of
/// messages, and 16 more for every hole in the sequence numbers.
/// </summary>
internal sealed class ColdSpan(ColdBlock block)
{
    public ColdBlock Block { get; } = block;

    public ColdState State { get; set; } = ColdState.Loaded;

    /// <summary>Holds transient messages that were spilled: means nothing after a restart.</summary>
    public bool IsTransient { get; set; }

    /// <summary>Numbers between first and last that are settled here or never were in the block.</summary>
    public SeqRanges Absent { get; } = new();

    /// <summary>Entries of the block that are in the queue, in memory or not.</summary>
    public int LiveCount => (int)(Block.LastSeq - Block.FirstSeq + 1 - Absent.Count);

    /// <summary>
    /// Their body bytes; an estimate while settled entries of unknown size are off (recovery), exact once loaded.
    /// </summary>
    public long LiveBodyBytes { get; set; }

    /// <summary>Live entries without an index in memory; all of them ready (or lost, in a failed block).</summary>
    public int ColdCount { get; set; }

    /// <summary>
    /// The first of them: ready entries below it may go ahead. Exact, but for settlements repeated in a recovery, after
    /// which it may be too low.
    /// </summary>
    public ulong FirstColdSeq { get; set; } = block.FirstSeq;

    /// <summary>Their body bytes.</summary>
    public long ColdBodyBytes { get; set; }

    /// <summary>Earliest expiry among the cold entries; 0 when none expires.</summary>
    public long MinExpiresAtMs { get; set; } = block.MinExpiresAtMs;

    public bool IsColdReady => State is ColdState.Cold or ColdState.Loading;

    /// <summary>Whether an entry of the block is still in the queue.</summary>
    public bool IsLive(ulong seq) => seq >= Block.FirstSeq && seq <= Block.LastSeq && !Absent.Contains(seq);

    public bool Contains(MessageLocation location) =>
        location.Space == LocationSpace.Segment && location.SegmentId == Block.SegmentId
        && location.SegmentOffset >= Block.Offset && location.SegmentOffset - Block.Offset < (uint)Block.Length;
}

/// <summary>The spans of one level, found by location, by sequence order among the cold ones, and by expiry.</summary>
internal sealed class ColdSpans
{
    /// <summary>Of levels that never had a span, which is nearly all: shared, and never added to.</summary>
    public static readonly ColdSpans None = new();

    // All, by segment and offset: new blocks mostly go to the end.
    private readonly List<ColdSpan> _all = [];

    // Those with ready entries out of memory, by the first of them. Ranges may overlap: entries of different age
    // or durability can lie interleaved.
    private readonly List<ColdSpan> _cold = [];

    private readonly MinHeap<SpanDue> _due = new();
    private ColdSpan? _lastFound;

    public IReadOnlyList<ColdSpan> All => _all;

    /// <summary>The span with the lowest cold entry, or null.</summary>
    public ColdSpan? FirstCold => _cold.Count > 0 ? _cold[0] : null;

    /// <summary>The first of the cold spans that hold something from this number on, or null.</summary>
    public ColdSpan? FirstColdFrom(ulong seq) => _cold.Find(span => span.Block.LastSeq >= seq);

    /// <summary>The span that is being loaded, or null: one at a time, so a level's load has a bound.</summary>
    public ColdSpan? Loading { get; private set; }

    public void Add(ColdSpan span)
    {
        _all.Insert(FirstAfter(span.Block.SegmentId, span.Block.Offset), span);
        if (span.IsColdReady)
        {
            InsertCold(span);
        }
    }

    /// <summary>The span whose block holds the location, or null.</summary>
    public ColdSpan? Find(MessageLocation location)
    {
        if (_lastFound != null && _lastFound.Contains(location))
        {
            return _lastFound;
        }

        var index = FirstAfter(location.SegmentId, location.SegmentOffset) - 1;
        if (index < 0 || !_all[index].Contains(location))
        {
            return null;
        }

        _lastFound = _all[index];
        return _lastFound;
    }

    /// <summary>The span of this very block, or null.</summary>
    public ColdSpan? Find(in ColdBlock block)
    {
        var index = FirstAfter(block.SegmentId, block.Offset) - 1;
        return index >= 0 && _all[index].Block.SegmentId == block.SegmentId && _all[index].Block.Offset == block.Offset
            ? _all[index]
            : null;
    }

    /// <summary>Changes the state and what follows from it.</summary>
    public void SetState(ColdSpan span, ColdState state)
    {
        var wasCold = span.IsColdReady;
        span.State = state;
        if (state == ColdState.Loading)
        {
            Loading = span;
        }
        else if (Loading == span)
        {
            Loading = null;
        }

        if (wasCold && !span.IsColdReady)
        {
            _cold.Remove(span);
        }
        else if (!wasCold && span.IsColdReady)
        {
            InsertCold(span);
        }
    }

    public void Remove(ColdSpan span)
    {
        SetState(span, ColdState.Loaded);
        _all.RemoveAt(FirstAfter(span.Block.SegmentId, span.Block.Offset) - 1);
        _lastFound = _lastFound == span ? null : _lastFound;
    }

    /// <summary>The cold span with the earliest expiry, or null when none expires.</summary>
    public ColdSpan? FirstDue()
    {
        while (_due.Count > 0)
        {
            var due = _due.Top;
            var span = Find(MessageLocation.Segment(due.SegmentId, due.Offset));
            if (span != null && span.IsColdReady && span.MinExpiresAtMs == due.DueMs)
            {
                return span;
            }

            _due.Pop();
        }

        return null;
    }

    private void InsertCold(ColdSpan span)
    {
        var index = _cold.Count;
        while (index > 0 && _cold[index - 1].FirstColdSeq > span.FirstColdSeq)
        {
            index--;
        }

        _cold.Insert(index, span);
        if (span.MinExpiresAtMs != 0)
        {
            _due.Push(new SpanDue(span.MinExpiresAtMs, span.Block.SegmentId, span.Block.Offset));
        }
    }

    private int FirstAfter(uint segmentId, uint offset)
    {
        var (low, high) = (0, _all.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            var block = _all[middle].Block;
            if (block.SegmentId < segmentId || (block.SegmentId == segmentId && block.Offset <= offset))
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    private readonly record struct SpanDue(long DueMs, uint SegmentId, uint Offset) : IComparable<SpanDue>
    {
        public int CompareTo(SpanDue other) =>
            (DueMs, SegmentId, Offset).CompareTo((other.DueMs, other.SegmentId, other.Offset));
    }
}
