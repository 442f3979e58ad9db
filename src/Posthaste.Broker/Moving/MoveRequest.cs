using Posthaste.Broker.Formats;
using Posthaste.Core.Messages;

namespace Posthaste.Broker.Moving;

/// <summary>Which messages are to leave a queue for another, and how.</summary>
public sealed record MoveRequest
{
    /// <summary>The queue that they go to; null for the one that each died in last: its origin.</summary>
    public string? Destination { get; init; }

    /// <summary>Only those that died in this queue last; null for any.</summary>
    public string? Queue { get; init; }

    /// <summary>Only those that died of this last, by `x-death`'s word; null for any.</summary>
    public string? Reason { get; init; }

    /// <summary>Only those that died last at this time or later, Unix milliseconds.</summary>
    public long? FromMs { get; init; }

    /// <summary>Only those that died last before this time, Unix milliseconds.</summary>
    public long? UntilMs { get; init; }

    /// <summary>Only those with this header; null for any.</summary>
    public string? Header { get; init; }

    /// <summary>The text of that header's value; null for any.</summary>
    public string? HeaderValue { get; init; }

    /// <summary>Messages at most; null for all.</summary>
    public long? CountMax { get; init; }

    /// <summary>Messages a second at most; null for as fast as it goes.</summary>
    public int? RatePerSecond { get; init; }

    /// <summary>Only says what would be moved.</summary>
    public bool IsDryRun { get; init; }

    /// <summary>Whether only dead letters can be meant.</summary>
    internal bool AsksForDeath =>
        Destination is null || Queue is not null || Reason is not null || FromMs is not null || UntilMs is not null;

    internal bool IsFor(in MessageView message, Death? last, IMessageFormat format)
    {
        if (AsksForDeath)
        {
            if (last is null || (Queue is not null && last.Queue != Queue)) return false;
            if (Reason is not null && DeathHeaders.Name(last.Reason) != Reason) return false;
            if (last.LastTimeMs < (FromMs ?? long.MinValue) || last.LastTimeMs >= (UntilMs ?? long.MaxValue))
                return false;
        }

        return Header is null
            || (format.TryReadHeader(in message, Header, out var value)
                && (HeaderValue is null || value.ToString() == HeaderValue));
    }
}

/// <summary>What moving messages came to.</summary>
/// <param name="Scanned">Messages that were looked at.</param>
/// <param name="Matched">Those of them that were meant.</param>
/// <param name="Moved">
/// Those that are durably in their new queues and no longer in the old one; in a dry run, those that would be.
/// </param>
/// <param name="Targets">How many of these for each queue.</param>
/// <param name="Stopped">Why it ended before all were moved; null when it did not.</param>
public sealed record MoveResult(
    long Scanned, long Matched, long Moved, IReadOnlyDictionary<string, long> Targets, string? Stopped);
