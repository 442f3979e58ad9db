namespace Posthaste.Broker.Statistics;

/// <summary>The sum of the connections of one protocol, also of those that are gone.</summary>
public sealed class ProtocolMeter : GroupMeter
{
    private readonly SizeHistogram _sizes = new();

    internal ProtocolMeter(BrokerStatistics statistics)
        : base(statistics, parent: null)
    {
    }

    /// <summary>Bytes of the bodies that clients published. As of the last collection.</summary>
    public SizeHistogram Sizes => _sizes;

    /// <summary>Under the lock of the statistics.</summary>
    internal void AddSizes(SizeHistogram counted, SizeHistogram taken) => _sizes.AddChange(counted, taken);
}
