using System.Runtime.InteropServices;
using Posthaste.Broker.Queues;
using Posthaste.Core.Messages;
using Posthaste.Core.Queues;
using Posthaste.Storage.Segments;

namespace Posthaste.Broker.Storage;

/// <summary>
/// Moves messages that are still wanted out of the journal's oldest part: a few are copied to the journal's tail, a
/// backlog goes to segment files of its queue. One thread.
/// </summary>
internal sealed class Evacuation : IDisposable
{
    /// <summary>
    /// Bytes of one queue's remains up to which they are copied forward. 256 KiB: below that a file of its own costs
    /// more than the copy.
    /// </summary>
    private const long ForwardBytesMax = 256 << 10;

    /// <summary>Entries looked at in one go: bounds the time on the strand.</summary>
    private const int CandidatesMax = 4096;

    private readonly MessageBroker _broker;
    private readonly SegmentStore _segments;
    private readonly SegmentBlockBuilder _builder;
    private readonly List<EvacuationCandidate> _candidates = new(CandidatesMax);
    private readonly List<(ulong Seq, uint Offset)> _entries = [];
    private readonly List<(ulong First, ulong Last)> _holes = [];
    private readonly Queue<(byte Level, ColdBlock Block, (ulong Seq, uint Offset)[] Entries)> _pending = new();
    private byte _level;
    private long _bodyBytes;

    public Evacuation(MessageBroker broker)
    {
        _broker = broker;
        _segments = broker.Segments!;
        _builder = _segments.NewBuilder();
    }

    /// <summary>Moves every live entry of the queue whose message stands in the journal before a position.</summary>
    /// <exception cref="Posthaste.Storage.Devices.StorageException">The disk failed or is full; what was moved is
    /// moved.</exception>
    public void Evacuate(BrokerQueue queue, long beforePosition, FlushSet flushes)
    {
        var before = MessageLocation.Journal(beforePosition);
        while (true)
        {
            _candidates.Clear();
            var count = queue.CollectEvacuation(before, _candidates, CandidatesMax);
            if (count == 0) return;
            long bytes = 0;
            foreach (var candidate in _candidates) bytes += candidate.Entry.Length;
            if (count < CandidatesMax && bytes <= ForwardBytesMax) Forward(queue);
            else MoveToSegments(queue, flushes);
        }
    }

    public void Dispose() => _builder.Dispose();

    private void Forward(BrokerQueue queue)
    {
        var lease = default(BlockLease);
        try
        {
            foreach (var candidate in _candidates)
            {
                var item = candidate;
                queue.Forward(in item, Read(in item, ref lease));
            }
        }
        finally
        {
            lease.Release();
        }
    }

    private void MoveToSegments(BrokerQueue queue, FlushSet flushes)
    {
        var lease = default(BlockLease);
        try
        {
            foreach (var candidate in _candidates)
            {
                var item = candidate;
                Add(queue, in item, Read(in item, ref lease));
            }

            WriteBlock();

            // Durable first: the record that says where the entries are now may be durable any moment after it is
            // appended.
            _segments.Sync(queue.Id);
            for (; _pending.TryPeek(out var next); _pending.Dequeue())
            {
                _holes.Clear();
                ColdBlock.FindHoles(next.Entries, _holes);
                var block = next.Block;
                var holes = CollectionsMarshal.AsSpan(_holes);
                if (!queue.MoveToSegment(next.Level, in block, next.Entries, holes, flushes)) break;
            }
        }
        finally
        {
            lease.Release();
            DropPending(queue);
        }

        flushes.FlushAll();
    }

    /// <summary>
    /// Blocks that were written and not taken over: the queue is gone, or the disk is full or failed.
    /// </summary>
    private void DropPending(BrokerQueue queue)
    {
        _builder.Begin(0, 0);
        while (_pending.TryDequeue(out var unused))
        {
            var block = unused.Block;
            _segments.DropBlock(SegmentBlocks.ToInfo(queue.Id, unused.Level, in block));
        }
    }

    private void Add(BrokerQueue queue, in EvacuationCandidate candidate, ReadOnlySpan<byte> message)
    {
        var level = candidate.Id.Level;
        var entry = SegmentBlocks.ToEntry(in candidate);
        if (_builder.Count > 0 && _level != level) WriteBlock();
        if (_builder.Count == 0) Begin(queue, level);
        if (!_builder.TryAdd(in entry, message))
        {
            WriteBlock();
            Begin(queue, level);
            _builder.TryAdd(in entry, message);
        }

        // Relative to the block until it is written.
        _entries.Add((candidate.Id.Seq, (uint)_builder.LastMessageOffset));
        _bodyBytes += candidate.Entry.BodyBytes;
    }

    private void Begin(BrokerQueue queue, byte level)
    {
        _builder.Begin(queue.Id, level);
        _level = level;
        _bodyBytes = 0;
        _entries.Clear();
    }

    private void WriteBlock()
    {
        if (_builder.Count == 0) return;
        var info = _segments.Write(_builder);
        var entries = _entries.ToArray();
        for (var i = 0; i < entries.Length; i++) entries[i].Offset += (uint)info.Offset;
        _pending.Enqueue((_level, SegmentBlocks.ToColdBlock(in info, _bodyBytes), entries));
        _builder.Begin(0, 0);
    }

    /// <summary>The bytes of a message, read from disk where they are not in memory: this thread may wait.</summary>
    private ReadOnlySpan<byte> Read(in EvacuationCandidate candidate, ref BlockLease lease)
    {
        while (true)
        {
            if (_broker.Store.TryRead(candidate.Entry.Location, candidate.Entry.Length, ref lease, out var bytes))
                return bytes;
            _broker.Store.Load(candidate.Entry.Location, candidate.Entry.Length);
        }
    }
}
