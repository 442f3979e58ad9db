using Posthaste.Broker.Sessions;
using Posthaste.Core.Queues;

namespace Posthaste.Protocols.Mqtt.Session;

/// <summary>How far a delivery of QoS 1 or 2 has come.</summary>
internal enum OutgoingState : byte
{
    /// <summary>Sent with QoS 1: PUBACK ends it.</summary>
    AwaitsPubAck,

    /// <summary>Sent with QoS 2: PUBREC is next.</summary>
    AwaitsPubRec,

    /// <summary>PUBREC has come; its record is on the way to the disk, PUBREL follows when it is there.</summary>
    Recording,

    /// <summary>PUBREL is sent: PUBCOMP ends it.</summary>
    AwaitsPubComp,
}

/// <summary>A delivery that has not ended.</summary>
/// <param name="Id">The entry of the queue.</param>
/// <param name="Owner">Whose it is; null once the message itself is settled.</param>
/// <param name="State">How far it has come.</param>
/// <param name="Order">Which one it was on this connection, from 1; 0 for one of an earlier connection.</param>
internal readonly record struct Outgoing(EntryId Id, QueueDelivery? Owner, OutgoingState State, ulong Order)
{
    /// <summary>It went out on this connection, so it uses up what the client receives at most.</summary>
    public bool IsCounted => Order > 0;
}

/// <summary>
/// The deliveries of QoS 1 and 2 that a client has not answered to the end: who has which packet identifier, and how
/// many more may go out. Guarded by the output's gate.
/// </summary>
/// <remarks>
/// An entry of the session's own queue always has the identifier that follows from its number, so it comes again with
/// the same one after a reconnect or a crash of the broker, without anything having been written down. That may be
/// taken by one that has been out for 65,535 entries, or by a shared subscription's, which get any that is free: then
/// the entry is parked, and goes back to its place in the queue when the identifier is free.
/// </remarks>
/// <param name="max">Deliveries at a time: what the client receives at most, or our limit.</param>
internal sealed class OutgoingWindow(int max)
{
    private const int IdCount = ushort.MaxValue;

    private readonly Dictionary<ushort, Outgoing> _byId = [];
    private readonly List<UnackedDelivery> _parked = [];
    private readonly List<QueueDelivery> _waiting = [];
    private DeliveryAges? _ages;
    private ulong _lastOrder;
    private int _inFlight;
    private int _reserved;
    private ushort _lastShared;

    /// <summary>Deliveries that have not ended.</summary>
    public int Count => _byId.Count;

    /// <summary>Notes how old what is out is by now.</summary>
    public void NoteAges(long nowMs)
    {
        if (_inFlight == 0)
            return;
        var oldest = _byId.Values.Min(static outgoing => outgoing.IsCounted ? outgoing.Order : ulong.MaxValue);
        (_ages ??= new DeliveryAges()).Note(oldest, _lastOrder, nowMs);
    }

    /// <summary>Tells of the oldest message of each queue that the client has not taken over.</summary>
    public void ShowOldest(OldestDeliveries into)
    {
        var held = _byId.Values.Where(static outgoing => outgoing.Owner is not null);
        foreach (var outgoing in held.OrderBy(static outgoing => outgoing.Order))
            into.Add(new(outgoing.Order, outgoing.Id, outgoing.Owner!), _ages ??= new DeliveryAges());
    }

    /// <summary>Whether one more may go out; if not, the subscription is resumed when it may.</summary>
    public bool TryReserve(QueueDelivery subscription)
    {
        if (_inFlight + _reserved < max)
        {
            _reserved++;
            return true;
        }

        if (!_waiting.Contains(subscription))
            _waiting.Add(subscription);
        return false;
    }

    /// <summary>What was reserved is not used, or not for a delivery of QoS 1 or 2.</summary>
    public void Unreserve() => _reserved = int.Max(0, _reserved - 1);

    /// <summary>
    /// Takes the identifier that belongs to an entry of the session's own queue; false if another delivery has it, and
    /// the entry is parked.
    /// </summary>
    public bool TryTake(EntryId id, QueueDelivery owner, OutgoingState state, out ushort packetId)
    {
        packetId = (ushort)(1 + (id.Seq % IdCount));
        Unreserve();
        if (!_byId.TryAdd(packetId, new Outgoing(id, owner, state, _lastOrder + 1)))
        {
            _parked.Add(new UnackedDelivery(packetId, id, owner));
            return false;
        }

        _lastOrder++;
        _inFlight++;
        return true;
    }

    /// <summary>Takes any free identifier, for an entry of a shared subscription's queue.</summary>
    public ushort TakeAny(EntryId id, QueueDelivery owner, OutgoingState state)
    {
        Unreserve();

        // From the top down: the session's own queue begins at the bottom. There is a free one, because there are fewer
        // deliveries than identifiers.
        do
        {
            _lastShared = _lastShared <= 1 ? ushort.MaxValue : (ushort)(_lastShared - 1);
        }
        while (_byId.ContainsKey(_lastShared));
        _byId.Add(_lastShared, new Outgoing(id, owner, state, ++_lastOrder));
        _inFlight++;
        return _lastShared;
    }

    public bool TryGet(ushort packetId, out Outgoing outgoing) => _byId.TryGetValue(packetId, out outgoing);

    /// <summary>The delivery goes on under the same identifier.</summary>
    public void Advance(ushort packetId, OutgoingState state, bool isSettled)
    {
        var outgoing = _byId[packetId];
        _byId[packetId] = outgoing with { State = state, Owner = isSettled ? null : outgoing.Owner };
    }

    /// <summary>The record of PUBREC is durable: PUBREL goes out now.</summary>
    public void Released(ushort packetId)
    {
        if (_byId.TryGetValue(packetId, out var outgoing) && outgoing.State == OutgoingState.Recording)
            _byId[packetId] = outgoing with { State = OutgoingState.AwaitsPubComp };
    }

    /// <summary>The delivery has ended: its identifier is free, and one more may go out.</summary>
    /// <param name="packetId">Which; it is out.</param>
    /// <param name="resumed">Gets the subscriptions that waited for room.</param>
    /// <param name="unparked">Gets entries that waited for the identifier: they go back to their queue.</param>
    public void End(ushort packetId, List<SessionSubscription> resumed, List<UnackedDelivery> unparked)
    {
        if (_byId.Remove(packetId, out var ended) && ended.IsCounted)
            _inFlight--;
        resumed.AddRange(_waiting);
        _waiting.Clear();
        for (var i = _parked.Count - 1; i >= 0; i--)
        {
            if (_parked[i].Tag != packetId)
                continue;
            unparked.Add(_parked[i]);
            _parked.RemoveAt(i);
        }
    }

    /// <summary>
    /// A delivery of an earlier connection whose PUBREC has come: PUBREL goes out once that is durable. It does not
    /// count as going out again: the client has kept room for it (section 4.9).
    /// </summary>
    public void RestoreReleased(ushort packetId) =>
        _byId[packetId] = new Outgoing(default, null, OutgoingState.Recording, Order: 0);

    /// <summary>Takes everything that the queues would have to get back, because the connection ends.</summary>
    public void TakeAll(List<UnackedDelivery> into)
    {
        foreach (var (packetId, outgoing) in _byId)
        {
            if (outgoing.Owner is { } owner)
                into.Add(new UnackedDelivery(packetId, outgoing.Id, owner));
        }

        into.AddRange(_parked);
        _byId.Clear();
        _parked.Clear();
        _waiting.Clear();
    }
}
