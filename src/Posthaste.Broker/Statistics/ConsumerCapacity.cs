namespace Posthaste.Broker.Statistics;

/// <summary>
/// The share of the time in which somebody would have taken a message at once: a moving average over some seconds, as
/// RabbitMQ shows it. Belongs to the queue's strand; others may read it, a change late.
/// </summary>
internal struct ConsumerCapacity
{
    /// <summary>After so many milliseconds what was before counts a third. 5,000, as rates are over.</summary>
    private const double FadeMs = BrokerStatistics.PeriodMs;

    private double _average;
    private long _sinceMs;
    private bool _isOpen;

    /// <summary>Whether somebody has room, at the end of each command. Costs when that changes.</summary>
    public void Note(bool isOpen, long nowMs)
    {
        if (isOpen == _isOpen) return;
        _average = At(nowMs);
        _isOpen = isOpen;
        _sinceMs = nowMs;
    }

    /// <summary>From 0 to 1.</summary>
    public readonly double At(long nowMs)
    {
        var old = Math.Exp(-Math.Max(0, nowMs - _sinceMs) / FadeMs);
        return (_average * old) + (_isOpen ? 1 - old : 0);
    }
}
