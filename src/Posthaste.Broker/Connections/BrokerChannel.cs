using Posthaste.Broker.Sessions;
using Posthaste.Broker.Statistics;

namespace Posthaste.Broker.Connections;

/// <summary>
/// A channel of a connection, for those who look at it. Only protocols that have channels make some. What it shows may
/// be a moment old: any thread reads what the connection's reader writes.
/// </summary>
public abstract class BrokerChannel : ITrafficSource
{
    private readonly TrafficMeter _meter;

    /// <param name="connection">Whose it is; lists it from now on.</param>
    /// <param name="number">What the client calls it.</param>
    protected BrokerChannel(BrokerConnection connection, ushort number)
    {
        Connection = connection;
        Number = number;
        _meter = connection.AddChannel(this);
    }

    public BrokerConnection Connection { get; }

    /// <summary>What the client calls it.</summary>
    public ushort Number { get; }

    /// <summary>How lists name it: the connection's name and the number.</summary>
    public string Name => $"{Connection.Name} ({Number})";

    /// <summary>What it counts.</summary>
    public Meter Meter => _meter;

    /// <summary>The client is told of what it publishes.</summary>
    public abstract bool IsConfirming { get; }

    /// <summary>The client commits what it does.</summary>
    public abstract bool IsTransactional { get; }

    /// <summary>Messages that each consumer to come may have unsettled; 0 for any number.</summary>
    public abstract int PrefetchMax { get; }

    /// <summary>Messages that all consumers together may have unsettled; 0 for any number.</summary>
    public abstract int SharedPrefetchMax { get; }

    public abstract int ConsumerCount { get; }

    /// <summary>Deliveries that the client has not settled.</summary>
    public abstract long UnackedCount { get; }

    /// <summary>Publishes that the client has not been told of.</summary>
    public abstract long UnconfirmedCount { get; }

    /// <summary>Publishes that wait for a commit.</summary>
    public abstract long UncommittedCount { get; }

    /// <summary>Settlements that wait for a commit.</summary>
    public abstract long UncommittedAckCount { get; }

    /// <inheritdoc/>
    public abstract void ReadTraffic(ref TrafficCounts into);

    /// <inheritdoc/>
    public virtual void ShowOldest(OldestDeliveries into)
    {
    }

    /// <summary>It is closed. The connection's reader.</summary>
    protected void EndMeter() => Connection.Remove(this, _meter);
}
