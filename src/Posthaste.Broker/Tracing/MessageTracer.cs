using System.Diagnostics;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Formats;
using Posthaste.Broker.Publishing;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Replies;
using Posthaste.Broker.Sessions;
using Posthaste.Broker.Taps;
using Posthaste.Core.Queues;

namespace Posthaste.Broker.Tracing;

/// <summary>
/// Follows sampled messages through the broker, as spans of the trace that their publishers have begun.
/// </summary>
/// <remarks>
/// <code>
///  publisher's span
///   └ publish EXCHANGE          arrival ─▶ safe in all its queues
///      ├ route EXCHANGE         where it goes
///      ├ store EXCHANGE         arrival ─▶ synced
///      ├ deliver QUEUE          in the queue ─▶ on its way to a consumer   one for each queue and delivery
///      │  └ ack QUEUE           delivered ─▶ settled                       or nack, reject, requeue
///      └ dead-letter QUEUE      died ─▶ safe in the queues of its dead-letter exchange
///         └ deliver QUEUE …
/// </code>
/// <para>
/// Deliveries and settlements are also linked to the publisher's span, as the conventions for messaging want it, and a
/// further delivery to the one before. Messages that are not sampled cost a search for `traceparent` in their
/// properties, and nothing is remembered of them. Memory: <see cref="TraceTable"/>, and a span for each message that is
/// not safe yet, of which the pipeline bounds the number.
/// </para>
/// <para>Any thread. What is found out on a strand is reported when that has been left.</para>
/// </remarks>
internal sealed class MessageTracer(MessageBroker broker, ActivitySource source) : MessageTap
{
    private const string Outcome = "posthaste.outcome";

    /// <summary>Queues of a message that are named; of a message to more of them, their number says the rest.</summary>
    private const int QueueNamesMax = 32;

    private readonly double _ratio = broker.Options.Tracing.Ratio;
    private readonly TraceTable _entries = new(broker.Options.Tracing.MessagesMax);

    /// <summary>Spans that have ended on a strand.</summary>
    [ThreadStatic]
    private static List<Activity>? _ended;

    /// <summary>Entries of queues that are remembered.</summary>
    public int EntryCount => _entries.Count;

    private DateTimeOffset Now => broker.Options.Time.GetUtcNow();

    protected internal override void Published(
        Span<OutgoingPublish> messages, BrokerConnection? by, FlushSet flushes)
    {
        foreach (ref var message in messages)
        {
            if (IsSampled(in message, out var parent)) Begin(ref message, in parent, by);
        }
    }

    protected internal override void Delivered(in DeliveredMessage message, in DeliveryTarget to)
    {
        var now = Now;
        var entry = to.Source is PublishTrace direct ? direct.Enter(now) : _entries.Find(message.Queue, message.Id);
        if (entry is null) return;
        var (queue, operation) = (message.Queue.Name, to.ConsumerTag is null ? "get" : "deliver");
        var tags = new SpanTags(entry.Message, operation, "receive", queue)
            .Add(to.Connection)
            .Add("posthaste.consumer.tag", to.ConsumerTag)
            .Add("posthaste.redelivered", message.Redelivered);
        if (to.IsSettled) tags.Add(Outcome, "settled");
        var span = Spans.Start(
            source, $"{operation} {queue}", ActivityKind.Producer, entry.Parent, entry.ReadyAt, tags,
            entry.Message.Creation, entry.Delivery);
        if (to.IsSettled) _entries.Remove(message.Queue, message.Id);
        if (span is null) return;
        entry.Delivered(span.Context, now);
        EndOnStrand(span, now);
    }

    protected internal override void Settled(BrokerQueue queue, ReadOnlySpan<EntryId> ids, Settlement how)
    {
        foreach (var id in ids)
        {
            if (_entries.Find(queue, id) is { DeliveredAt: { } deliveredAt } entry)
                Settle(queue, id, entry, deliveredAt, how);
        }
    }

    protected internal override PublishSource? Moving(
        BrokerQueue from, EntryId id, DeadLetterReason? reason, in OutgoingPublish message)
    {
        if (_entries.Find(from, id) is not { } entry) return null;
        _entries.Remove(from, id);
        var moved = entry.Message.At(message.Route);
        var operation = reason is null ? "release" : "dead-letter";
        var name = from.IsForDelayed ? moved.ExchangeName : from.Name;
        var tags = new SpanTags(moved, operation, type: null, from.IsForDelayed ? null : from.Name)
            .Add("posthaste.dead_letter.reason", reason is { } why ? DeathHeaders.Name(why) : null);
        AddQueues(tags, message.Route);
        var span = Spans.Start(
            source, $"{operation} {name}", ActivityKind.Internal, entry.Parent, Now, tags, entry.Delivery);
        return span is null ? null : new PublishTrace(this, moved, span, isStored: false, inner: null);
    }

    protected internal override void Left(FlushSet flushes)
    {
        if (_ended is not { Count: > 0 } ended) return;
        foreach (var span in ended) Spans.Report(span);
        ended.Clear();
    }

    internal void Entered(PublishTrace trace, BrokerQueue queue, EntryId id) =>
        _entries.Add(queue, id, trace.Enter(Now));

    internal void Handled(PublishTrace trace, bool accepted)
    {
        var now = Now;
        if (trace.IsStored && accepted) Store(trace, now - Stopwatch.GetElapsedTime(broker.Pipeline.DurableAt));
        if (accepted) trace.Span.SetTag(Outcome, "accepted");
        else Refuse(trace.Span);
        Spans.End(trace.Span, now);
    }

    /// <summary>As its publisher says, or by chance where that says nothing.</summary>
    private bool IsSampled(in OutgoingPublish message, out ActivityContext parent)
    {
        if (TraceHeaders.TryRead(broker.Formats, message.View(0), out parent))
            return (parent.TraceFlags & ActivityTraceFlags.Recorded) != 0;
        return _ratio > 0 && Random.Shared.NextDouble() < _ratio;
    }

    private void Begin(ref OutgoingPublish message, in ActivityContext parent, BrokerConnection? by)
    {
        var now = Now;
        var host = by?.Host.Name ?? message.Route.Queues.FirstOrDefault()?.Host.Name ?? "";
        var traced = TracedMessage.Of(in message, host, broker.Formats, in parent);
        var publish = Spans.Start(
            source, $"publish {traced.ExchangeName}", ActivityKind.Server, parent, now,
            new SpanTags(traced, "publish", "send").Add(by));
        if (publish is null) return;
        var tags = new SpanTags(traced, "route", type: null);
        AddQueues(tags, message.Route);
        if (Spans.Start(source, $"route {traced.ExchangeName}", ActivityKind.Internal, publish.Context, now, tags)
            is { } route)
        {
            Spans.End(route, now);
        }

        if (message.Route.IsEmpty && message.Retained is null)
        {
            // A requester that waits without a queue gets its reply past all of them.
            if (!DirectReplies.IsReplyName(message.Route.RoutingKey)) publish.SetTag(Outcome, "unroutable");
            Spans.End(publish, now);
            return;
        }

        var isStored = broker.Pipeline.HasJournal
            && (message.Retained is not null || message.Route.NeedsJournal(message.IsPersistent));
        message.Source = new PublishTrace(this, traced, publish, isStored, message.Source);
    }

    private void Store(PublishTrace trace, DateTimeOffset durableAt)
    {
        var span = Spans.Start(
            source, $"store {trace.Message.ExchangeName}", ActivityKind.Internal, trace.Span.Context,
            trace.Span.StartTimeUtc, new SpanTags(trace.Message, "store", type: null));
        if (span is not null) Spans.End(span, durableAt);
    }

    private void Settle(BrokerQueue queue, EntryId id, EntryTrace entry, DateTimeOffset deliveredAt, Settlement how)
    {
        var now = Now;
        var (operation, outcome) = how switch
        {
            Settlement.Acknowledge => ("ack", "acknowledged"),
            Settlement.Reject => ("reject", "rejected"),
            Settlement.RequeueFailed => ("nack", "requeued"),
            _ => ("requeue", "requeued"),
        };
        var tags = new SpanTags(entry.Message, operation, "settle", queue.Name).Add(Outcome, outcome);
        var span = Spans.Start(
            source, $"{operation} {queue.Name}", ActivityKind.Server, entry.Delivery, deliveredAt, tags,
            entry.Message.Creation);
        if (span is not null) EndOnStrand(span, now);

        // One that died is found again when it is moved.
        var goesOn = how == Settlement.Reject
            ? queue.Machine.Settings.DeadLetterExchange is not null : how != Settlement.Acknowledge;
        if (goesOn) entry.Returned(now);
        else _entries.Remove(queue, id);
    }

    private static void EndOnStrand(Activity span, DateTimeOffset at)
    {
        Spans.SetEnd(span, at);
        (_ended ??= []).Add(span);
    }

    private static void Refuse(Activity publish)
    {
        publish.SetTag(Outcome, "refused");
        Spans.Fail(publish, "refused");
    }

    private static void AddQueues(SpanTags tags, Route route)
    {
        var queues = route.Queues.Where(static queue => !queue.IsForDelayed).Select(static queue => queue.Name);
        tags.Add("posthaste.queues", queues.Take(QueueNamesMax).ToArray());
        tags.Add("posthaste.queue.count", route.Queues.Length);
        if (route.DelayMs > 0) tags.Add("posthaste.delay_ms", route.DelayMs);
    }
}
