using System.Buffers;
using Posthaste.Core.Messages;
using Posthaste.Core.Queues;

namespace Posthaste.Core.Tests.Queues;

/// <summary>
/// What a machine's effects do to storage, in memory: a journal of facts that can be replayed from its oldest kept
/// position with the snapshot taken there, and the blocks of segment files.
/// </summary>
internal sealed class QueueStorage
{
    private readonly List<Action<QueueMachine>> _facts = [];
    private readonly Dictionary<(uint SegmentId, uint Offset), StoredEntry[]> _blocks = [];
    private byte[]? _startState;
    private int _start;
    private (int Position, byte[] State)? _rolled;
    private uint _segmentId = 1;
    private uint _segmentEnd;
    private bool _isReplaying;

    // Next numbers that a replay arrives at: of the snapshots, and after the last entry with a record.
    private readonly ulong[] _startSeq = new ulong[256];
    private readonly ulong[] _rolledSeq = new ulong[256];
    private readonly ulong[] _recordedSeq = new ulong[256];
    private readonly bool[] _hasSkipped = new bool[256];

    /// <summary>Position of the next fact.</summary>
    public int End => _facts.Count;

    /// <summary>Where the last roll happened: facts before it go when nothing live is left there.</summary>
    public int? RolledAt => _rolled?.Position;

    public void Write(Action<QueueMachine> fact) => _facts.Add(fact);

    /// <summary>Starts a new journal file: takes the snapshot that belongs to its beginning.</summary>
    public void Roll(QueueMachine queue, ulong[] nextSeq)
    {
        nextSeq.CopyTo(_rolledSeq, 0);
        var state = new ArrayBufferWriter<byte>();
        queue.WriteState(state);
        _rolled = (End, state.WrittenSpan.ToArray());
    }

    /// <summary>Forgets everything before the last roll. Nothing live may be located there.</summary>
    public void Recycle()
    {
        (_start, _startState) = _rolled!.Value;
        _rolledSeq.CopyTo(_startSeq, 0);
        _rolled = null;
        for (var i = 0; i < _start; i++)
        {
            _facts[i] = _ => Assert.Fail("A forgotten fact was repeated.");
        }
    }

    public void Replay(QueueMachine queue)
    {
        _isReplaying = true;
        if (_startState != null)
        {
            queue.ReadState(_startState);
        }

        for (var i = _start; i < End; i++)
        {
            _facts[i](queue);
        }

        queue.RecoveryDone();
        Array.Clear(_hasSkipped);
        _isReplaying = false;
        _rolled = null;
    }

    /// <summary>
    /// An entry was appended: one without a record takes a number that a replay does not know of, so the next one with
    /// a record has its own recorded.
    /// </summary>
    public void NoteSequence(EntryId id, MessageLocation location, bool persistent)
    {
        if (persistent)
        {
            _recordedSeq[id.Level] = id.Seq + 1;
            if (_hasSkipped[id.Level])
            {
                Write(queue => queue.RestoreSequence(id, location));
            }
        }

        _hasSkipped[id.Level] = !persistent;
    }

    /// <summary>What the next entry of a level is numbered after a replay.</summary>
    public ulong NextSeqAfterReplay(int level) => Math.Max(1, Math.Max(_startSeq[level], _recordedSeq[level]));

    /// <summary>Writes a block, and its fact when it has to survive.</summary>
    public (ColdBlock Block, (ulong Seq, uint Offset)[] Entries) WriteBlock(List<EvacuationCandidate> candidates)
    {
        if (candidates.Count % 7 == 0)
        {
            (_segmentId, _segmentEnd) = (_segmentId + 1, 0);
        }

        var start = _segmentEnd;
        _segmentEnd += 10;
        var stored = new StoredEntry[candidates.Count];
        var entries = new (ulong Seq, uint Offset)[candidates.Count];
        for (var i = 0; i < stored.Length; i++)
        {
            var entry = candidates[i].Entry;
            entry.Location = MessageLocation.Segment(_segmentId, _segmentEnd);
            var (seq, counters) = (candidates[i].Id.Seq, candidates[i].Counters);
            stored[i] = new StoredEntry { Seq = seq, Entry = entry, Counters = counters };
            entries[i] = (seq, _segmentEnd);
            _segmentEnd += (uint)entry.Length;
        }

        var expiries = stored.Select(s => s.Entry.ExpiresAtMs).Where(ms => ms != 0).DefaultIfEmpty(0).Min();
        var block = new ColdBlock(
            _segmentId, start, (int)(_segmentEnd - start), stored[0].Seq, stored[^1].Seq, stored.Length,
            stored.Sum(s => (long)s.Entry.BodyBytes), expiries);
        _blocks.Add((block.SegmentId, block.Offset), stored);
        if (stored[0].Entry.Is(EntryFlags.Persistent))
        {
            var holes = new List<(ulong, ulong)>();
            ColdBlock.FindHoles(entries, holes);
            var level = candidates[0].Id.Level;
            Write(queue => queue.RestoreColdBlock(level, block, holes.ToArray()));
        }

        return (block, entries);
    }

    public StoredEntry[] Read(in ColdBlock block) => _blocks[(block.SegmentId, block.Offset)];

    /// <summary>A block that was dropped before a crash is dropped again by the replay; otherwise once only.</summary>
    public void Drop(in ColdBlock block) =>
        Assert.True(_blocks.Remove((block.SegmentId, block.Offset)) || _isReplaying);
}
