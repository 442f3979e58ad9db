using Posthaste.Broker.Connections;
using Posthaste.Broker.Pipeline;

namespace Posthaste.Broker.Publishing;

/// <summary>
/// What one connection publishes between two reads of its socket. Gathered by the session, handed over as a whole:
/// journal and queues are then locked once per run of messages instead of once per message. Owned by the connection's
/// reader.
/// </summary>
/// <remarks>
/// A message that needs no journal and is not retained goes straight to its queues, unless something of this connection
/// is still on its way through the pipeline: then it follows behind, so that what one connection publishes stays in
/// order whatever its persistence.
/// </remarks>
public sealed class PublishBatch
{
    /// <summary>
    /// Messages after which a session flushes before the buffer ends: enough to spread a lock over, small enough to
    /// stay in cache.
    /// </summary>
    public const int CountMax = 512;

    private readonly MessageBroker _broker;
    private readonly BrokerConnection? _by;
    private OutgoingPublish[] _items;
    private int _count;
    private Route? _nowhere;
    private int _nowhereCount;
    private long _lastTicket;

    /// <summary>For what the broker or a protocol itself has to say: no tap is told of it.</summary>
    public PublishBatch(MessageBroker broker)
    {
        _broker = broker;
        _items = new OutgoingPublish[16];
    }

    /// <summary>For what a client publishes.</summary>
    public PublishBatch(BrokerConnection by)
        : this(by.Host.Broker) => _by = by;

    public int Count => _count;

    public bool IsFull => _count == CountMax;

    /// <summary>
    /// Somebody watches: messages that no queue gets are to be shown by <see cref="ShowUnroutable"/>.
    /// </summary>
    public bool IsTapped => _by?.Host.Tap is not null;

    /// <summary>A place for one more message, to be filled completely by the caller.</summary>
    public ref OutgoingPublish Add()
    {
        if (_count == _items.Length) Array.Resize(ref _items, Math.Min(CountMax, _items.Length * 4));
        return ref _items[_count++];
    }

    /// <summary>A message that no queue gets: nothing is left to do but to count it.</summary>
    public void CountUnroutable(Route route)
    {
        if (!ReferenceEquals(route, _nowhere)) CountNowhere();
        _nowhere = route;
        _nowhereCount++;
    }

    /// <summary>Shows a message that no queue gets to those who watch, behind what is in the batch.</summary>
    public void ShowUnroutable(ref OutgoingPublish message, FlushSet flushes)
    {
        Flush(flushes);
        _by?.Host.Tap?.Published(new Span<OutgoingPublish>(ref message), _by, flushes);
    }

    /// <summary>
    /// Hands everything over, in order, and empties the batch. The pointers in it are not used after the return.
    /// </summary>
    public void Flush(FlushSet flushes)
    {
        if (_nowhereCount > 0) CountNowhere();
        if (_count == 0) return;
        var nowMs = _broker.NowMs;
        var pipeline = _broker.Pipeline;
        var items = _items.AsSpan(0, _count);
        RouteCounts.Count(items);
        _by?.Host.Tap?.Published(items, _by, flushes);
        for (var at = 0; at < items.Length;)
        {
            var run = items[at..];
            if (run[0].Route.HasRefusing && !TryAdmit(ref run[0], flushes))
            {
                at++;
                continue;
            }

            if (!NeedsPipeline(in run[0], pipeline))
            {
                var length = DirectRunLength(run);
                HandOver(run[..length], nowMs, flushes);
                at += length;
                continue;
            }

            var count = PipelinedRunLength(run);
            _lastTicket = Math.Max(_lastTicket, pipeline.AppendPublishes(run[..count], nowMs, flushes));
            at += count;
        }

        items.Clear();
        _count = 0;
    }

    private void CountNowhere()
    {
        _nowhere?.Meter?.Count(_nowhereCount, 0);
        _nowhere = null;
        _nowhereCount = 0;
    }

    /// <summary>A message that some queue refuses gets its negative acknowledgement at once.</summary>
    /// <returns>False when no queue is left: the message is done with.</returns>
    private bool TryAdmit(ref OutgoingPublish item, FlushSet flushes)
    {
        var admitted = Admission.Ask(ref item, _broker);
        if (admitted == Admitted.ByAll) return true;
        item.Source?.Handled(item.Seq, item.Seq, accepted: false, flushes);
        item.Source = null;
        return admitted == Admitted.BySome || item.Retained is not null;
    }

    private bool NeedsPipeline(in OutgoingPublish item, CommitPipeline pipeline) =>
        pipeline.AppliedTicket < _lastTicket || item.Retained is not null
        || (pipeline.HasJournal && item.Route.NeedsJournal(item.IsPersistent));

    /// <summary>Messages from the start that go the same direct way: the same route, so the same queues.</summary>
    private int DirectRunLength(ReadOnlySpan<OutgoingPublish> run)
    {
        var route = run[0].Route;
        var length = 1;
        if (route.HasRefusing) return length;
        var journal = _broker.Pipeline.HasJournal;
        while (length < run.Length && ReferenceEquals(run[length].Route, route) && run[length].Retained is null
            && !(journal && route.NeedsJournal(run[length].IsPersistent)))
        {
            length++;
        }

        return length;
    }

    /// <summary>
    /// Once one message takes the pipeline all after it in this batch follow, up to one that has to ask for admission.
    /// </summary>
    private static int PipelinedRunLength(ReadOnlySpan<OutgoingPublish> run)
    {
        var length = 1;
        while (length < run.Length && !run[length].Route.HasRefusing) length++;
        return length;
    }

    private void HandOver(Span<OutgoingPublish> run, long nowMs, FlushSet flushes)
    {
        foreach (var queue in run[0].Route.Queues) queue.PublishDirect(run, nowMs, flushes);
        foreach (ref readonly var item in run)
        {
            if (item.Kept is { } location) _broker.Arena.Release(location);
        }

        for (var at = 0; at < run.Length;)
        {
            var length = SourceRun.Length(run[at..]);
            run[at].Source?.Handled(run[at].Seq, run[at + length - 1].Seq, accepted: true, flushes);
            at += length;
        }
    }
}

/// <summary>Finds runs of messages that one source can be told of in one call.</summary>
internal static class SourceRun
{
    public static int Length(ReadOnlySpan<OutgoingPublish> items)
    {
        var source = items[0].Source;
        var length = 1;
        while (length < items.Length && ReferenceEquals(items[length].Source, source)
            && items[length].Seq == items[length - 1].Seq + 1)
        {
            length++;
        }

        return length;
    }
}
