using System.Runtime.InteropServices;
using Posthaste.Broker.DeadLettering;
using Posthaste.Broker.Pipeline;
using Posthaste.Broker.Queues;
using Posthaste.Core.Queues;

namespace Posthaste.Broker.Transactions;

/// <summary>
/// The deliveries that one transaction ends, by queue. The entries stay out with their consumers until the
/// transaction's record is durable and applied; then they leave or come back, as it says. If it is not, all come back.
/// </summary>
internal sealed class TransactionSettlements : PipelineCallback
{
    private readonly Dictionary<BrokerQueue, Part> _parts = [];
    private QueueSettlement[] _recorded = [];
    private PipelineCallback? _then;

    /// <summary>What the record has to say, once <see cref="TryPrepare"/> has found it out.</summary>
    public ReadOnlySpan<QueueSettlement> Recorded => _recorded;

    /// <summary>An entry that leaves.</summary>
    public void Add(BrokerQueue queue, EntryId id, Subscription? by) => PartOf(queue).Leaving.Add((id, by));

    /// <summary>An entry that comes back or dies.</summary>
    public void Add(BrokerQueue queue, EntryId id, Subscription? by, Ending ending) =>
        PartOf(queue).Undecided.Add((id, by, ending));

    /// <summary>Called when the settlements have taken effect, or before they are taken back.</summary>
    public TransactionSettlements Before(PipelineCallback then)
    {
        _then = then;
        return this;
    }

    /// <summary>
    /// Decides what becomes of the entries that are returned or rejected; those that die go to their dead-letter
    /// targets as messages of the transaction.
    /// </summary>
    public void Decide(TransactionBuffer transaction, DeadLetterer letterer)
    {
        foreach (var (queue, part) in _parts)
        {
            foreach (var (id, by, ending) in part.Undecided)
            {
                switch (queue.Foresee(id, ending, out var entry))
                {
                    case EntryFate.ComesBack:
                        part.ComingBack.Add(new ReturnedDelivery(id, by, ending == Ending.ReturnFailed));
                        break;
                    case EntryFate.Leaves:
                        part.Leaving.Add((id, by));
                        break;
                    case EntryFate.Dies:
                        var reason = ending == Ending.Reject
                            ? DeadLetterReason.Rejected
                            : DeadLetterReason.DeliveryLimit;
                        if (letterer.TryAddTo(transaction, queue, in entry, reason)) part.Leaving.Add((id, by));
                        else part.Alone.Add((id, by, ending));
                        queue.LetGo(in entry);
                        break;
                }
            }
        }
    }

    /// <summary>Finds out what is to be recorded.</summary>
    /// <returns>False when the journal has no room for what the record would have to come after.</returns>
    public bool TryPrepare()
    {
        _recorded = new QueueSettlement[_parts.Count];
        var count = 0;
        foreach (var (queue, part) in _parts)
        {
            if (queue.TryPrepareSettle(part.Leaving, part.ComingBack, out part.CopyCount) is not { } settlement)
                return false;
            _recorded[count++] = settlement;
        }

        return true;
    }

    protected internal override void Applied(bool durable, FlushSet flushes)
    {
        if (!durable)
        {
            // Who asked for it hears that it has not happened before he sees any of its messages again.
            _then!.Applied(durable, flushes);
            foreach (var (queue, part) in _parts) queue.TakeBack(part.All(), flushes);
            return;
        }

        foreach (var (queue, part) in _parts)
        {
            queue.SettleRecorded(part.Leaving, part.CopyCount, flushes);
            queue.ReturnRecorded(part.ComingBack, part.CopyCount, flushes);
            foreach (var (id, by, ending) in part.Alone)
            {
                if (ending == Ending.Reject) queue.Reject([id], by, flushes);
                else queue.Return([id], by, ending == Ending.ReturnFailed, flushes);
            }
        }

        _then!.Applied(durable, flushes);
    }

    private Part PartOf(BrokerQueue queue)
    {
        ref var part = ref CollectionsMarshal.GetValueRefOrAddDefault(_parts, queue, out _);
        return part ??= new Part();
    }

    private sealed class Part
    {
        public readonly List<(EntryId Id, Subscription? By)> Leaving = [];
        public readonly List<(EntryId Id, Subscription? By, Ending Ending)> Undecided = [];
        public readonly List<ReturnedDelivery> ComingBack = [];

        /// <summary>Dead, but not to be moved with the record: each is moved by one of its own.</summary>
        public readonly List<(EntryId Id, Subscription? By, Ending Ending)> Alone = [];

        public int CopyCount;

        public List<(EntryId Id, Subscription? By)> All() =>
        [
            .. Leaving,
            .. ComingBack.Select(static delivery => (delivery.Id, delivery.By)),
            .. Alone.Select(static delivery => (delivery.Id, delivery.By)),
        ];
    }
}
