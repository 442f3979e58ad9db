using Posthaste.Core.Messages;

namespace Posthaste.Core.Queues;

/// <summary>What a look at all that a queue keeps in journal and arena finds.</summary>
public abstract class EntrySurvey
{
    /// <summary>The oldest message in the journal so far; null while there is none.</summary>
    public MessageLocation? OldestInJournal { get; internal set; }

    /// <summary>An entry whose message is in the arena.</summary>
    protected internal abstract void SeeInArena(in QueueEntry entry);
}

/// <summary>Looking at where messages are: what is in use because of this queue.</summary>
public sealed partial class QueueMachine
{
    /// <summary>
    /// Goes through entries in any state (ready, out, held, waiting) that have an index in memory. It looks at chunks
    /// of sixteen, and only into those that hold something in the arena, or something older than all seen so far.
    /// </summary>
    /// <param name="at">The place of the survey; <see cref="BrowseStart"/> to begin.</param>
    /// <param name="maxChunks">Most chunks to look at now, per level.</param>
    /// <param name="into">Told of what is found.</param>
    /// <returns>Whether there may be more.</returns>
    public bool Survey(ref EntryId at, int maxChunks, EntrySurvey into)
    {
        foreach (var log in _logs)
        {
            if (log.Level > at.Level) continue;
            var next = log.Chunks.Survey(log.Level == at.Level ? at.Seq : 0, maxChunks, into);
            if (next is not { } seq) continue;
            at = log.Id(seq);
            return true;
        }

        return false;
    }
}
