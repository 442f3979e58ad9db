using System.Buffers.Binary;
using Posthaste.Broker.Notes;
using Posthaste.Broker.Policies;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Retained;
using Posthaste.Core.Catalog;
using Posthaste.Core.Messages;
using Posthaste.Core.Queues;
using Posthaste.Storage.Devices;
using Posthaste.Storage.Journaling;

namespace Posthaste.Broker.Storage;

/// <summary>
/// Rebuilds a broker from its data directory: the last snapshot, then every record since, in the order of the journal.
/// The records are facts: nothing is decided anew, so limits and times to live play no part until all is restored.
/// </summary>
internal sealed class Recovery(MessageBroker broker) : IJournalReplay
{
    private BrokerQueue? _last;
    private VirtualHostNotes? _lastNotes;
    private VirtualHostRetained? _lastRetained;
    private long _publishCount;

    /// <summary>Messages that the journal brought back, settled ones included.</summary>
    public long PublishCount => _publishCount;

    /// <summary>
    /// Some record of this run of the journal says that the broker was shut down in order, and none follows.
    /// </summary>
    public bool WasClean { get; private set; }

    public void BeginBatch(in JournalBatchInfo batch) => WasClean = false;

    public void EndBatch()
    {
    }

    public void Visit(byte type, ReadOnlySpan<byte> payload, long payloadPosition)
    {
        switch ((RecordType)type)
        {
            case RecordType.Publish:
                RestorePublish(payload, payloadPosition);
                break;
            case RecordType.Settle:
                RestoreSettled(payload);
                break;
            case RecordType.Catalog:
                RestoreCatalog(payload);
                break;
            case RecordType.Compound:
                RestoreCompound(payload, payloadPosition);
                break;
            case RecordType.Counters or RecordType.Waits:
                var (returnedTo, id, counters, dueMs) = ReturnRecord.Read(payload);
                if (dueMs == 0) Find(returnedTo)?.Machine.RestoreCounters(id, counters);
                else Find(returnedTo)?.Machine.RestoreWait(id, counters, dueMs);
                break;
            case RecordType.DeliveryMark:
                var (markedId, level, belowSeq) = DeliveryMarkRecord.Read(payload);
                Find(markedId)?.Machine.RestoreDeliveryMark(level, belowSeq);
                break;
            case RecordType.ExactDeliveryMark:
                var (exactId, exactLevel, exactSeq) = DeliveryMarkRecord.Read(payload);
                Find(exactId)?.Machine.RestoreDeliveryMarkExact(exactLevel, exactSeq);
                break;
            case RecordType.Forward:
                var (forwardedId, candidate) = ForwardRecord.Read(payload, payloadPosition);
                Find(forwardedId)?.Machine.RestoreAt(candidate.Id, candidate.Entry, candidate.Counters);
                break;
            case RecordType.Evacuate:
                RestoreEvacuated(payload);
                break;
            case RecordType.Sequence:
                var (numberedId, entryId, location) = SequenceRecord.Read(payload);
                Find(numberedId)?.Machine.RestoreSequence(entryId, location);
                break;
            case RecordType.QueueState:
                Find(BinaryPrimitives.ReadUInt64LittleEndian(payload))?.RestoreState(payload[sizeof(ulong)..]);
                break;
            case RecordType.CleanShutdown:
                WasClean = true;
                break;
            case RecordType.SegmentsUsed:
                broker.Segments?.MarkUsed(BinaryPrimitives.ReadInt32LittleEndian(payload));
                break;
            case RecordType.Retained:
                RestoreRetained(payload, payloadPosition);
                break;
            case RecordType.NoteSet or RecordType.NoteRemoved or RecordType.NotesRemoved:
                RestoreNote((RecordType)type, payload);
                break;
            default:
                throw new StorageDamagedException(
                    $"The journal has a record of unknown kind {type} at position {payloadPosition}: "
                    + "a newer version of Posthaste wrote it.");
        }
    }

    private void RestoreNote(RecordType type, ReadOnlySpan<byte> payload)
    {
        var hostId = NoteRecord.ReadHostId(payload);
        FindNotes(hostId)?.Restore(type, payload);
        if (PolicyNotes.IsPolicy(NoteRecord.ReadKey(payload))) broker.FindVirtualHost(hostId)?.Policies.Invalidate();
    }

    private void RestorePublish(ReadOnlySpan<byte> payload, long payloadPosition)
    {
        _publishCount++;
        var record = new PublishRecord.Reader(payload);
        var message = new MessageView(record.Message);
        var arrival = new Arrival
        {
            Location = MessageLocation.Journal(payloadPosition + record.MessageOffset),
            Length = record.Message.Length,
            BodyBytes = message.Body.Length,
            Priority = record.Priority,
            Persistent = true,
        };
        for (var i = 0; i < record.QueueCount; i++)
        {
            // A queue that is not there was deleted while the message was on its way.
            if (Find(record.QueueId(i)) is not { } queue) continue;
            arrival.TtlMs = queue.IsForDelayed ? record.DelayMs : record.TtlMs;
            queue.RestoreAppend(in arrival, message.ReceivedAtMs);
        }
    }

    private void RestoreRetained(ReadOnlySpan<byte> payload, long payloadPosition)
    {
        var publish = payload[RetainedRecord.HeaderBytes..];
        var record = new PublishRecord.Reader(publish);
        FindRetained(RetainedRecord.ReadHostId(payload))?.Restore(record.Message, record.TtlMs);
        if (record.QueueCount > 0) RestorePublish(publish, payloadPosition + RetainedRecord.HeaderBytes);
    }

    private void RestoreSettled(ReadOnlySpan<byte> payload)
    {
        if (Find(SettleRecord.ReadQueueId(payload)) is not { } queue) return;
        var count = SettleRecord.ReadCount(payload);
        for (var i = 0; i < count; i++)
        {
            var range = SettleRecord.ReadRange(payload, i);
            queue.Machine.RestoreSettled(range.First, range.Count);
        }
    }

    private void RestoreCatalog(ReadOnlySpan<byte> payload)
    {
        var hostId = BinaryPrimitives.ReadUInt32LittleEndian(payload);
        var change = CatalogCodec.Read(payload[sizeof(uint)..]);
        switch (change)
        {
            case VirtualHostAdded added:
                broker.RestoreVirtualHost(added.VirtualHostId, added.Name);
                break;
            case VirtualHostRemoved removed:
                broker.ForgetVirtualHost(removed.VirtualHostId);
                _last = null;
                _lastNotes = null;
                _lastRetained = null;
                break;
            case VirtualHostIdsUsed used:
                broker.MarkVirtualHostIdsUsed(used.LastVirtualHostId);
                break;
            case QueueIdsUsed used:
                broker.QueueIds.MarkUsed(used.LastQueueId);
                break;
            default:
                broker.FindVirtualHost(hostId)?.Restore(change);
                break;
        }
    }

    private void RestoreCompound(ReadOnlySpan<byte> payload, long payloadPosition)
    {
        for (var at = 0; at < payload.Length;)
        {
            at = CompoundRecord.ReadPart(payload, at, out var type, out var offset, out var bytes);
            Visit((byte)type, payload.Slice(offset, bytes), payloadPosition + offset);
        }
    }

    private void RestoreEvacuated(ReadOnlySpan<byte> payload)
    {
        var (queueId, level, block, absent) = EvacuateRecord.Read(payload);
        broker.Segments?.MarkUsed((int)block.SegmentId);
        Find(queueId)?.RestoreColdBlock(level, in block, absent);
    }

    /// <summary>Records come in runs for one queue.</summary>
    private BrokerQueue? Find(ulong id) => _last?.Id == id && !_last.IsDeleted ? _last : _last = broker.FindQueue(id);

    private VirtualHostNotes? FindNotes(uint id) =>
        _lastNotes?.HostId == id ? _lastNotes : _lastNotes = broker.FindNotes(id);

    private VirtualHostRetained? FindRetained(uint id) =>
        _lastRetained?.HostId == id ? _lastRetained : _lastRetained = broker.FindVirtualHost(id)?.Retained;
}
