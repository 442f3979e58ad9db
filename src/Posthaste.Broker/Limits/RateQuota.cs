using System.Collections.Immutable;

namespace Posthaste.Broker.Limits;

/// <summary>
/// How fast a user, or all of a virtual host, may publish: messages and bytes per second, charged once per read of a
/// connection. Who has taken more than there was waits until that is made up for; who was idle may take a second's
/// worth at once. Any thread.
/// </summary>
/// <param name="messagesPerSecond">At least 1; null for any number.</param>
/// <param name="bytesPerSecond">At least 1; null for any number.</param>
/// <param name="time">Its timestamps are the clock.</param>
internal sealed class RateQuota(long? messagesPerSecond, long? bytesPerSecond, TimeProvider time)
{
    private readonly Lock _lock = new();
    private Bucket _messages = new(messagesPerSecond);
    private Bucket _bytes = new(bytesPerSecond);

    /// <summary>The quota that the limits ask for; null if they ask for none.</summary>
    /// <param name="limits">By name.</param>
    /// <param name="current">The one so far: it stays if it is the same, and what was taken stays taken.</param>
    /// <param name="time">The clock.</param>
    public static RateQuota? For(
        ImmutableSortedDictionary<string, long> limits, RateQuota? current, TimeProvider time)
    {
        var (messages, bytes) = (limits.Limit(LimitNames.MessageRate), limits.Limit(LimitNames.ByteRate));
        if (messages is null && bytes is null) return null;
        return current is not null && current._messages.PerSecond == messages && current._bytes.PerSecond == bytes
            ? current
            : new RateQuota(messages, bytes, time);
    }

    /// <summary>Takes this much.</summary>
    /// <returns>How long whoever took it has to wait before taking more; zero or less for not at all.</returns>
    public TimeSpan Charge(int messageCount, long byteCount)
    {
        var nowTicks = time.GetElapsedTime(0).Ticks;
        lock (_lock)
        {
            return TimeSpan.FromTicks(
                Math.Max(_messages.Take(messageCount, nowTicks), _bytes.Take(byteCount, nowTicks)));
        }
    }

    /// <summary>
    /// A leaky bucket as a point in time: until then what was taken is paid for. It is never further back than a
    /// second, which is what may be taken at once.
    /// </summary>
    private struct Bucket(long? perSecond)
    {
        private long _paidUntilTicks = long.MinValue;

        public long? PerSecond { get; } = perSecond;

        public long Take(long amount, long nowTicks)
        {
            if (PerSecond is not { } rate) return 0;
            var fromTicks = Math.Max(_paidUntilTicks, nowTicks - TimeSpan.TicksPerSecond);
            _paidUntilTicks = fromTicks + (long)((double)amount * TimeSpan.TicksPerSecond / Math.Max(rate, 1));
            return _paidUntilTicks - nowTicks;
        }
    }
}
