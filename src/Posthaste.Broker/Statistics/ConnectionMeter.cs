using Posthaste.Broker.Connections;
using Posthaste.Broker.Sessions;

namespace Posthaste.Broker.Statistics;

/// <summary>What a connection counts: its bytes, and the sum of its channels.</summary>
public sealed class ConnectionMeter : GroupMeter
{
    /// <summary>
    /// What queues count too: a virtual host and the broker have it from them, and would have it twice.
    /// </summary>
    private static readonly Metric[] CountedByQueues =
    [
        Metric.Delivered, Metric.DeliveredNoAck, Metric.Got, Metric.GotNoAck, Metric.GotEmpty, Metric.Redelivered,
        Metric.Acknowledged,
    ];

    private volatile TrafficMeter[] _traffic = [];
    private readonly ProtocolMeter _protocol;
    private volatile ProtocolSession? _session;
    private SizeHistogram? _sizesTaken;

    internal ConnectionMeter(BrokerStatistics statistics, Meter parent, string protocol)
        : base(statistics, parent) => _protocol = statistics.OfProtocol(protocol);

    /// <summary>The session whose bytes are counted; null for a connection without one.</summary>
    internal ProtocolSession? Session
    {
        set => _session = value;
    }

    /// <summary>One more channel of it counts. The reader's.</summary>
    internal void Add(TrafficMeter traffic) => _traffic = [.. _traffic, traffic];

    /// <summary>A channel is gone; what it counted is kept. The reader's.</summary>
    internal void End(TrafficMeter traffic)
    {
        _traffic = [.. _traffic.Where(other => other != traffic)];
        Statistics.End(traffic);
    }

    internal void ShowOldest(BrokerConnection connection, OldestDeliveries into)
    {
        foreach (var traffic in _traffic) traffic.ShowOldest(connection, into);
    }

    /// <summary>The connection is gone, and its channels.</summary>
    internal void End()
    {
        foreach (var traffic in _traffic) Statistics.End(traffic);
        Statistics.End(this);
    }

    internal override void Collect()
    {
        foreach (var traffic in _traffic) traffic.Collect();
        CollectSizes();
        base.Collect();
    }

    internal override void CollectLast()
    {
        CollectSizes();
        base.CollectLast();
    }

    protected override void Read(ref MetricValues into)
    {
        if (_session is not { } session) return;
        into.Set(Metric.ReceivedBytes, session.ReceivedBytes);
        into.Set(Metric.Reads, session.ReadCount);
        into.Set(Metric.SentBytes, session.Output.SentBytes);
        into.Set(Metric.Flushes, session.Output.FlushCount);
    }

    private void CollectSizes()
    {
        if (!HasEnded && _session?.PublishedSizes is { } sizes)
            _protocol.AddSizes(sizes, _sizesTaken ??= new SizeHistogram());
    }

    private protected override void ShareAside(in MetricValues change) => AddTo(_protocol, in change);

    private protected override void PassOn(ref MetricValues change)
    {
        foreach (var metric in CountedByQueues) change.Set(metric, 0);
    }
}
