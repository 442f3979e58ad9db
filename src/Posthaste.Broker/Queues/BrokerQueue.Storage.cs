using System.Buffers;
using Posthaste.Broker.Storage;
using Posthaste.Core.Messages;
using Posthaste.Core.Queues;
using Posthaste.Storage.Devices;

namespace Posthaste.Broker.Queues;

/// <summary>What recovery, snapshots and the evacuation do with a queue.</summary>
public sealed partial class BrokerQueue
{
    private bool _isLoading;

    internal void RestoreState(ReadOnlySpan<byte> state) => _machine.ReadState(state);

    internal void RestoreColdBlock(byte level, in ColdBlock block, ReadOnlySpan<(ulong First, ulong Last)> absent) =>
        _machine.RestoreColdBlock(level, in block, absent);

    /// <summary>Everything is restored: takes up work.</summary>
    internal void FinishRecovery(FlushSet flushes)
    {
        foreach (var (level, block) in _machine.Blocks)
            _broker.Segments!.Adopt(SegmentBlocks.ToInfo(Id, level, in block));
        using var turn = Enter(flushes);
        RestorePolicies();
        _machine.RecoveryDone();
        if (_machine.ReadyCount > 0) CreateMeter();
        _machine.Tick(_nowMs);
    }

    /// <summary>Writes the state for a snapshot, as it is between two batches of the pipeline.</summary>
    /// <returns>False when it has been deleted meanwhile: then it has none.</returns>
    internal bool TryWriteState(IBufferWriter<byte> to)
    {
        lock (_strand)
        {
            if (_isGone) return false;
            _machine.WriteState(to);
            return true;
        }
    }

    /// <summary>How far deliveries have really come, per level.</summary>
    internal IReadOnlyList<(byte Level, ulong BelowSeq)> ExactDeliveryMarks()
    {
        lock (_strand) return [.. _machine.Levels.Select(level => (level, _machine.ExactDeliveryMark(level)))];
    }

    internal long ResidentEntryCount
    {
        get
        {
            lock (_strand) return _isGone ? 0 : _machine.ResidentEntryCount;
        }
    }

    /// <summary>Lists entries that have to move out of the way.</summary>
    internal int CollectEvacuation(MessageLocation before, List<EvacuationCandidate> into, int max)
    {
        lock (_strand) return _isGone ? 0 : _machine.CollectEvacuation(before, into, max);
    }

    /// <summary>
    /// A copy of the entry's message goes to the journal's tail. Record and move are one step on the strand, so no
    /// settlement comes between. One that has left is not copied: its settlement is recorded, and a copy behind that
    /// would say otherwise.
    /// </summary>
    internal void Forward(in EvacuationCandidate candidate, ReadOnlySpan<byte> message)
    {
        lock (_strand)
        {
            if (_isGone || !_machine.Holds(candidate.Id)) return;
            var position = _facts.Flush() ? _broker.Pipeline.AppendForward(Id, in candidate, message) : 0;
            if (position == 0) throw NotRecorded();
            _copyCount++;
            _machine.Relocated(candidate.Id, MessageLocation.Journal(position + ForwardRecord.FixedBytes));
        }
    }

    /// <summary>
    /// A block of a segment file holds these entries from now on; the fact is recorded, and what has left since after
    /// it.
    /// </summary>
    /// <returns>False when the queue is gone.</returns>
    internal bool MoveToSegment(
        byte level, in ColdBlock block, ReadOnlySpan<(ulong Seq, uint Offset)> entries,
        ReadOnlySpan<(ulong First, ulong Last)> holes, FlushSet flushes)
    {
        StrandExit exit;
        lock (_strand)
        {
            if (_isGone) return false;
            if (!_facts.Flush() || _broker.Pipeline.AppendEvacuated(Id, level, in block, holes) == 0)
                throw NotRecorded();
            _copyCount++;
            Begin(flushes);
            _machine.MovedToSegment(level, in block, entries);
            exit = End();
        }

        Leave(exit, flushes);
        return true;
    }

    /// <summary>
    /// Asks for the bytes of an entry, on the strand. One load at a time: its end looks at the queue again, and asks
    /// for what is missing then.
    /// </summary>
    internal void LoadMessage(EntryId id, in QueueEntry entry)
    {
        if (_isLoading) return;
        _isLoading = true;
        _broker.Loader.LoadMessage(this, id, entry.Location, entry.Length);
    }

    /// <summary>What was asked for is in memory.</summary>
    internal void MessageLoaded(FlushSet flushes)
    {
        lock (_strand) _isLoading = false;
        DrainNow(flushes);
    }

    /// <summary>The bytes of an entry can't be read.</summary>
    internal void MessageUnreadable(EntryId id, FlushSet flushes)
    {
        lock (_strand)
        {
            _isLoading = false;
            if (!_isGone) _machine.Lose(id);
        }

        DrainNow(flushes);
    }

    private static StorageFullException NotRecorded() =>
        new("The journal has no room to record where messages were moved; they stay where they are.");

    /// <summary>Records what had to wait for room in the journal.</summary>
    /// <returns>False when it still has to.</returns>
    internal bool FlushFacts()
    {
        lock (_strand) return _facts.Flush();
    }
}
