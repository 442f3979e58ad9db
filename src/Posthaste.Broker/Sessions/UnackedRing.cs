using System.Diagnostics.CodeAnalysis;
using Posthaste.Broker.Queues;
using Posthaste.Core.Queues;

namespace Posthaste.Broker.Sessions;

/// <summary>A delivery that the client has not settled.</summary>
/// <param name="Tag">The number under which the client knows it.</param>
/// <param name="Id">The entry of the queue.</param>
/// <param name="Owner">
/// The <see cref="SessionSubscription"/> that it went to, or the <see cref="BrokerQueue"/> of a single get.
/// </param>
public readonly record struct UnackedDelivery(ulong Tag, EntryId Id, object Owner)
{
    /// <summary>The subscription that it went to; null for a single get.</summary>
    public SessionSubscription? Subscription => Owner as SessionSubscription;

    /// <summary>The queue that it came from.</summary>
    public BrokerQueue Queue =>
        Owner is SessionSubscription subscription ? subscription.Queue : (BrokerQueue)Owner;

    /// <summary>Milliseconds that the client may take to settle it; 0 for any time.</summary>
    public long TimeoutMs =>
        Owner is SessionSubscription subscription ? subscription.TimeoutMs : ((BrokerQueue)Owner).ConsumerTimeoutMs;
}

/// <summary>
/// The unsettled deliveries of a session or channel in the order of their tags. Tags only grow, so adding appends;
/// settling takes from the front (prefix, or nearly) in the usual case and leaves holes in the unusual one. Holes are
/// squeezed out once they are the majority, so memory follows the deliveries that are really out.
/// </summary>
/// <remarks>
/// <code>
///            _head                        _head + _used
///              v                            v
///  ... free | 17 | hole | 19 | 20 | hole | 22 | free ...      (indices modulo the capacity, a power of two)
/// </code>
/// A hole has no owner. Not thread-safe: guarded by the output's gate.
/// </remarks>
public sealed class UnackedRing
{
    private const int InitialCapacity = 16;

    // An emptied ring larger than this is given back: 64 KiB, what a prefetch of some thousand messages needs.
    private const int KeptCapacityMax = 4096;

    private Slot[] _slots = [];
    private int _head;
    private int _used;
    private int _count;

    /// <summary>Deliveries in the ring. May be read without the gate as an estimate.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Appends a delivery; its tag is higher than all before.</summary>
    public void Add(ulong tag, EntryId id, object owner)
    {
        if (_used == _slots.Length)
            MakeRoom();
        _slots[(_head + _used) & (_slots.Length - 1)] = new Slot { Tag = tag, Id = id, Owner = owner };
        _used++;
        _count++;
    }

    /// <summary>Takes the delivery with exactly this tag.</summary>
    public bool TryTake(ulong tag, out UnackedDelivery delivery)
    {
        delivery = default;
        var index = IndexOf(tag);
        if (index < 0)
            return false;
        ref var slot = ref At(index);
        delivery = new(slot.Tag, slot.Id, slot.Owner!);
        slot.Owner = null;
        _count--;
        Trim();
        return true;
    }

    /// <summary>
    /// Takes all deliveries up to and including <paramref name="tag"/>, which itself has to be out; 0 takes all that
    /// are out, if any.
    /// </summary>
    public bool TryTakeThrough(ulong tag, List<UnackedDelivery> into)
    {
        var end = tag == 0 ? _used : IndexOf(tag) + 1;
        if (end == 0 && tag != 0)
            return false;
        for (var index = 0; index < end; index++)
        {
            ref var slot = ref At(index);
            if (slot.Owner is null)
                continue;
            into.Add(new(slot.Tag, slot.Id, slot.Owner));
            slot.Owner = null;
            _count--;
        }

        Trim();
        return true;
    }

    /// <summary>Puts deliveries back that were taken before: a transaction was rolled back.</summary>
    public void Restore(List<UnackedDelivery> taken)
    {
        if (taken.Count == 0)
            return;
        var all = new List<UnackedDelivery>(_count + taken.Count);
        TryTakeThrough(0, all);
        all.AddRange(taken);
        all.Sort(static (left, right) => left.Tag.CompareTo(right.Tag));
        foreach (var delivery in all)
            Add(delivery.Tag, delivery.Id, delivery.Owner);
    }

    /// <summary>The lowest tag that is out; 0 while nothing is.</summary>
    public ulong OldestTag => _used == 0 ? 0 : At(0).Tag;

    /// <summary>Whether a delivery has been out for longer than it may.</summary>
    /// <param name="ages">How long each has been out.</param>
    /// <param name="shortestMs">No delivery has less time than this: the search ends at younger ones.</param>
    /// <param name="nowMs">On the clock of the ages.</param>
    /// <param name="timeoutMs">The time that it had.</param>
    public bool HasOverdue(DeliveryAges ages, long shortestMs, long nowMs, out long timeoutMs)
    {
        timeoutMs = 0;
        for (var index = 0; index < _used; index++)
        {
            ref var slot = ref At(index);
            if (slot.Owner is null)
                continue;
            var ageMs = ages.AgeMs(slot.Tag, nowMs);
            if (ageMs < shortestMs)
                return false;
            timeoutMs = new UnackedDelivery(slot.Tag, slot.Id, slot.Owner).TimeoutMs;
            if (timeoutMs > 0 && ageMs >= timeoutMs)
                return true;
        }

        return false;
    }

    /// <summary>Tells of the oldest delivery of each queue.</summary>
    public void ShowOldest(DeliveryAges ages, OldestDeliveries into)
    {
        object? last = null;
        for (var index = 0; index < _used; index++)
        {
            ref var slot = ref At(index);
            if (slot.Owner is null || ReferenceEquals(slot.Owner, last))
                continue;
            last = slot.Owner;
            into.Add(new(slot.Tag, slot.Id, slot.Owner), ages);
        }
    }

    /// <summary>How many of the deliveries went to subscriptions rather than to single gets.</summary>
    public int CountOfConsumers()
    {
        var count = 0;
        for (var index = 0; index < _used; index++)
        {
            if (At(index).Owner is SessionSubscription)
                count++;
        }

        return count;
    }

    private ref Slot At(int index) => ref _slots[(_head + index) & (_slots.Length - 1)];

    /// <summary>Position from the head of a delivery that is out; -1 if there is none.</summary>
    private int IndexOf(ulong tag)
    {
        if (_used == 0 || tag < At(0).Tag)
            return -1;

        // Without holes squeezed out and without subscriptions that do not acknowledge, tags are consecutive.
        var distance = tag - At(0).Tag;
        if (distance < (ulong)_used && At((int)distance).Tag == tag)
            return At((int)distance).Owner is null ? -1 : (int)distance;

        int low = 0, high = _used - 1;
        while (low <= high)
        {
            var middle = (int)(((uint)low + (uint)high) / 2);
            var found = At(middle).Tag;
            if (found == tag)
                return At(middle).Owner is null ? -1 : middle;
            if (found < tag)
                low = middle + 1;
            else
                high = middle - 1;
        }

        return -1;
    }

    private void Trim()
    {
        if (_count == 0)
        {
            _head = 0;
            _used = 0;
            if (_slots.Length > KeptCapacityMax)
                _slots = [];
            return;
        }

        while (At(0).Owner is null)
        {
            _head = (_head + 1) & (_slots.Length - 1);
            _used--;
        }

        while (At(_used - 1).Owner is null)
            _used--;
        if (_used > InitialCapacity && _count < _used / 2)
            SqueezeOut();
    }

    private void MakeRoom()
    {
        var slots = new Slot[int.Max(InitialCapacity, _slots.Length * 2)];
        for (var index = 0; index < _used; index++)
            slots[index] = At(index);
        _slots = slots;
        _head = 0;
    }

    private void SqueezeOut()
    {
        var kept = 0;
        for (var index = 0; index < _used; index++)
        {
            if (At(index).Owner is null)
                continue;
            var slot = At(index);
            At(index).Owner = null;
            At(kept++) = slot;
        }

        _used = kept;
    }

    [SuppressMessage("Performance", "CA1815", Justification = "A slot of the ring, never compared.")]
    private struct Slot
    {
        public ulong Tag;
        public EntryId Id;
        public object? Owner;
    }
}
