using Posthaste.Broker.Formats;
using Posthaste.Broker.Queues;
using Posthaste.Core.Messages;

namespace Posthaste.Broker.Moving;

/// <summary>Dead letters with one origin and reason, by their last deaths.</summary>
/// <param name="Queue">Where they died.</param>
/// <param name="Reason">Of what, by `x-death`'s word.</param>
/// <param name="Messages">How many there are.</param>
/// <param name="Deaths">How often they died there of that, all together.</param>
/// <param name="FirstMs">The first of these deaths, Unix milliseconds.</param>
/// <param name="LastMs">The latest.</param>
public sealed record DeadLetterGroup(
    string Queue, string Reason, long Messages, long Deaths, long FirstMs, long LastMs);

/// <summary>What of a queue are dead letters.</summary>
/// <param name="Groups">By number of messages, most first.</param>
/// <param name="Scanned">Messages that were looked at.</param>
/// <param name="NeverDied">Those of them that are no dead letters.</param>
/// <param name="IsComplete">All ready messages were looked at.</param>
public sealed record DeadLetterSummary(
    IReadOnlyList<DeadLetterGroup> Groups, long Scanned, long NeverDied, bool IsComplete)
{
    /// <summary>
    /// Groups at most; further ones are not told apart from each other. 1,000: a page that people read.
    /// </summary>
    public const int GroupsMax = 1_000;

    private const string Others = "(others)";

    /// <summary>Looks through the ready messages of a queue. Reads from disk on the caller's thread.</summary>
    /// <param name="queue">Which.</param>
    /// <param name="scanMax">Messages at most.</param>
    /// <param name="cancellation">Ends it early.</param>
    public static DeadLetterSummary Of(BrokerQueue queue, long scanMax, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(queue);
        var groups = new Dictionary<(string Queue, string Reason), DeadLetterGroup>();
        long scanned = 0, neverDied = 0;
        using var walk = new QueueWalk(queue);
        var isMore = true;
        while (isMore && scanned < scanMax && !cancellation.IsCancellationRequested)
        {
            isMore = walk.Step((in message) =>
            {
                if (scanned == scanMax) return false;
                scanned++;
                var deaths = DeathHistory.Read(message.Message.Annotations).Deaths;
                if (deaths.Count == 0) neverDied++;
                else Add(groups, deaths[0]);
                return true;
            });
        }

        return new DeadLetterSummary(
            [.. groups.Values.OrderByDescending(static group => group.Messages)], scanned, neverDied,
            IsComplete: !isMore || scanned >= queue.MessageCount);
    }

    private static void Add(Dictionary<(string Queue, string Reason), DeadLetterGroup> groups, Death death)
    {
        var key = (death.Queue, DeathHeaders.Name(death.Reason));
        if (!groups.ContainsKey(key) && groups.Count >= GroupsMax) key = (Others, Others);
        var known = groups.GetValueOrDefault(key)
            ?? new DeadLetterGroup(key.Item1, key.Item2, 0, 0, long.MaxValue, long.MinValue);
        groups[key] = known with
        {
            Messages = known.Messages + 1,
            Deaths = known.Deaths + death.Count,
            FirstMs = Math.Min(known.FirstMs, death.FirstTimeMs),
            LastMs = Math.Max(known.LastMs, death.LastTimeMs),
        };
    }
}
