using System.Runtime.CompilerServices;
using Posthaste.Core.Messages;

namespace Posthaste.Core.Queues;

/// <summary>Corrects numbers while recovering.</summary>
internal sealed partial class EntryLog
{
    // Entries before were appended before the snapshot: they are numbered, and looking for one among them could take
    // long.
    private ulong _replayStartSeq = 1;

    /// <summary>The snapshot's next number: the replay starts there.</summary>
    public void StartReplay(ulong nextSeq) => NextSeq = _replayStartSeq = nextSeq;

    /// <summary>
    /// Moves the entry at a location, and all behind it, up to the number that it had. They have been appended shortly
    /// before in the replay, so the search from the end is short; a location that is not there belongs to an entry
    /// known by other means.
    /// </summary>
    public void Renumber(ulong seq, MessageLocation location)
    {
        var moved = new Stack<QueueEntry>();
        var at = NextSeq - 1;
        for (; at >= _replayStartSeq; at--)
        {
            ref var entry = ref Chunks.Find(at);
            if (Unsafe.IsNullRef(ref entry)) continue;
            if (entry.Location < location) return;
            moved.Push(entry);
            if (entry.Location == location) break;
        }

        if (at < _replayStartSeq || at >= seq) return;
        for (var from = at; from < NextSeq; from++)
        {
            if (!Unsafe.IsNullRef(ref Chunks.Find(from))) Chunks.Remove(from);
        }

        NextSeq = seq;
        foreach (var entry in moved)
        {
            ForgetSettlement(NextSeq);
            Chunks.Add(NextSeq++, entry);
        }
    }
}
