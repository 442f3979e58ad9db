namespace Posthaste.Broker.Statistics;

/// <summary>
/// The sum of what stands below it (of a virtual host: its queues and connections), also of those that are gone by now.
/// </summary>
public class GroupMeter : Meter
{
    private MetricValues _below;

    internal GroupMeter(BrokerStatistics statistics, Meter? parent)
        : base(statistics, parent)
    {
    }

    /// <summary>The sum of the counts as they are in this moment.</summary>
    public sealed override MetricValues Now => Statistics.CollectedNow(this);

    internal sealed override MetricValues Total
    {
        get
        {
            var total = base.Total;
            total.Add(in _below);
            return total;
        }
    }

    protected override void Read(ref MetricValues into)
    {
    }

    private protected sealed override void AddBelow(in MetricValues change) => _below.Add(in change);
}
