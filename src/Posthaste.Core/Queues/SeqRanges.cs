namespace Posthaste.Core.Queues;

/// <summary>
/// A set of sequence numbers kept as sorted, disjoint, non-adjacent ranges: 16 bytes a range, so what is settled in
/// order costs one range however long it is.
/// </summary>
internal sealed class SeqRanges
{
    private readonly List<(ulong First, ulong Last)> _ranges = [];

    /// <summary>Numbers in the set.</summary>
    public ulong Count { get; private set; }

    public IReadOnlyList<(ulong First, ulong Last)> Ranges => _ranges;

    public bool Contains(ulong seq)
    {
        var index = FirstEndingAtOrAfter(seq);
        return index < _ranges.Count && _ranges[index].First <= seq;
    }

    /// <summary>Adds both ends and what is between them.</summary>
    /// <returns>How many of the numbers were not in the set before.</returns>
    public ulong Add(ulong first, ulong last)
    {
        // Ranges that touch or overlap the new one melt into it.
        var from = FirstEndingAtOrAfter(first == 0 ? 0 : first - 1);
        var to = from;
        var covered = 0UL;
        var (mergedFirst, mergedLast) = (first, last);
        for (; to < _ranges.Count && _ranges[to].First <= last + 1; to++)
        {
            covered += _ranges[to].Last - _ranges[to].First + 1;
            mergedFirst = Math.Min(mergedFirst, _ranges[to].First);
            mergedLast = Math.Max(mergedLast, _ranges[to].Last);
        }

        if (to == from)
        {
            _ranges.Insert(from, (mergedFirst, mergedLast));
        }
        else
        {
            _ranges[from] = (mergedFirst, mergedLast);
            _ranges.RemoveRange(from + 1, to - from - 1);
        }

        var added = mergedLast - mergedFirst + 1 - covered;
        Count += added;
        return added;
    }

    /// <summary>Adds those numbers of <paramref name="other"/> that lie between the two ends, both included.</summary>
    /// <returns>How many of them were not in the set before.</returns>
    public ulong AddWithin(SeqRanges other, ulong first, ulong last)
    {
        var added = 0UL;
        for (var i = other.FirstEndingAtOrAfter(first); i < other._ranges.Count && other._ranges[i].First <= last; i++)
        {
            added += Add(Math.Max(first, other._ranges[i].First), Math.Min(last, other._ranges[i].Last));
        }

        return added;
    }

    /// <summary>Takes one number out of the set.</summary>
    public void Remove(ulong seq)
    {
        var index = FirstEndingAtOrAfter(seq);
        if (index == _ranges.Count || _ranges[index].First > seq)
        {
            return;
        }

        var (first, last) = _ranges[index];
        _ranges.RemoveAt(index);
        Count--;
        if (seq < last)
        {
            _ranges.Insert(index, (seq + 1, last));
        }

        if (first < seq)
        {
            _ranges.Insert(index, (first, seq - 1));
        }
    }

    private int FirstEndingAtOrAfter(ulong seq)
    {
        var (low, high) = (0, _ranges.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_ranges[middle].Last < seq)
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
}
