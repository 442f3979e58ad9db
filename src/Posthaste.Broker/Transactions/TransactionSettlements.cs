using System.Runtime.InteropServices;
using Posthaste.Broker.Pipeline;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Storage;
using Posthaste.Core.Queues;

namespace Posthaste.Broker.Transactions;

/// <summary>
/// What a transaction settles, by queue, and the blocks of segments that are empty by it: these may go only after the
/// transaction's record is made, or a crash that undoes the one would miss the other. Reused without allocation.
/// </summary>
internal sealed class TransactionSettlements
{
    private readonly Dictionary<BrokerQueue, int> _indexOf = [];
    private readonly List<(BrokerQueue Queue, byte Level, ColdBlock Block)> _dropped = [];
    private QueueSettlement[] _settlements = [];

    public ReadOnlySpan<QueueSettlement> All => _settlements.AsSpan(0, _indexOf.Count);

    public EntryRanges RangesOf(BrokerQueue queue)
    {
        var count = _indexOf.Count;
        ref var index = ref CollectionsMarshal.GetValueRefOrAddDefault(_indexOf, queue, out var known);
        if (known) return _settlements[index].Ranges;
        index = count;
        if (count == _settlements.Length) Array.Resize(ref _settlements, Math.Max(4, count * 2));
        var ranges = _settlements[count].Ranges ?? new EntryRanges();
        _settlements[count] = new QueueSettlement(queue.Id, ranges);
        return ranges;
    }

    public void Dropped(BrokerQueue queue, byte level, in ColdBlock block) => _dropped.Add((queue, level, block));

    /// <summary>Whether the journal knows all that a record of these has to come after.</summary>
    public bool CanBeRecorded()
    {
        foreach (var queue in _indexOf.Keys)
        {
            if (!queue.FlushFacts()) return false;
        }

        return true;
    }

    /// <summary>The record is made.</summary>
    public void DropBlocks()
    {
        foreach (var (queue, level, block) in _dropped) queue.DropBlock(level, in block);
    }

    public void Clear()
    {
        foreach (var settlement in All) settlement.Ranges.Clear();
        _indexOf.Clear();
        _dropped.Clear();
    }
}
