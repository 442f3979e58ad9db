using Posthaste.CrashLoop.Ledger;
using Posthaste.Testing;
using RabbitMQ.Client;

namespace Posthaste.CrashLoop;

/// <summary>One life of the broker, from ready to its end, as its clients share it.</summary>
internal sealed class Life(LoopLedger ledger, int number, BrokerProcess broker, bool isDraining) : IDisposable
{
    private readonly CancellationTokenSource _over = new();
    private long _confirmedCount;
    private volatile bool _isEnding;

    public LoopLedger Ledger => ledger;

    public int Number => number;

    /// <summary>Whether nothing is published any more and consumers settle everything.</summary>
    public bool IsDraining => isDraining;

    /// <summary>Set just before the broker is stopped: from now on a client may lose its connection.</summary>
    public bool IsEnding => _isEnding;

    /// <summary>Cancelled when the broker is gone, or nothing is left to drain.</summary>
    public CancellationToken Over => _over.Token;

    public long ConfirmedCount => Interlocked.Read(ref _confirmedCount);

    public int StompPort { get; } = broker.PortOf("stomp");

    public int MqttPort { get; } = broker.PortOf("mqtt");

    public ConnectionFactory Factory { get; } = FactoryFor(broker.AmqpPort);

    /// <summary>A client that never reconnects: losing its connection is what the loop is about.</summary>
    public static ConnectionFactory FactoryFor(int port) => new()
    {
        HostName = "127.0.0.1",
        Port = port,
        AutomaticRecoveryEnabled = false,
        TopologyRecoveryEnabled = false,
        // The client's heartbeat timer may end the process when it meets a connection that is just being lost.
        RequestedHeartbeat = TimeSpan.Zero,
        // A starting broker shares few cores with all its clients.
        RequestedConnectionTimeout = TimeSpan.FromSeconds(30),
        HandshakeContinuationTimeout = TimeSpan.FromSeconds(30),
        ContinuationTimeout = TimeSpan.FromSeconds(30),
    };

    public void CountConfirm()
    {
        Interlocked.Increment(ref _confirmedCount);
        ledger.CountConfirm();
    }

    public void BeginEnd() => _isEnding = true;

    public void End() => _over.Cancel();

    public void Dispose() => _over.Dispose();
}
