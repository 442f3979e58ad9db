using Posthaste.Core.Queues;

namespace Posthaste.Broker.Sessions;

/// <summary>What happens to an unsettled delivery.</summary>
public enum Settlement
{
    /// <summary>Done with: leaves the queue.</summary>
    Acknowledge,

    /// <summary>Refused: dead-lettered or dropped.</summary>
    Reject,

    /// <summary>Back to its place; not held against the message.</summary>
    Requeue,

    /// <summary>Back to its place; counts towards the delivery limit.</summary>
    RequeueFailed,
}

/// <summary>
/// Settlements gathered from one read of the socket, by owner and kind, so that a queue is entered once for many of
/// them. The reader's alone.
/// </summary>
public sealed class SettleGroups
{
    // A session settles for one or two subscriptions at a time. Beyond that the oldest group goes first.
    private const int GroupCountMax = 8;

    // Settlements of one group after which it is handed over: 2 KiB of ids.
    private const int IdCountMax = 256;

    private readonly Group[] _groups = new Group[GroupCountMax];
    private int _count;

    /// <summary>Adds one; hands its group over when that is full.</summary>
    public void Add(in UnackedDelivery delivery, Settlement settlement, FlushSet flushes)
    {
        ref var group = ref Find(delivery.Owner, settlement, flushes);
        group.Ids[group.Count++] = delivery.Id;
        if (group.Count == IdCountMax)
            HandOver(ref group, flushes);
    }

    /// <summary>Hands everything to the queues. Not under the output's gate.</summary>
    public void Flush(FlushSet flushes)
    {
        for (var i = 0; i < _count; i++)
        {
            HandOver(ref _groups[i], flushes);
            _groups[i].Owner = null;
        }

        _count = 0;
    }

    private ref Group Find(object owner, Settlement settlement, FlushSet flushes)
    {
        for (var i = 0; i < _count; i++)
        {
            if (ReferenceEquals(_groups[i].Owner, owner) && _groups[i].Settlement == settlement)
                return ref _groups[i];
        }

        if (_count == GroupCountMax)
            Flush(flushes);
        ref var group = ref _groups[_count++];
        group.Owner = owner;
        group.Settlement = settlement;
        group.Ids ??= new EntryId[IdCountMax];
        return ref group;
    }

    private static void HandOver(ref Group group, FlushSet flushes)
    {
        if (group.Count == 0)
            return;
        var delivery = new UnackedDelivery(0, default, group.Owner!);
        var ids = group.Ids.AsSpan(0, group.Count);

        // False tells of entries that the queue no longer has, because it was deleted: the client cannot know, and
        // settling them is no error of its own. Numbers that were never given out have been refused before.
        _ = group.Settlement switch
        {
            Settlement.Acknowledge => delivery.Queue.Settle(ids, delivery.Subscription, flushes),
            Settlement.Reject => delivery.Queue.Reject(ids, delivery.Subscription, flushes),
            Settlement.Requeue => delivery.Queue.Return(ids, delivery.Subscription, countsAsFailure: false, flushes),
            _ => delivery.Queue.Return(ids, delivery.Subscription, countsAsFailure: true, flushes),
        };
        group.Count = 0;
    }

    private struct Group
    {
        public object? Owner;
        public Settlement Settlement;
        public EntryId[] Ids;
        public int Count;
    }
}
