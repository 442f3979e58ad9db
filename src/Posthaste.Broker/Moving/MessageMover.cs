using System.Text;
using Posthaste.Broker.Publishing;
using Posthaste.Broker.Queues;
using Posthaste.Core.Messages;
using Posthaste.Core.Queues;

namespace Posthaste.Broker.Moving;

/// <summary>
/// Moves messages of one queue to another, or dead letters back to where they died, in batches that are one record
/// each. They go straight to their queue, past exchanges, and keep what they know of their deaths. Any thread; reads
/// from disk on the caller's.
/// </summary>
public sealed class MessageMover
{
    private const int MsPerSecond = 1_000;

    /// <summary>With a rate, that many batches a second: smooth enough, and no record for each message.</summary>
    private const int BatchesPerSecond = 10;

    private readonly BrokerQueue _from;
    private readonly MoveRequest _request;
    private readonly BrokerQueue? _destination;
    private readonly MessageBroker _broker;
    private readonly int _batchCountMax;
    private readonly Dictionary<string, long> _targets = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _batchTargets = new(StringComparer.Ordinal);
    private MoveBatch _batch;
    private volatile MoveResult _progress = new(0, 0, 0, new Dictionary<string, long>(), Stopped: null);
    private long _scanned;
    private long _matched;
    private long _moved;
    private string? _stopped;

    private MessageMover(BrokerQueue from, MoveRequest request, BrokerQueue? destination)
    {
        _from = from;
        _request = request;
        _destination = destination;
        _broker = from.Host.Broker;
        _batchCountMax = request.RatePerSecond is { } rate
            ? Math.Clamp(rate / BatchesPerSecond, 1, MoveBatch.CountMax)
            : MoveBatch.CountMax;
        _batch = new MoveBatch(from);
    }

    /// <summary>What it has come to so far. Any thread.</summary>
    public MoveResult Progress => _progress;

    /// <param name="from">The queue to take messages from: those that are ready when it runs.</param>
    /// <param name="request">Which, where to, how fast.</param>
    /// <exception cref="ArgumentException">
    /// The destination is no queue of the virtual host, or the same one.
    /// </exception>
    public static MessageMover Create(BrokerQueue from, MoveRequest request)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(request);
        BrokerQueue? destination = null;
        if (request.Destination is { } name
            && (!from.Host.TryGetQueue(Encoding.UTF8.GetBytes(name), out destination) || destination == from))
        {
            throw new ArgumentException($"'{name}' is no other queue in vhost '{from.Host.Name}'", nameof(request));
        }

        return new MessageMover(from, request, destination);
    }

    /// <summary>Moves them. Once.</summary>
    /// <param name="cancellation">Ends it between two batches; what was moved is moved.</param>
    public async Task<MoveResult> RunAsync(CancellationToken cancellation)
    {
        using var walk = new QueueWalk(_from);
        while (_stopped is null && !IsEnough && walk.Step(Visit))
        {
            if (_batch.Count > 0) await FinishBatchAsync(cancellation).ConfigureAwait(false);
            if (cancellation.IsCancellationRequested) _stopped ??= "cancelled";
            Report();
        }

        Report();
        return _progress;
    }

    private void Report() =>
        _progress = new MoveResult(_scanned, _matched, _moved, new Dictionary<string, long>(_targets), _stopped);

    private bool IsEnough => _moved + _batch.Count >= (_request.CountMax ?? long.MaxValue);

    private bool Visit(in DeliveredMessage found)
    {
        if (_batch.Count == _batchCountMax || _batch.IsFull || IsEnough) return false;
        var message = found.Message;
        var deaths = DeathHistory.Read(message.Annotations).Deaths;
        var last = deaths.Count > 0 ? deaths[0] : null;
        var format = _broker.Formats.For(message.Format);
        if (!_request.IsFor(in message, last, format))
        {
            _scanned++;
            return true;
        }

        var to = _destination ?? FindOrigin(last!);
        if (to is not null && !TryMove(found.Id, in message, to, last)) return false;
        _scanned++;
        _matched++;
        return true;
    }

    /// <summary>The queue where it died last; null when that is gone, or this one.</summary>
    private BrokerQueue? FindOrigin(Death last) =>
        _from.Host.TryGetQueue(Encoding.UTF8.GetBytes(last.Queue), out var origin) && origin != _from ? origin : null;

    /// <returns>False when the target has no room: the batch ends before this message.</returns>
    private bool TryMove(EntryId id, in MessageView message, BrokerQueue to, Death? last)
    {
        if (_request.IsDryRun)
        {
            Count(_targets, to.Name);
            _moved++;
            return true;
        }

        if (!to.TryAdmit(message.Body.Length))
        {
            _stopped = $"queue '{to.Name}' is full";
            return false;
        }

        var route = _destination is null ? RouteBack(to, last!) : Route.To(to, message.Exchange, message.RoutingKey);
        var flushes = FlushSet.ForThisThread;
        if (_batch.TryAdd(id, in message, route, to, flushes)) Count(_batchTargets, to.Name);
        flushes.FlushAll();
        return true;
    }

    /// <summary>With the exchange and key that it had come with before it died.</summary>
    private static Route RouteBack(BrokerQueue to, Death last) => Route.To(
        to, Encoding.UTF8.GetBytes(last.Exchange),
        Encoding.UTF8.GetBytes(last.RoutingKeys.Count > 0 ? last.RoutingKeys[0] : to.Name));

    private async Task FinishBatchAsync(CancellationToken cancellation)
    {
        var count = _batch.Count;
        if (await _batch.CommitAsync().ConfigureAwait(false))
        {
            _moved += count;
            foreach (var (name, moved) in _batchTargets) Count(_targets, name, moved);
        }
        else
        {
            _stopped = "the disk has no room left to record it, or has failed";
        }

        _batchTargets.Clear();
        _batch = new MoveBatch(_from);
        Report();
        if (_request.RatePerSecond is not { } rate || _stopped is not null) return;
        try
        {
            var pause = TimeSpan.FromMilliseconds((double)count * MsPerSecond / rate);
            await Task.Delay(pause, _broker.Options.Time, cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            _stopped = "cancelled";
        }
    }

    private static void Count(Dictionary<string, long> counts, string name, long count = 1) =>
        counts[name] = counts.GetValueOrDefault(name) + count;
}
