using Posthaste.Broker.Pipeline;
using Posthaste.Broker.Storage;
using Posthaste.Core.Queues;

namespace Posthaste.Broker.Queues;

/// <summary>Gets, time, loads from disk, and the end of a queue.</summary>
public sealed partial class BrokerQueue
{
    private Queue<GetRequest>? _waitingGets;
    private long _lastUsedMs;
    private bool _hadConsumers;

    /// <summary>Takes one message. See <see cref="GetRequest"/> for when it is answered.</summary>
    public void Get(GetRequest request, FlushSet flushes)
    {
        using var turn = Enter(flushes);
        if (turn.IsGone)
        {
            request.OnEmpty(flushes);
            return;
        }

        _lastUsedMs = _nowMs;
        if (_waitingGets is { Count: > 0 } || !TryServe(request))
            (_waitingGets ??= new Queue<GetRequest>(1)).Enqueue(request);
    }

    /// <summary>Somebody declared it again: its `x-expires` starts anew.</summary>
    internal void NoteUse()
    {
        using var turn = Enter(FlushSet.ForThisThread);
        if (!turn.IsGone) _lastUsedMs = _nowMs;
    }

    /// <summary>Does what is due by now.</summary>
    /// <returns>When to come again; <see cref="long.MaxValue"/> for never.</returns>
    internal long Tick(long nowMs, FlushSet flushes)
    {
        bool expired;
        StrandExit exit;
        lock (_strand)
        {
            if (_isGone) return long.MaxValue;
            Begin(flushes);
            _dueMs = long.MaxValue;
            expired = ExpiresAtMs() <= nowMs;
            if (!expired)
            {
                _machine.Tick(nowMs);
                ServeGets();
                Drain();
            }

            exit = End();
        }

        Leave(exit with { DueChanged = false }, flushes);
        if (!expired) return Volatile.Read(ref _dueMs);
        Host.RemoveQueue(this, flushes);
        return long.MaxValue;
    }

    /// <summary>The delivery mark is on disk: what waited for it may go out.</summary>
    internal void DeliveryMarkDurable(byte level, ulong belowSeq, FlushSet flushes)
    {
        lock (_strand) _machine.DeliveryMarkDurable(level, belowSeq);
        DrainNow(flushes);
    }

    /// <summary>The entries of a cold block are in memory.</summary>
    internal void ColdBlockLoaded(byte level, in ColdBlock block, ReadOnlySpan<StoredEntry> entries, FlushSet flushes)
    {
        lock (_strand)
        {
            if (!_isGone) _machine.ColdBlockLoaded(level, block, entries);
        }

        DrainNow(flushes);
    }

    /// <summary>A cold block is damaged or can't be read: its messages are not to be had.</summary>
    internal void ColdBlockFailed(byte level, in ColdBlock block, FlushSet flushes)
    {
        lock (_strand)
        {
            if (!_isGone) _machine.ColdBlockFailed(level, block);
        }

        DrainNow(flushes);
    }

    /// <summary>The catalog has let go of it: consumers are told, bytes are let go of.</summary>
    /// <param name="isRecorded">
    /// Its segment files go when the record of its end is durable; without one it is back after a restart.
    /// </param>
    internal void Delete(bool isRecorded, FlushSet flushes)
    {
        Queue<GetRequest>? gets;
        lock (_strand)
        {
            if (_isGone) return;
            Begin(flushes);
            foreach (var consumer in _machine.Consumers)
            {
                ((Subscription)consumer).Cancelled(SubscriptionEnd.QueueDeleted, flushes);
                _broker.Events.ConsumerRemoved(this, (Subscription)consumer);
            }

            _machine.DropAll();
            _isGone = true;
            gets = _waitingGets;
            _waitingGets = null;
            _lease.Release();
            _facts.Clear();
            _flushes = null;
        }

        if (_meter is { } meter) _broker.Statistics.End(meter);
        if (isRecorded && IsJournaled) _broker.Pipeline.Post(new DropQueueCallback(_broker, Id));
        if (gets is null) return;
        foreach (var get in gets) get.OnEmpty(flushes);
    }

    private void ServeGets()
    {
        while (_waitingGets is { Count: > 0 } waiting && TryServe(waiting.Peek())) waiting.Dequeue();
    }

    private bool TryServe(GetRequest request)
    {
        switch (_machine.TryTakeNext(_nowMs, out var id, out var entry, out var counters))
        {
            case GetResult.Empty:
                if (_meter is { } meter) meter.Deliveries.GotEmptyCount++;
                request.OnEmpty(_flushes!);
                return true;
            case GetResult.NotLoaded:
                return false;
        }

        if (!_broker.Store.TryRead(entry.Location, entry.Length, ref _lease, out var bytes))
        {
            _machine.PutBack(id);
            LoadMessage(id, in entry);
            return false;
        }

        var message = new DeliveredMessage(
            this, id, entry.Is(EntryFlags.Redelivered), counters, new Core.Messages.MessageView(bytes));
        request.OnMessage(in message, _machine.ReadyCount, _flushes!);
        if (Host.Tap is { } tap) Tap(tap, in message, request);
        Counts.CountGet(request.NoAck, entry.Is(EntryFlags.Redelivered), entry.BodyBytes);
        if (request.NoAck) _machine.Settle(id, null);
        return true;
    }

    /// <summary>When `x-expires` is due: never while there are consumers.</summary>
    private long ExpiresAtMs() => _machine.Settings.ExpiresMs is { } expires && _machine.ConsumerCount == 0
        ? Volatile.Read(ref _lastUsedMs) + expires
        : long.MaxValue;

    /// <summary>Tells the queue that its delivery mark is durable.</summary>
    private sealed class DeliveryMarkCallback(BrokerQueue queue, byte level, ulong belowSeq) : PipelineCallback
    {
        protected internal override void Applied(bool durable, FlushSet flushes)
        {
            if (durable) queue.DeliveryMarkDurable(level, belowSeq, flushes);
        }
    }
}
