using System.Text.Json.Serialization;

namespace Posthaste.WebConsole.Api;

/// <summary>A queue that dead letters go to.</summary>
public sealed record DeadLetterQueueView(
    string Name, string Vhost, long Messages, long Consumers, int OriginCount, string[] Origins);

/// <summary>What of a queue are dead letters.</summary>
public sealed record DeadLetterSummaryView(
    long Messages, long Scanned, bool IsComplete, long NeverDied, DeadLetterGroupView[] Groups);

/// <summary>Dead letters with one origin and reason.</summary>
public sealed record DeadLetterGroupView(
    string Queue, string Reason, long Messages, long Deaths, long FirstDeathMs, long LastDeathMs);

/// <summary>What a move came to, or would come to.</summary>
public sealed record MoveResultView(
    long Scanned, long Matched, long Moved, Dictionary<string, long> Targets, string? Stopped);

/// <summary>A move of messages that runs, or has run.</summary>
public sealed record MoveView(
    string Id, string Vhost, string Queue, string? Destination, string User, bool Running, long StartedMs,
    long? EndedMs, long Messages, long? Count, long? Rate, long Scanned, long Matched, long Moved,
    Dictionary<string, long> Targets, string? Stopped);

/// <summary>An exchange that delays messages.</summary>
public sealed record ScheduledExchangeView(
    string Vhost, string Name, long Messages, long MessagesDue, long MessageBytes)
{
    /// <summary>What it is called in paths and to people: the default exchange has no name.</summary>
    [JsonIgnore]
    public string Shown => Name.Length == 0 ? "amq.default" : Name;
}

/// <summary>A part of what an exchange delays, by time.</summary>
public sealed record ScheduledPageView(
    long Messages, long MessagesDue, bool IsComplete, ScheduledMessageView[] Items, string? Next);

public sealed record ScheduledMessageView(
    string Id, long DueMs, long ReceivedMs, string Exchange, string RoutingKey, long PayloadBytes);
