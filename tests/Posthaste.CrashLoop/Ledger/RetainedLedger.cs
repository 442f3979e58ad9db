namespace Posthaste.CrashLoop.Ledger;

/// <summary>The newest acknowledged retained message of each topic, which has one publisher. Any thread.</summary>
internal sealed class RetainedLedger
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (int Stream, long Sequence)> _newest = new(StringComparer.Ordinal);

    /// <summary>Topics that must have a retained message.</summary>
    public string[] Topics
    {
        get
        {
            lock (_lock)
                return [.. _newest.Keys];
        }
    }

    public void Confirm(string topic, int stream, long sequence)
    {
        lock (_lock)
        {
            if (!_newest.TryGetValue(topic, out var newest) || newest.Sequence < sequence)
                _newest[topic] = (stream, sequence);
        }
    }

    /// <summary>
    /// Why a topic can't retain a message that was sent, or null: it may be newer than what was acknowledged.
    /// </summary>
    public string? WhyImpossible(string topic, Payload message)
    {
        lock (_lock)
        {
            if (!_newest.TryGetValue(topic, out var newest))
                return null;
            return message.Stream != newest.Stream || message.Sequence < newest.Sequence
                ? $"is older than {newest.Sequence}, which was acknowledged"
                : null;
        }
    }
}
