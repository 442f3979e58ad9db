using Posthaste.Broker.Queues;
using Posthaste.Broker.Statistics;

namespace Posthaste.Broker.Publishing;

/// <summary>
/// Where messages with one exchange and routing key go, as the catalog stood when it was resolved. Immutable.
/// </summary>
public sealed class Route
{
    internal Route(
        ReadOnlySpan<byte> exchange, ReadOnlySpan<byte> routingKey, BrokerQueue[] queues, long delayMs = 0)
    {
        DelayMs = delayMs;
        ExchangeBytes = exchange.ToArray();
        RoutingKeyBytes = routingKey.ToArray();
        Queues = queues;
        foreach (var queue in queues)
        {
            if (queue.IsJournaled) HasJournaled = true;
            if (queue.KeepsAll) HasKeepsAll = true;
            if (queue.RefusesWhenFull) HasRefusing = true;
            if (!queue.IsJournaled) HasTransient = true;
        }
    }

    /// <summary>
    /// A way to one queue past the exchange that the message names: for what a protocol owes one client.
    /// </summary>
    public static Route To(BrokerQueue queue, ReadOnlySpan<byte> exchange, ReadOnlySpan<byte> routingKey) =>
        new(exchange, routingKey, [queue]);

    public ReadOnlySpan<byte> Exchange => ExchangeBytes;

    public ReadOnlySpan<byte> RoutingKey => RoutingKeyBytes;

    /// <summary>No queue matched.</summary>
    public bool IsEmpty => Queues.Length == 0;

    public int QueueCount => Queues.Length;

    /// <summary>
    /// Milliseconds that its queues for delayed messages hold a message; 0 when there are none among them.
    /// </summary>
    public long DelayMs { get; }

    /// <summary>
    /// All of it waits until it is due: what else would be done with the message on its way is done then.
    /// </summary>
    public bool IsDelayed => DelayMs > 0 && Array.TrueForAll(Queues, static queue => queue.IsForDelayed);

    /// <summary>
    /// The catalog's version that it holds for at least; the catalog may have changed since. -1 when nobody noted it.
    /// </summary>
    internal int Version { get; set; } = -1;

    /// <summary>What counts messages for the exchange; null for a way past all exchanges.</summary>
    internal ExchangeMeter? Meter { get; init; }

    internal byte[] ExchangeBytes { get; }

    internal byte[] RoutingKeyBytes { get; }

    internal BrokerQueue[] Queues { get; }

    /// <summary>Some queue keeps persistent messages through a restart.</summary>
    internal bool HasJournaled { get; }

    /// <summary>Some queue keeps every message through a restart, as quorum queues do.</summary>
    internal bool HasKeepsAll { get; }

    /// <summary>Some queue keeps no message through a restart.</summary>
    internal bool HasTransient { get; }

    /// <summary>Some queue refuses messages when it is full, so it has to be asked first.</summary>
    internal bool HasRefusing { get; }

    /// <summary>Whether a message of this persistence needs the journal to get where it goes.</summary>
    internal bool NeedsJournal(bool persistent) => persistent ? HasJournaled : HasKeepsAll;

    /// <summary>
    /// Whether some queue forgets a message of this persistence in a restart, while another may keep it.
    /// </summary>
    internal bool NeedsArena(bool persistent) =>
        persistent ? HasTransient : Array.Exists(Queues, static queue => !queue.KeepsAll);

    /// <summary>The same exchange and key with other queues: what is left after some have refused.</summary>
    internal Route With(BrokerQueue[] queues) =>
        new(ExchangeBytes, RoutingKeyBytes, queues, DelayMs) { Version = Version, Meter = Meter };

    internal bool Matches(ReadOnlySpan<byte> exchange, ReadOnlySpan<byte> routingKey) =>
        routingKey.SequenceEqual(RoutingKeyBytes) && exchange.SequenceEqual(ExchangeBytes);
}
