using System.Runtime.InteropServices;
using Posthaste.Broker.Pipeline;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Storage;
using Posthaste.Core.Queues;

namespace Posthaste.Broker.Transactions;

/// <summary>
/// What one transaction settles, by queue. The entries stay out with their consumers until the transaction's record is
/// durable and applied; then they leave. If it is not, they come back to their queues.
/// </summary>
internal sealed class TransactionSettlements : PipelineCallback
{
    private readonly Dictionary<BrokerQueue, Part> _parts = [];
    private QueueSettlement[] _recorded = [];
    private PipelineCallback? _then;

    /// <summary>What the record has to say, once <see cref="TryPrepare"/> has found it out.</summary>
    public ReadOnlySpan<QueueSettlement> Recorded => _recorded;

    public void Add(BrokerQueue queue, EntryId id, Subscription? by)
    {
        ref var part = ref CollectionsMarshal.GetValueRefOrAddDefault(_parts, queue, out _);
        (part ??= new Part()).Entries.Add((id, by));
    }

    /// <summary>Called when the settlements have taken effect, or before they are taken back.</summary>
    public TransactionSettlements Before(PipelineCallback then)
    {
        _then = then;
        return this;
    }

    /// <summary>Finds out what is to be recorded.</summary>
    /// <returns>False when the journal has no room for what the record would have to come after.</returns>
    public bool TryPrepare()
    {
        _recorded = new QueueSettlement[_parts.Count];
        var count = 0;
        foreach (var (queue, part) in _parts)
        {
            var ranges = new EntryRanges();
            if (!queue.TryPrepareSettle(part.Entries, ranges, out part.CopyCount)) return false;
            _recorded[count++] = new QueueSettlement(queue.Id, ranges);
        }

        return true;
    }

    protected internal override void Applied(bool durable, FlushSet flushes)
    {
        if (!durable)
        {
            // Who asked for it hears that it has not happened before he sees any of its messages again.
            _then!.Applied(durable, flushes);
            foreach (var (queue, part) in _parts) queue.TakeBack(part.Entries, flushes);
            return;
        }

        foreach (var (queue, part) in _parts) queue.SettleRecorded(part.Entries, part.CopyCount, flushes);
        _then!.Applied(durable, flushes);
    }

    private sealed class Part
    {
        public readonly List<(EntryId Id, Subscription? By)> Entries = [];
        public int CopyCount;
    }
}
