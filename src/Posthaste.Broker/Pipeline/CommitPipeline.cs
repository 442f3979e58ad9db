using Posthaste.Broker.Publishing;
using Posthaste.Broker.Storage;
using Posthaste.Core.Messages;
using Posthaste.Storage.Devices;
using Posthaste.Storage.Journaling;

namespace Posthaste.Broker.Pipeline;

/// <summary>
/// The one order of things. Whatever must be durable, or must stay behind something that must, is appended here; a
/// commit takes all that has piled up, writes and syncs it as one batch, and then applies it in order: messages to
/// their queues, then word to their publishers.
/// </summary>
/// <remarks>
/// Threads: any thread appends, under <see cref="_lock"/>, which is held for copies only. One thread at a time commits
/// and one at a time applies (<see cref="CommitLoop"/> owns them; a simulator calls <see cref="CommitPending"/> and
/// <see cref="ApplyCommitted"/> itself). Lock order: catalog, then a queue's strand, then this lock; nothing is called
/// while holding it. Memory: <see cref="IsCongested"/> stops the readers of publishers at <see
/// cref="MessageBrokerOptions.UncommittedBytesMax"/>. Failure: when a write or sync fails the journal is read-only
/// until restart. What was in flight is refused, and so is all that comes after; settlements go on in memory and will
/// be seen again as redeliveries after the restart.
/// </remarks>
public sealed partial class CommitPipeline
{
    private readonly Lock _lock = new();
    private readonly bool _isDurable;
    private readonly MessageArena _arena;
    private readonly MessageBrokerOptions _options;
    private Journal? _journal;
    private readonly Queue<PipelineBatch> _committed = new();
    private readonly Stack<PipelineBatch> _spare = new();
    private PipelineBatch _open = new();
    private long _appendedTicket;
    private long _appliedTicket;
    private volatile Exception? _failure;
    private volatile bool _hasRefused;

    internal CommitPipeline(bool isDurable, MessageArena arena, MessageBrokerOptions options)
    {
        _isDurable = isDurable;
        _arena = arena;
        _options = options;
    }

    /// <summary>Whether anything can be durable: false for a broker that lives in memory only.</summary>
    public bool HasJournal => _isDurable;

    /// <summary>A write or a sync failed: nothing more becomes durable until restart.</summary>
    public bool IsFailed => _failure is not null;

    /// <summary>
    /// The disk has no room for more messages; what is left is kept for settlements, which free some.
    /// </summary>
    public bool IsFull => _journal is not null && _journal.Space != JournalSpace.Ample;

    /// <summary>What made it fail; null while it works.</summary>
    public Exception? Failure => _failure;

    /// <summary>Everything up to this ticket of <see cref="AppendPublishes"/> is applied.</summary>
    internal long AppliedTicket => Volatile.Read(ref _appliedTicket);

    /// <summary>Raised (any thread, outside of locks) when something waits to be committed.</summary>
    internal Action? WorkArrived { get; set; }

    /// <summary>Raised once, on the committing thread, when the journal has failed.</summary>
    internal Action<Exception>? Failed { get; set; }

    /// <summary>
    /// Raised on the applying thread between two batches, when all before this position is applied and nothing behind
    /// it.
    /// </summary>
    internal Action<long>? BatchApplied { get; set; }

    /// <summary>Recovery is over: what is appended from now on goes to this journal.</summary>
    internal void Attach(Journal journal) => _journal = journal;

    /// <summary>Appends messages in order, each to be applied when it is durable.</summary>
    /// <returns>The ticket of the last one: applied when <see cref="AppliedTicket"/> has reached it.</returns>
    internal long AppendPublishes(Span<OutgoingPublish> items, long nowMs, FlushSet flushes)
    {
        if (IsFailed || IsFull)
        {
            Refuse(items, flushes);
            return 0;
        }

        long ticket = 0;
        var at = 0;
        try
        {
            while (at < items.Length) AppendRun(items, ref at, ref ticket, nowMs);
        }
        catch (StorageException e) when (e is JournalFullException or JournalFailedException or StorageFullException)
        {
            // Found out in the middle of the run; nothing of the one that did not fit was appended.
            Refuse(items[at..], flushes);
        }

        WorkArrived?.Invoke();
        return ticket;
    }

    /// <summary>Appends messages up to one that has to be prepared outside of the lock.</summary>
    private void AppendRun(Span<OutgoingPublish> items, ref int at, ref long ticket, long nowMs)
    {
        items[at].Retained?.Refresh(ref items[at]);
        if (IsLarge(in items[at]))
        {
            if (TryAppendLargePublish(in items[at], nowMs, ref ticket)) at++;
            return;
        }

        lock (_lock)
        {
            for (; at < items.Length && !IsLarge(in items[at]) && IsCurrent(in items[at]); at++)
                ticket = AppendPublish(in items[at], nowMs);
        }
    }

    /// <summary>Under the lock: whether a retained message misses no queue that was bound before.</summary>
    private static bool IsCurrent(in OutgoingPublish item) =>
        item.Retained is null || item.Retained.IsCurrent(item.Route);

    /// <summary>Appends a callback to be run when everything before it is durable and applied. Any thread.</summary>
    public void Post(PipelineCallback callback)
    {
        lock (_lock) AddCallback(callback);
        WorkArrived?.Invoke();
    }

    /// <summary>
    /// Appends a fact that is true already and need not be waited for: a settlement, a counter, a mark.
    /// </summary>
    /// <returns>Position of its payload; 0 when nothing can be recorded any more.</returns>
    internal long AppendFact<TFact>(RecordType type, int bytes, TFact fact, SpanWriter<TFact> write)
        where TFact : allows ref struct
    {
        if (_journal is null || IsFailed) return 0;
        long position;
        if (bytes <= Journal.InlinePayloadBytesMax)
        {
            lock (_lock)
            {
                if (!TryAppend(type, bytes, out var payload, out position)) return 0;
                write(payload, fact);
            }
        }
        else
        {
            position = AppendLargeFact(type, bytes, fact, write);
            if (position == 0) return 0;
        }

        WorkArrived?.Invoke();
        return position;
    }

    private long AppendLargeFact<TFact>(RecordType type, int bytes, TFact fact, SpanWriter<TFact> write)
        where TFact : allows ref struct
    {
        JournalBlock? block = null;
        try
        {
            block = _journal!.RentLarge(bytes);
            write(block.Payload, fact);
            lock (_lock) return _journal.AppendLarge((byte)type, block);
        }
        catch (StorageException)
        {
            // No room, or failed meanwhile, which the next commit reports.
            block?.Release();
            return 0;
        }
    }

    /// <summary>Bytes that came in and are not durable yet.</summary>
    public long UncommittedBytes => _journal?.PendingBytes ?? 0;

    /// <summary>Whether there was no room for a fact since the last call. Upkeep's thread.</summary>
    internal bool TakeRefusal()
    {
        var had = _hasRefused;
        _hasRefused = false;
        return had;
    }

    /// <summary>Reserves room for a record. Under the lock.</summary>
    /// <returns>False once the journal has failed: what is recorded now would not be found again.</returns>
    private bool TryAppend(RecordType type, int bytes, out Span<byte> payload, out long position)
    {
        if (IsFailed)
        {
            payload = default;
            position = 0;
            return false;
        }

        try
        {
            payload = _journal!.Append((byte)type, bytes, out position);
            return true;
        }
        catch (StorageException e) when (e is JournalFullException or JournalFailedException)
        {
            // Even the reserve is used up, or a commit has failed just now. The fact holds in memory, and is recorded
            // when there is room again; a crash before shows what was settled again, marked as redelivered.
            _hasRefused = true;
            payload = default;
            position = 0;
            return false;
        }
    }

    private bool IsLarge(in OutgoingPublish item) =>
        _journal is not null && IsRecorded(in item)
        && HeaderBytes(in item) + item.StoredBytes > Journal.InlinePayloadBytesMax;

    /// <summary>Whether it has to be in the journal to get where it goes.</summary>
    private static bool IsRecorded(in OutgoingPublish item) =>
        item.Retained is not null || item.Route.NeedsJournal(item.IsPersistent);

    private static RecordType TypeOf(in OutgoingPublish item) =>
        item.Retained is null ? RecordType.Publish : RecordType.Retained;

    /// <summary>What its record has before the message.</summary>
    private static int HeaderBytes(in OutgoingPublish item) =>
        (item.Retained is null ? 0 : RetainedRecord.HeaderBytes)
        + PublishRecord.HeaderBytes(
            PublishRecord.CountKeeping(item.Route.Queues, item.IsPersistent), item.Route.DelayMs > 0);

    private long AppendPublish(in OutgoingPublish item, long nowMs)
    {
        var length = item.StoredBytes;
        MessageLocation location;
        if (_journal is not null && IsRecorded(in item))
        {
            var header = HeaderBytes(in item);
            var payload = _journal.Append((byte)TypeOf(in item), header + length, out var position);
            WriteRecord(payload, in item, nowMs);
            location = MessageLocation.Journal(position + header);
        }
        else if (item.Route.IsEmpty)
        {
            // Retained only, which has a copy of its own.
            location = default;
        }
        else
        {
            location = _arena.Store(length, out var target);
            item.WriteTo(target, nowMs);
        }

        return AddPublish(in item, location, length, nowMs);
    }

    /// <returns>False when it has to be routed again first.</returns>
    private bool TryAppendLargePublish(in OutgoingPublish item, long nowMs, ref long ticket)
    {
        var length = item.StoredBytes;
        var header = HeaderBytes(in item);
        var block = _journal!.RentLarge(header + length);
        WriteRecord(block.Payload, in item, nowMs);
        var isAppended = false;
        try
        {
            lock (_lock)
            {
                if (!IsCurrent(in item)) return false;
                var position = _journal.AppendLarge((byte)TypeOf(in item), block);
                ticket = AddPublish(in item, MessageLocation.Journal(position + header), length, nowMs);
            }

            return isAppended = true;
        }
        finally
        {
            if (!isAppended) block.Release();
        }
    }

    private static void WriteRecord(Span<byte> payload, in OutgoingPublish item, long nowMs, int offset = 0)
    {
        if (item.Retained is { } retained)
        {
            payload = RetainedRecord.WriteHeader(payload, retained.HostId);
            offset += RetainedRecord.HeaderBytes;
        }

        var at = PublishRecord.WriteHeader(
            payload, item.Route.Queues, item.IsPersistent, item.Priority, item.TtlMs, item.Route.DelayMs, offset);
        item.WriteTo(payload[at..], nowMs);
    }

    private long AddPublish(in OutgoingPublish item, MessageLocation location, int length, long nowMs)
    {
        ref var entry = ref _open.Add();
        item.Retained?.SetUnderWay(nowMs);
        entry.Retained = item.Retained;
        entry.Queues = item.Route.Queues;
        entry.Target = item.Source;
        entry.Seq = item.Seq;
        entry.Location = location;
        entry.TransientLocation = null;
        if (location.Space == LocationSpace.Journal && item.Route.NeedsArena(item.IsPersistent))
        {
            entry.TransientLocation = _arena.Store(length, out var copy);
            item.WriteTo(copy, nowMs);
        }

        entry.ReceivedAtMs = nowMs;
        entry.TtlMs = item.TtlMs;
        entry.DelayMs = item.Route.DelayMs;
        entry.Length = length;
        entry.BodyBytes = item.BodyLength;
        entry.Priority = item.Priority;
        entry.IsPersistent = item.IsPersistent;
        return ++_appendedTicket;
    }

    private void AddCallback(PipelineCallback callback)
    {
        ref var entry = ref _open.Add();
        entry = default;
        entry.Target = callback;
        _appendedTicket++;
    }

    private static void Refuse(ReadOnlySpan<OutgoingPublish> items, FlushSet flushes)
    {
        foreach (ref readonly var item in items)
        {
            foreach (var queue in item.Route.Queues) queue.DoesNotArrive(item.BodyLength);
            item.Retained?.Abandon();
            item.Source?.Handled(item.Seq, item.Seq, accepted: false, flushes);
        }
    }
}

/// <summary>Fills a record's payload from a fact.</summary>
internal delegate void SpanWriter<in TFact>(Span<byte> target, TFact fact)
    where TFact : allows ref struct;
