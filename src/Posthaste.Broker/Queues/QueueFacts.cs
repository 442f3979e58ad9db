using Posthaste.Broker.Pipeline;
using Posthaste.Broker.Storage;
using Posthaste.Core.Messages;
using Posthaste.Core.Queues;

namespace Posthaste.Broker.Queues;

/// <summary>
/// What a queue tells the journal without anybody waiting for it: numbers, delivery marks, settlements, and blocks of
/// segments that can go after those.
/// </summary>
/// <remarks>
/// When the disk is so full that not even the reserve has room, facts wait here, in order, until a later command or the
/// upkeep finds some: a record that was left out would give a replay other numbers, and a block that was dropped before
/// its settlements are recorded would be missed after a crash. Belongs to the strand. Memory while there is no room: 16
/// bytes for each run of settled entries, which had 24 each before.
/// </remarks>
internal sealed class QueueFacts(MessageBroker broker, ulong queueId)
{
    private readonly EntryRanges _settled = new();
    private List<(byte Level, ColdBlock Block)>? _dropped;
    private Queue<Fact>? _waiting;

    /// <summary>A number (with the location that it is for), or a delivery mark.</summary>
    private readonly record struct Fact(EntryId Id, MessageLocation? Location, PipelineCallback? Marked);

    /// <summary>The entry at this location has this number.</summary>
    public void Sequence(EntryId id, MessageLocation location) => Append(new Fact(id, location, null));

    /// <summary>
    /// Entries of the level below this number may be delivered once <paramref name="marked"/> was called.
    /// </summary>
    public void DeliveryMark(byte level, ulong belowSeq, PipelineCallback marked) =>
        Append(new Fact(new EntryId(level, belowSeq), null, marked));

    public void Settled(EntryId id) => _settled.Add(id);

    public void Settled(EntryId first, ulong count) => _settled.Add(first, count);

    /// <summary>A block that holds nothing any more: it goes once what has been told so far is durable.</summary>
    public void Dropped(byte level, in ColdBlock block) => (_dropped ??= []).Add((level, block));

    /// <summary>Appends to the journal what there is.</summary>
    /// <returns>False when something has to wait for room: no record may name an entry of this queue before.</returns>
    public bool Flush()
    {
        if (_settled.Count == 0 && _dropped is null && _waiting is null) return true;
        if (TryFlush()) return true;
        if (!broker.Pipeline.IsFailed) return false;

        // Nothing more will be recorded until the restart, which finds all that is left out here.
        Clear();
        return true;
    }

    public void Clear()
    {
        _settled.Clear();
        _dropped = null;
        _waiting = null;
    }

    private bool TryFlush()
    {
        while (_waiting is not null && _waiting.TryPeek(out var fact))
        {
            if (!TryAppend(in fact)) return false;
            _waiting.Dequeue();
        }

        _waiting = null;
        while (_settled.Count > 0)
        {
            var part = _settled.Span[..Math.Min(_settled.Count, SettleRecord.RangesMax)];
            if (!broker.Pipeline.TryAppendSettled(queueId, part)) return false;
            _settled.RemoveFirst(part.Length);
        }

        foreach (var (level, block) in _dropped ?? [])
            broker.Pipeline.Post(new DropBlockCallback(broker, SegmentBlocks.ToInfo(queueId, level, in block)));
        _dropped = null;
        return true;
    }

    private void Append(in Fact fact)
    {
        if (_waiting is not null || !TryAppend(in fact)) (_waiting ??= new Queue<Fact>()).Enqueue(fact);
    }

    private bool TryAppend(in Fact fact)
    {
        if (fact.Location is { } location)
        {
            return broker.Pipeline.AppendFact(
                RecordType.Sequence, SequenceRecord.Bytes, (queueId, fact.Id, location),
                static (target, f) => SequenceRecord.Write(target, f.queueId, f.Id, f.location)) != 0;
        }

        var position = broker.Pipeline.AppendFact(
            RecordType.DeliveryMark, DeliveryMarkRecord.Bytes, (queueId, fact.Id),
            static (target, f) => DeliveryMarkRecord.Write(target, f.queueId, f.Id.Level, f.Id.Seq));
        if (position == 0) return false;
        broker.Pipeline.Post(fact.Marked!);
        return true;
    }
}
