using System.Collections.Concurrent;

namespace Posthaste.Protocols.Mqtt.Session;

/// <summary>What has gone over connections.</summary>
internal readonly record struct Traffic(long Received, long Sent, long TooLarge, long Subscriptions)
{
    public static Traffic operator +(Traffic left, Traffic right) => new(
        left.Received + right.Received, left.Sent + right.Sent, left.TooLarge + right.TooLarge,
        left.Subscriptions + right.Subscriptions);
}

/// <summary>
/// Counts over all connections. Each counts for itself, without a thought of the others; they are added up when
/// somebody asks. Any thread.
/// </summary>
internal sealed class MqttStatistics
{
    private readonly ConcurrentDictionary<MqttConnection, byte> _connected = new();
    private readonly Lock _lock = new();
    private Traffic _ended;

    /// <summary>Clients that are connected now.</summary>
    public int ConnectedCount => _connected.Count;

    /// <summary>Most clients that were connected at a time.</summary>
    public int ConnectedMax { get; private set; }

    public void Connected(MqttConnection connection)
    {
        _connected[connection] = 0;
        lock (_lock)
            ConnectedMax = int.Max(ConnectedMax, _connected.Count);
    }

    /// <summary>The connection is over: what it counted is kept, what it had is gone.</summary>
    public void Ended(MqttConnection connection)
    {
        if (!_connected.TryRemove(connection, out _))
            return;
        lock (_lock)
            _ended += connection.Traffic with { Subscriptions = 0 };
    }

    public Traffic Sum()
    {
        Traffic sum;
        lock (_lock)
            sum = _ended;
        foreach (var (connection, _) in _connected)
            sum += connection.Traffic;
        return sum;
    }
}
