using Posthaste.Broker.Connections;
using Posthaste.Broker.Queues;

namespace Posthaste.Broker.Sessions;

/// <summary>The delivery of a queue that has been out for the longest, and who has it.</summary>
/// <param name="AgeMs">Milliseconds since its client could have settled it.</param>
/// <param name="Connection">Who has it.</param>
/// <param name="Channel">On which channel; null where the protocol has none.</param>
/// <param name="ConsumerTag">What the client calls the subscription; empty for a message taken by a get.</param>
public sealed record OldestDelivery(
    long AgeMs, BrokerConnection Connection, BrokerChannel? Channel, string ConsumerTag);

/// <summary>
/// Gathers, from all sessions, the oldest unsettled delivery of each queue and of each channel. Only when somebody
/// looks: no delivery has a time of its own (<see cref="DeliveryAges"/>).
/// </summary>
/// <param name="nowMs">Now, on the clock of ticks.</param>
public sealed class OldestDeliveries(long nowMs)
{
    private readonly Dictionary<BrokerQueue, OldestDelivery> _byQueue = [];
    private readonly Dictionary<BrokerChannel, long> _agesByChannel = [];
    private readonly HashSet<BrokerQueue> _seenHere = [];
    private BrokerConnection _connection = null!;
    private BrokerChannel? _channel;

    /// <summary>What was found of each queue with deliveries out.</summary>
    public IReadOnlyDictionary<BrokerQueue, OldestDelivery> ByQueue => _byQueue;

    /// <summary>Milliseconds that the oldest delivery of a channel has been out; 0 with none.</summary>
    public long AgeMs(BrokerChannel channel) => _agesByChannel.GetValueOrDefault(channel);

    /// <summary>What comes now is of this connection, and of this channel where there are some.</summary>
    internal void Begin(BrokerConnection connection, BrokerChannel? channel)
    {
        _connection = connection;
        _channel = channel;
        _seenHere.Clear();
    }

    /// <summary>A delivery that is out; those of one channel or session in the order in which they went out.</summary>
    public void Add(in UnackedDelivery delivery, DeliveryAges ages)
    {
        var queue = delivery.Queue;
        if (!_seenHere.Add(queue)) return;
        var ageMs = ages.AgeMs(delivery.Tag, nowMs);
        if (_channel is { } channel) _agesByChannel[channel] = Math.Max(AgeMs(channel), ageMs);
        if (_byQueue.TryGetValue(queue, out var known) && known.AgeMs >= ageMs) return;
        _byQueue[queue] = new OldestDelivery(
            ageMs, _connection, _channel, delivery.Subscription?.ConsumerTag ?? "");
    }
}
