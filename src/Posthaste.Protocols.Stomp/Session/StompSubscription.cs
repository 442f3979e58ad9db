using System.Text;
using Posthaste.Broker;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Sessions;
using Posthaste.Protocols.Stomp.Format;
using Posthaste.Protocols.Stomp.Wire;

namespace Posthaste.Protocols.Stomp.Session;

/// <summary>
/// A subscription and what its client has not acknowledged. Called by the queue on its strand; the state of deliveries
/// is guarded by the output's gate.
/// </summary>
internal sealed class StompSubscription : SessionSubscription
{
    private readonly StompSession _session;
    private readonly UnackedRing _unacked = new();
    private DeliveryAges? _ages;
    private readonly byte[] _id;
    private readonly byte[] _deliveryIdStart;
    private readonly byte[] _ackStart;
    private byte[] _start = [];
    private byte[] _startExchange = [];
    private byte[] _startKey = [];
    private ulong _lastTag;
    private bool _hasStart;

    /// <param name="session">Whose it is.</param>
    /// <param name="queue">The queue it is on.</param>
    /// <param name="number">Its number within the connection, part of what messages are acknowledged by.</param>
    /// <param name="id">The header `id` as it came, escapes included; empty for none.</param>
    public StompSubscription(StompSession session, BrokerQueue queue, int number, byte[] id)
        : base(queue)
    {
        _session = session;
        _id = id;
        Number = number;
        _deliveryIdStart = Encoding.ASCII.GetBytes($"{session.Id}-{number}-");
        _ackStart = session.Version == StompVersion.V12 ? _deliveryIdStart : [];
    }

    public int Number { get; }

    /// <summary>The header `id` as it came, escapes included; empty for none.</summary>
    public ReadOnlySpan<byte> Id => _id;

    /// <summary>Whether an acknowledgement speaks for all earlier messages as well.</summary>
    public bool IsCumulative { get; init; }

    /// <summary>A topic: a durable subscription's queue can be deleted with it.</summary>
    public bool IsOfTopic { get; init; }

    /// <summary>Whether the client has unsubscribed. What it has not acknowledged by then it still may.</summary>
    public bool HasEnded { get; set; }

    /// <summary>Deliveries that wait for an acknowledgement.</summary>
    public int OpenCount => _unacked.Count;

    /// <summary>
    /// Under the gate: takes what an acknowledgement speaks for; false when that delivery is not out.
    /// </summary>
    public bool TryTake(ulong tag, List<UnackedDelivery> into)
    {
        if (tag == 0)
            return false;
        if (IsCumulative)
            return _unacked.TryTakeThrough(tag, into);
        if (!_unacked.TryTake(tag, out var delivery))
            return false;
        into.Add(delivery);
        return true;
    }

    /// <summary>Under the gate: notes how old what is out is by now.</summary>
    public void NoteAges(long nowMs)
    {
        if (OpenCount > 0)
            (_ages ??= new DeliveryAges()).Note(_unacked.OldestTag, _lastTag, nowMs);
    }

    /// <summary>Under the gate: tells of the oldest delivery.</summary>
    public void ShowOldest(OldestDeliveries into) => _unacked.ShowOldest(_ages ??= new DeliveryAges(), into);

    /// <summary>Under the gate: takes everything that is out.</summary>
    public void TakeAll(List<UnackedDelivery> into) => _unacked.TryTakeThrough(0, into);

    /// <summary>Under the gate: makes deliveries unacknowledged again: a transaction was aborted.</summary>
    public void Restore(List<UnackedDelivery> taken) => _unacked.Restore(taken);

    public override string ConsumerTag => $"T_{Encoding.UTF8.GetString(_id)}";

    public override BrokerConnection Connection => _session.Connection.Opened;

    protected override bool TryReserve() => _session.TryReserve(this);

    protected override void Unreserve()
    {
    }

    protected override void Deliver(in DeliveredMessage message, FlushSet flushes)
    {
        var headers = _session.Headers.Of(message);
        lock (_session.Output.Gate)
        {
            var tag = ++_lastTag;
            if (!NoAck)
            {
                _unacked.Add(tag, message.Id, this);
                _session.UnackedCount++;
            }

            var head = new MessageHead
            {
                Start = StartFor(message.Message.Exchange, message.Message.RoutingKey),
                AckStart = NoAck ? default : _ackStart,
                Tag = tag,
                Redelivered = message.Redelivered,
                Persistent = message.Message.IsPersistent,
                BodyBytes = message.Message.Body.Length,
            };
            _session.Output.CountDelivery(NoAck, message.Redelivered);
            _session.Output.WriteMessage(head, headers, message.Message.Body);
        }

        flushes.Add(_session.Output);
    }

    protected override void Cancelled(SubscriptionEnd reason, FlushSet flushes) =>
        _session.Connection.OnQueueDeleted(this);

    /// <summary>What consecutive messages from one destination have in common is made once.</summary>
    private byte[] StartFor(ReadOnlySpan<byte> exchange, ReadOnlySpan<byte> key)
    {
        if (_hasStart && key.SequenceEqual(_startKey) && exchange.SequenceEqual(_startExchange))
            return _start;
        _startExchange = exchange.ToArray();
        _startKey = key.ToArray();
        var destination = HeaderText.Escaped(Destination.Format(exchange, key), _session.Version);
        _start = MessageHead.GetStart(_id, destination, _deliveryIdStart);
        _hasStart = true;
        return _start;
    }
}
