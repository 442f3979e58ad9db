using Posthaste.Broker.Pipeline;
using Posthaste.Broker.Publishing;
using Posthaste.Broker.Sessions;
using Posthaste.Broker.Statistics;
using Posthaste.Broker.Taps;
using Posthaste.Core.Catalog;
using Posthaste.Core.Messages;
using Posthaste.Core.Queues;

namespace Posthaste.Broker.Queues;

/// <summary>
/// A live queue: the deterministic <see cref="QueueMachine"/> on a strand of its own, and what ties it to journal,
/// memory and sessions. Any thread may call; one at a time is inside.
/// </summary>
/// <remarks>
/// Lock order: the strand comes before outputs of sessions, the pipeline and the arena, and after the catalog's lock.
/// No two strands are ever held together: what one queue does to another (dead-lettering) happens after its strand was
/// left. Memory: 24 bytes an entry plus what <see cref="QueueMachine"/> says; bodies are elsewhere.
/// </remarks>
public sealed partial class BrokerQueue : CatalogQueue
{
    /// <summary>Deliveries that one thread makes for a queue before it lets others have their turn.</summary>
    private const int DrainBudget = 1024;

    private readonly MessageBroker _broker;
    private readonly QueueMachine _machine;
    private readonly QueueFacts _facts;
    private readonly Lock _strand = new();
    private int _inFlightCount;
    private long _inFlightBytes;
    private QueueMeter? _meter;
    private bool _isGone;

    internal BrokerQueue(VirtualHost host, QueueDefinition definition)
        : base(definition)
    {
        Host = host;
        _broker = host.Broker;
        _facts = new QueueFacts(_broker, definition.Id);
        IsForDelayed = definition.Settings.DelayedFor is not null;
        IsJournaled = definition.Durable && _broker.Pipeline.HasJournal;
        KeepsAll = IsJournaled && (definition.Settings.Type == QueueType.Quorum || IsForDelayed);
        _policies = host.Policies.ForQueue(definition);
        _machine = new QueueMachine(_policies.SettingsOf(definition), IsJournaled, this);
        _lastUsedMs = _broker.NowMs;
    }

    public VirtualHost Host { get; }

    /// <summary>Messages ready to be delivered.</summary>
    public override long MessageCount => _machine.ReadyCount;

    /// <summary>Messages out with consumers and not settled.</summary>
    public long UnackedCount => _machine.UnackedCount;

    /// <summary>Messages that came back and wait for another try.</summary>
    public long WaitingCount => _machine.WaitingCount;

    public override int ConsumerCount => _machine.ConsumerCount;

    /// <summary>
    /// Milliseconds that a client may take to settle a delivery of it (`x-consumer-timeout`, else the broker's
    /// default); 0 for any time.
    /// </summary>
    public long ConsumerTimeoutMs => _machine.Settings.ConsumerTimeoutMs ?? _broker.Options.ConsumerTimeoutMs;

    /// <summary>What it counts; null while no message has ever come.</summary>
    public QueueMeter? Meter => Volatile.Read(ref _meter);

    /// <summary>What it does now: by its arguments and the policies that count for it.</summary>
    public QueueSettings Settings => _machine.Settings;

    internal QueueMachine Machine => _machine;

    /// <summary>It holds an exchange's delayed messages until they are due; no client knows of it.</summary>
    internal bool IsForDelayed { get; }

    /// <summary>Persistent messages in it survive a restart.</summary>
    internal bool IsJournaled { get; }

    /// <summary>All messages in it survive a restart, persistent or not.</summary>
    internal bool KeepsAll { get; }

    /// <summary>What RabbitMQ calls queues of its type.</summary>
    internal string TypeName => QueueArguments.ModuleName(Definition.Settings.Type);

    /// <summary>On the strand.</summary>
    private QueueMeter Counts => _meter ?? CreateMeter();

    internal bool RefusesWhenFull => _machine.Settings.Overflow != OverflowPolicy.DropHead
        && (_machine.Settings.LengthMax ?? _machine.Settings.BytesMax) is not null;

    /// <summary>Whether it keeps a message of this persistence through a restart.</summary>
    internal bool Keeps(bool persistent) => persistent ? IsJournaled : KeepsAll;

    /// <summary>
    /// Adds a subscription. Its <see cref="Subscription.Started"/> is called before its first delivery.
    /// </summary>
    public ConsumerRefusal Consume(Subscription subscription, FlushSet flushes)
    {
        using var turn = Enter(flushes);
        if (turn.IsGone) return ConsumerRefusal.QueueDeleted;
        if (_machine.TryAddConsumer(subscription, out var refusal))
        {
            _hadConsumers = true;
            _broker.Events.ConsumerAdded(this, subscription);
            subscription.Started(flushes);
            Drain();
        }

        return refusal;
    }

    /// <summary>
    /// Ends a subscription: nothing is delivered to it after the return. What it has not settled stays out until its
    /// session returns it.
    /// </summary>
    public void Cancel(Subscription subscription, FlushSet flushes)
    {
        using (var turn = Enter(flushes))
        {
            if (turn.IsGone) return;
            _machine.RemoveConsumer(subscription);
            _broker.Events.ConsumerRemoved(this, subscription);
            Drain();
        }

        if (Definition.AutoDelete && _hadConsumers && ConsumerCount == 0) Host.RemoveQueue(this, flushes);
    }

    /// <summary>A subscription that refused a message has room again.</summary>
    public void Resume(Subscription subscription, FlushSet flushes)
    {
        using var turn = Enter(flushes);
        if (turn.IsGone) return;
        _machine.Resume(subscription);
        Drain();
    }

    /// <summary>Acknowledges entries.</summary>
    /// <param name="by">The subscription they were delivered to; null for those taken by a get.</param>
    /// <returns>False when one of them was not out.</returns>
    public bool Settle(ReadOnlySpan<EntryId> ids, Subscription? by, FlushSet flushes)
    {
        using var turn = Enter(flushes);
        if (turn.IsGone) return true;
        var settledCount = 0;
        foreach (var id in ids) settledCount += _machine.Settle(id, by) ? 1 : 0;
        Counts.AcknowledgedCount += settledCount;
        TapSettled(ids, Settlement.Acknowledge);
        Drain();
        return settledCount == ids.Length;
    }

    /// <summary>Puts entries back to their original places, to be delivered again.</summary>
    /// <param name="countsAsFailure">Whether the delivery counts against the delivery limit.</param>
    public bool Return(ReadOnlySpan<EntryId> ids, Subscription? by, bool countsAsFailure, FlushSet flushes)
    {
        using var turn = Enter(flushes);
        if (turn.IsGone) return true;
        var known = true;
        foreach (var id in ids) known &= _machine.Return(id, by, countsAsFailure, _nowMs);
        TapSettled(ids, countsAsFailure ? Settlement.RequeueFailed : Settlement.Requeue);
        Drain();
        return known;
    }

    /// <summary>
    /// Rejects entries for good: they are dead-lettered, or dropped where no dead-letter exchange is set.
    /// </summary>
    public bool Reject(ReadOnlySpan<EntryId> ids, Subscription? by, FlushSet flushes)
    {
        using var turn = Enter(flushes);
        if (turn.IsGone) return true;
        var known = true;
        foreach (var id in ids) known &= _machine.Reject(id, by, _nowMs);
        TapSettled(ids, Settlement.Reject);
        Drain();
        return known;
    }

    /// <summary>Removes all ready messages.</summary>
    /// <returns>How many.</returns>
    public long Purge(FlushSet flushes)
    {
        using var turn = Enter(flushes);
        if (turn.IsGone) return 0;
        return _machine.Purge();
    }

    /// <summary>Messages that are durable now, or that only had to wait for such.</summary>
    internal void AppendCommitted(ReadOnlySpan<PipelineEntry> run, FlushSet flushes)
    {
        using var turn = Enter(flushes);
        if (turn.IsGone) return;
        var refuses = RefusesWhenFull;
        var bodyBytes = 0L;
        var tap = Host.Tap;
        foreach (ref readonly var entry in run)
        {
            var location = Keeps(entry.IsPersistent) ? entry.Location : entry.TransientLocation ?? entry.Location;
            if (location.Space == LocationSpace.Arena) _broker.Arena.Retain(location);
            var id = Append(location, entry.Length, entry.BodyBytes, entry.Priority, entry.IsPersistent,
                IsForDelayed ? entry.DelayMs : entry.TtlMs, entry.ReceivedAtMs);
            if (tap is not null) (entry.Target as TapSource)?.Entered(this, id);
            if (refuses) LeaveFlight(entry.BodyBytes);
            bodyBytes += entry.BodyBytes;
        }

        CountEnqueued(run.Length, bodyBytes);
        Drain();
    }

    /// <summary>
    /// Messages that need no journal, all with one route. Whom they reach at once they reach without being stored.
    /// </summary>
    internal void PublishDirect(Span<OutgoingPublish> run, long nowMs, FlushSet flushes)
    {
        using var turn = Enter(flushes);
        if (turn.IsGone) return;
        var refuses = RefusesWhenFull;
        var bodyBytes = 0L;
        var tap = Host.Tap;
        var handedOver = default(DeliveryTally);
        foreach (ref var item in run)
        {
            if (TryHandOver(in item, nowMs, tap)) handedOver.Add(isSettled: true, redelivered: false, item.BodyLength);
            else Keep(ref item, nowMs, tap);
            if (refuses) LeaveFlight(item.BodyLength);
            bodyBytes += item.BodyLength;
        }

        CountEnqueued(run.Length, bodyBytes);
        CountDelivered(handedOver);
        Drain();
    }

    /// <summary>
    /// Whether a full queue with a refusing policy has room for one message more; then it counts as being on its way.
    /// </summary>
    internal bool TryAdmit(int bodyBytes)
    {
        if (!RefusesWhenFull) return true;
        var count = Interlocked.Increment(ref _inFlightCount);
        var bytes = Interlocked.Add(ref _inFlightBytes, bodyBytes);
        if (!_machine.WouldRefuse(count, bytes)) return true;
        LeaveFlight(bodyBytes);
        return false;
    }

    /// <summary>Whether it would refuse a message of this size now.</summary>
    internal bool IsFullFor(int bodyBytes) => RefusesWhenFull
        && _machine.WouldRefuse(Volatile.Read(ref _inFlightCount) + 1, Volatile.Read(ref _inFlightBytes) + bodyBytes);

    /// <summary>A message that was let in is not coming after all.</summary>
    internal void DoesNotArrive(int bodyBytes)
    {
        if (RefusesWhenFull) LeaveFlight(bodyBytes);
    }

    private QueueMeter CreateMeter()
    {
        var meter = new QueueMeter(this);
        Volatile.Write(ref _meter, meter);
        return meter;
    }

    private void CountEnqueued(int count, long bodyBytes)
    {
        var counts = Counts;
        counts.EnqueuedCount += count;
        counts.EnqueuedBytes += bodyBytes;
    }

    private void CountDelivered(in DeliveryTally tally)
    {
        if (tally.Count > 0) Counts.CountDelivered(tally);
    }

    private bool TryHandOver(in OutgoingPublish item, long nowMs, MessageTap? tap)
    {
        if (_machine.ReadyCount != 0 || _machine.PeekHandOver() is not Subscription subscription) return false;
        if (!subscription.TryReserve()) return false;
        QueueMachine.HandedOver(subscription);
        var message = new DeliveredMessage(this, default, redelivered: false, default, item.View(nowMs));
        subscription.Deliver(in message, _flushes!);
        if (tap is not null) Tap(tap, in message, subscription, isSettled: true, item.Source);
        return true;
    }

    private void Keep(ref OutgoingPublish item, long nowMs, MessageTap? tap)
    {
        if (item.Kept is { } kept)
        {
            _broker.Arena.Retain(kept);
        }
        else
        {
            kept = _broker.Arena.Store(item.StoredBytes, out var target);
            item.WriteTo(target, nowMs);
            item.Kept = kept;
            _broker.Arena.Retain(kept);
        }

        var id = Append(kept, item.StoredBytes, item.BodyLength, item.Priority, persistent: false,
            IsForDelayed ? item.Route.DelayMs : item.TtlMs, nowMs);
        if (tap is not null) (item.Source as TapSource)?.Entered(this, id);
    }
}
