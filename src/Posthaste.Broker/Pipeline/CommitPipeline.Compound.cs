using Posthaste.Broker.Notes;
using Posthaste.Broker.Publishing;
using Posthaste.Broker.Storage;
using Posthaste.Core.Messages;
using Posthaste.Core.Queues;
using Posthaste.Storage.Devices;
using Posthaste.Storage.Journaling;

namespace Posthaste.Broker.Pipeline;

/// <summary>Facts of settlement, and records whose parts hold together or not at all.</summary>
public sealed partial class CommitPipeline
{
    /// <summary>Journals that entries have left a queue; nobody waits for it.</summary>
    /// <returns>False when it can't be recorded now.</returns>
    internal bool TryAppendSettled(ulong queueId, ReadOnlySpan<EntryRange> ranges)
    {
        if (_journal is null || IsFailed) return false;
        lock (_lock)
        {
            if (!TryAppend(RecordType.Settle, SettleRecord.Size(ranges.Length), out var payload, out _)) return false;
            SettleRecord.Write(payload, queueId, ranges);
        }

        WorkArrived?.Invoke();
        return true;
    }

    /// <summary>
    /// Appends settlements, messages and notes as one record: after a crash all of it has happened or nothing. Notes
    /// hold at once; messages reach their queues, and the callback is called, when the record is durable. Without room
    /// for the record none of the messages arrives and no note changes, and the callback tells so.
    /// </summary>
    internal void AppendCompound(
        ReadOnlySpan<QueueSettlement> settlements, Span<OutgoingPublish> messages, NoteChanges? notes,
        PipelineCallback? callback, long nowMs)
    {
        // Other changes of notes wait, so that the journal has them in the order of effect.
        using var order = notes is null ? default : notes.EnterScope();
        try
        {
            var isAppended = false;
            while (!isAppended)
            {
                foreach (ref var message in messages) message.Retained?.Refresh(ref message);
                isAppended = TryAppendRouted(settlements, messages, notes, callback, nowMs);
            }
        }
        catch (StorageException e) when (e is JournalFullException or JournalFailedException or StorageFullException)
        {
            RefuseCompound(messages, callback);
            return;
        }

        WorkArrived?.Invoke();
    }

    /// <returns>False when a retained message has to be routed again first; then nothing has happened.</returns>
    private bool TryAppendRouted(
        ReadOnlySpan<QueueSettlement> settlements, ReadOnlySpan<OutgoingPublish> messages, NoteChanges? notes,
        PipelineCallback? callback, long nowMs)
    {
        var bytes = _journal is null || IsFailed ? 0 : CompoundBytes(settlements, messages, notes);
        var large = bytes > Journal.InlinePayloadBytesMax ? _journal!.RentLarge(bytes) : null;
        if (large is not null) WriteCompound(large.Payload, settlements, messages, notes, nowMs);
        var isAppended = false;
        try
        {
            lock (_lock)
            {
                foreach (ref readonly var message in messages)
                {
                    if (!IsCurrent(in message)) return false;
                }

                AppendAndAdd(bytes, large, settlements, messages, notes, callback, nowMs);
            }

            isAppended = true;
        }
        finally
        {
            if (!isAppended) large?.Release();
        }

        if (bytes > 0 || !HasJournal) notes?.TakeEffect();
        return true;
    }

    private void AppendAndAdd(
        int bytes, JournalBlock? large, ReadOnlySpan<QueueSettlement> settlements,
        ReadOnlySpan<OutgoingPublish> messages, NoteChanges? notes, PipelineCallback? callback, long nowMs)
    {
        long position = 0;
        if (large is not null)
        {
            position = _journal!.AppendLarge((byte)RecordType.Compound, large);
        }
        else if (bytes > 0)
        {
            var payload = _journal!.Append((byte)RecordType.Compound, bytes, out position);
            WriteCompound(payload, settlements, messages, notes, nowMs);
        }

        AddCompound(settlements, messages, position, nowMs);
        if (callback is not null) AddCallback(callback);
    }

    /// <summary>There was no room for the record: whoever waits for it is told.</summary>
    internal void RefuseCompound(ReadOnlySpan<OutgoingPublish> messages, PipelineCallback? callback)
    {
        foreach (ref readonly var message in messages)
        {
            foreach (var queue in message.Route.Queues) queue.DoesNotArrive(message.BodyLength);
            message.Retained?.Abandon();
            message.Source?.Handled(message.Seq, message.Seq, accepted: false, FlushSet.ForThisThread);
        }

        if (callback is not null) Post(new RefusedCallback(callback));
    }

    /// <summary>
    /// Tells a callback that what it waits for has not become durable, whatever became of the journal since.
    /// </summary>
    private sealed class RefusedCallback(PipelineCallback callback) : PipelineCallback
    {
        protected internal override void Applied(bool durable, FlushSet flushes) =>
            callback.Applied(durable: false, flushes);
    }

    /// <summary>Copies a message to the journal's tail.</summary>
    /// <returns>Position of the record's payload; 0 when the journal has failed.</returns>
    internal long AppendForward(ulong queueId, in EvacuationCandidate candidate, ReadOnlySpan<byte> message) =>
        AppendFact(
        RecordType.Forward, ForwardRecord.FixedBytes + message.Length, new ForwardFact(queueId, candidate, message),
        static (target, fact) =>
        {
            ForwardRecord.WriteHeader(target, fact.QueueId, in fact.Candidate);
            fact.Message.CopyTo(target[ForwardRecord.FixedBytes..]);
        });

    /// <summary>Records that a block of a segment holds entries of a queue.</summary>
    /// <returns>0 when it could not be recorded, so the entries must stay where they are.</returns>
    internal long AppendEvacuated(
        ulong queueId, byte level, in ColdBlock block, ReadOnlySpan<(ulong First, ulong Last)> holes) => AppendFact(
        RecordType.Evacuate, EvacuateRecord.Size(holes.Length), new EvacuateFact(queueId, level, block, holes),
        static (target, fact) => EvacuateRecord.Write(target, fact.QueueId, fact.Level, in fact.Block, fact.Holes));

    private readonly ref struct ForwardFact(ulong queueId, EvacuationCandidate candidate, ReadOnlySpan<byte> message)
    {
        public readonly ulong QueueId = queueId;
        public readonly EvacuationCandidate Candidate = candidate;
        public readonly ReadOnlySpan<byte> Message = message;
    }

    private readonly ref struct EvacuateFact(
        ulong queueId, byte level, ColdBlock block, ReadOnlySpan<(ulong First, ulong Last)> holes)
    {
        public readonly ulong QueueId = queueId;
        public readonly byte Level = level;
        public readonly ColdBlock Block = block;
        public readonly ReadOnlySpan<(ulong First, ulong Last)> Holes = holes;
    }

    private static int CompoundBytes(
        ReadOnlySpan<QueueSettlement> settlements, ReadOnlySpan<OutgoingPublish> messages, NoteChanges? notes)
    {
        var bytes = notes?.RecordBytes ?? 0;
        foreach (var settlement in settlements) bytes += settlement.PartBytes;
        foreach (ref readonly var message in messages)
        {
            if (IsRecorded(in message))
                bytes += CompoundRecord.PartHeaderBytes + HeaderBytes(in message) + message.StoredBytes;
        }

        return bytes;
    }

    private static void WriteCompound(
        Span<byte> payload, ReadOnlySpan<QueueSettlement> settlements, ReadOnlySpan<OutgoingPublish> messages,
        NoteChanges? notes, long nowMs)
    {
        var target = payload;
        foreach (var settlement in settlements) target = settlement.WriteParts(target);
        foreach (ref readonly var message in messages)
        {
            if (!IsRecorded(in message)) continue;
            var size = HeaderBytes(in message) + message.StoredBytes;
            target = CompoundRecord.BeginPart(target, TypeOf(in message), size);
            WriteRecord(target, in message, nowMs, payload.Length - target.Length);
            target = target[size..];
        }

        notes?.WriteParts(target);
    }

    /// <summary>
    /// Adds the pipeline's entries for the messages; walks the record as <see cref="WriteCompound"/> laid it out.
    /// </summary>
    private void AddCompound(
        ReadOnlySpan<QueueSettlement> settlements, ReadOnlySpan<OutgoingPublish> messages, long position, long nowMs)
    {
        var at = position;
        foreach (var settlement in settlements) at += settlement.PartBytes;
        foreach (ref readonly var message in messages)
        {
            var length = message.StoredBytes;
            MessageLocation location;
            if (position > 0 && IsRecorded(in message))
            {
                at += CompoundRecord.PartHeaderBytes + HeaderBytes(in message);
                location = MessageLocation.Journal(at);
                at += length;
            }
            else if (message.Route.IsEmpty)
            {
                location = default;
            }
            else
            {
                location = _arena.Store(length, out var target);
                message.WriteTo(target, nowMs);
            }

            AddPublish(in message, location, length, nowMs);
        }
    }
}
