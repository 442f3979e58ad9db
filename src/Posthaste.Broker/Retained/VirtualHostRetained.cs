using System.Buffers;
using Posthaste.Broker.Publishing;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Storage;
using Posthaste.Core.Catalog;
using Posthaste.Core.Messages;
using Posthaste.Core.Retained;
using Posthaste.Core.Routing;

namespace Posthaste.Broker.Retained;

/// <summary>
/// The retained messages of a virtual host: the last one published with that wish for each routing key, whatever the
/// exchange. Durable like what is published to a durable queue, also when no queue matches.
/// </summary>
/// <remarks>
/// A message takes effect in the pipeline's order, when it is durable and enters its queues. A new subscriber first
/// binds, then posts a callback to the pipeline, and reads when that was called: so it gets every message at least
/// once. One that is appended before the callback is here by then; one that is appended later is routed again, if the
/// catalog has changed since it was, and so goes to the subscriber's queue. Any thread; the lock is held for a batch at
/// most, and nothing is called with it. All is in memory, within <see cref="MessageBrokerOptions.RetainedMessagesMax"/>
/// and <see cref="MessageBrokerOptions.RetainedBytesMax"/>.
/// </remarks>
public sealed class VirtualHostRetained
{
    /// <summary>
    /// Keys looked at per lock, matching or not. 1,024: some hundred microseconds.
    /// </summary>
    private const int StepsMax = 1_024;

    /// <summary>Keys that a sweep looks at: a million are through within half a minute.</summary>
    private const int SweepStepsMax = 16_384;

    /// <summary>Messages written to a snapshot per lock.</summary>
    private const int SnapshotBatchCount = 64;

    private readonly Lock _lock = new();
    private readonly RetainedStore _store;
    private readonly MessageBroker _broker;
    private bool _isClosed;

    internal VirtualHostRetained(MessageBroker broker, uint hostId, VirtualHostCatalog catalog)
    {
        _broker = broker;
        Catalog = catalog;
        _store = new RetainedStore(broker.Options.RetainedMessagesMax, broker.Options.RetainedBytesMax);
        HostId = hostId;
    }

    public int Count
    {
        get
        {
            lock (_lock) return _store.Count;
        }
    }

    /// <summary>What they cost in memory: as stored, and 48 bytes each.</summary>
    public long Bytes
    {
        get
        {
            lock (_lock) return _store.Bytes;
        }
    }

    internal uint HostId { get; }

    internal VirtualHostCatalog Catalog { get; }

    /// <summary>
    /// Makes a message one that is retained when it is published; one with an empty body takes away what is retained
    /// for its routing key. Called when all but source and number is filled in, before it is added to a batch or
    /// transaction, which has to follow: room is held for it.
    /// </summary>
    /// <returns>Why not; then the message is as it was, and the publisher is to be told.</returns>
    public RetainRefusal Prepare(ref OutgoingPublish publish)
    {
        var hold = default(RetainedHold);
        if (publish.BodyLength > 0)
        {
            lock (_lock)
            {
                if (_isClosed) return RetainRefusal.Deleted;
                var refusal = _store.Hold(publish.Route.RoutingKey, publish.StoredBytes, out hold);
                if (refusal != RetainRefusal.None) return refusal;
            }
        }

        publish.Flags |= MessageFlags.Retained;
        var message = GC.AllocateUninitializedArray<byte>(publish.StoredBytes);
        publish.WriteTo(message, receivedAtMs: 0);
        publish.Retained = new RetainedChange(this, hold, message, publish.TtlMs);
        return RetainRefusal.None;
    }

    /// <summary>Finds the message retained for a routing key.</summary>
    public bool TryGet(ReadOnlySpan<byte> routingKey, out RetainedMessage message)
    {
        lock (_lock) return _store.TryGet(routingKey, _broker.NowMs, out message);
    }

    /// <summary>
    /// Adds the next messages that a cursor finds to a list. Returns after a bounded number of steps, so the list may
    /// be as it was though there is more.
    /// </summary>
    /// <returns>False when there are no more.</returns>
    public bool Read(RetainedCursor cursor, List<RetainedMessage> into, int matchesMax)
    {
        lock (_lock) return _store.Read(cursor, into, matchesMax, StepsMax, _broker.NowMs);
    }

    /// <summary>
    /// Adds the queues that the catalog leads to now; those that it no longer leads to get the message still.
    /// </summary>
    internal void Refresh(ref OutgoingPublish publish)
    {
        var version = Catalog.Version;
        var known = new HashSet<BrokerQueue>(publish.Route.Queues);
        var queues = new List<BrokerQueue>(publish.Route.Queues);
        if (Catalog.TryGetExchange(publish.Route.Exchange, out var exchange))
        {
            var result = new RouteResult();
            Catalog.Route(exchange, publish.Route.RoutingKey, RouteHeaders.None, result);
            foreach (var target in result.Queues)
            {
                var queue = (BrokerQueue)target;
                if (!known.Contains(queue) && queue.TryAdmit(publish.BodyLength)) queues.Add(queue);
            }
        }

        publish.Route = publish.Route.With([.. queues]);
        publish.Route.Version = version;
    }

    internal void End(RetainedChange change, bool takeEffect)
    {
        lock (_lock)
        {
            _store.LetGo(change.Hold);
            if (takeEffect && !_isClosed) _store.Apply(change.Message, change.TtlMs);
        }
    }

    /// <summary>The virtual host is deleted: its messages go, and no more are taken.</summary>
    internal void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            _store.Clear();
        }
    }

    /// <summary>Applies a record while recovering.</summary>
    internal void Restore(ReadOnlySpan<byte> message, long ttlMs)
    {
        lock (_lock) _store.Apply(message.ToArray(), ttlMs);
    }

    /// <summary>Drops some of the expired messages.</summary>
    internal void Sweep()
    {
        lock (_lock) _store.Sweep(_broker.NowMs, SweepStepsMax);
    }

    /// <summary>Writes the messages as records that would retain them; in batches, so nobody waits long.</summary>
    internal void WriteSnapshot(IBufferWriter<byte> to)
    {
        var cursor = RetainedCursor.All();
        var batch = new List<RetainedMessage>(SnapshotBatchCount);
        for (var isMore = true; isMore; batch.Clear())
        {
            isMore = Read(cursor, batch, SnapshotBatchCount);
            foreach (var message in batch) Write(to, HostId, in message);
        }
    }

    private static void Write(IBufferWriter<byte> to, uint hostId, in RetainedMessage message)
    {
        var header = RetainedRecord.HeaderBytes + PublishRecord.HeaderBytes(queueCount: 0, isDelayed: false);
        SnapshotContent.WriteRecord(
            to, RecordType.Retained, header + message.Bytes.Length, (hostId, message),
            static (target, fact) =>
            {
                var publish = RetainedRecord.WriteHeader(target, fact.hostId);
                var ttlMs =
                    fact.message.ExpiresAtMs == 0 ? -1 : fact.message.ExpiresAtMs - fact.message.Message.ReceivedAtMs;
                var at = PublishRecord.WriteHeader(
                    publish, [], persistent: true, priority: 0, ttlMs, delayMs: 0, RetainedRecord.HeaderBytes);
                fact.message.Bytes.CopyTo(publish[at..]);
            });
    }
}
