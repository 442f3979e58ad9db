using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Extensions.Logging;
using Posthaste.Broker.Formats;
using Posthaste.Broker.Pipeline;
using Posthaste.Broker.Publishing;
using Posthaste.Core.Messages;
using Posthaste.Primitives;
using Posthaste.Primitives.Tables;

namespace Posthaste.Broker.Events;

/// <summary>Something that has happened, on its way to the event exchange.</summary>
/// <param name="Key">Its name, which is the routing key.</param>
/// <param name="AtMs">When, Unix milliseconds.</param>
/// <param name="Fields">What is known of it.</param>
internal readonly record struct BrokerEvent(string Key, long AtMs, KeyValuePair<string, FieldValue>[] Fields);

/// <summary>
/// Publishes events to the event exchange, in the order in which they happened, on a thread of the pool: whoever adds
/// one may hold any lock. Any thread.
/// </summary>
internal sealed partial class EventPublisher : PipelineCallback, IThreadPoolWorkItem
{
    /// <summary>
    /// Events that wait at most; more are dropped and counted. 10,000, some 10 MB: all connections of a fleet that
    /// comes back at once, while the disk is busy.
    /// </summary>
    public const int WaitingMax = 10_000;

    /// <summary>Events that are handed over at once.</summary>
    private const int BatchMax = 256;

    private const int MsPerSecond = 1_000;

    private readonly MessageBroker _broker;
    private readonly ILogger _log;
    private readonly Lock _lock = new();
    private readonly Lock _publishing = new();
    private readonly Queue<BrokerEvent> _waiting = new();
    private readonly List<BrokerEvent> _leaving = [];
    private readonly PublishBatch _batch;
    private readonly PinnedSpace _bytes;
    private long _lostCount;
    private bool _isMoving;
    private bool _isStopped;

    public EventPublisher(MessageBroker broker)
    {
        _broker = broker;
        _log = broker.Loggers.CreateLogger<EventPublisher>();
        _batch = new PublishBatch(broker);
        _bytes = new PinnedSpace(broker.Buffers);
    }

    /// <summary>Events that were dropped because too many waited.</summary>
    public long LostCount => Interlocked.Read(ref _lostCount);

    public void Add(in BrokerEvent happened)
    {
        lock (_lock)
        {
            if (_isStopped) return;
            if (_waiting.Count >= WaitingMax)
            {
                if (Interlocked.Increment(ref _lostCount) == 1) LogLost(WaitingMax);
                return;
            }

            _waiting.Enqueue(happened);
            if (_isMoving) return;
            _isMoving = true;
        }

        _broker.Scheduler.Schedule(this);
    }

    /// <summary>Publishes what waits, and nothing from then on. The broker is closing.</summary>
    public void Stop()
    {
        lock (_publishing)
        {
            lock (_lock) _isStopped = true;
            while (TryTake()) Publish(FlushSet.ForThisThread);
        }
    }

    /// <summary>What was on its way to the disk when it stopped is there.</summary>
    protected internal override void Applied(bool durable, FlushSet flushes) => _broker.Scheduler.Schedule(this);

    void IThreadPoolWorkItem.Execute()
    {
        var flushes = FlushSet.ForThisThread;
        lock (_publishing)
        {
            while (TryTake())
            {
                Publish(flushes);
                if (!_broker.Pipeline.IsCongested || _broker.Pipeline.IsFailed) continue;
                _broker.Pipeline.Post(this);
                break;
            }
        }

        flushes.FlushAll();
    }

    private bool TryTake()
    {
        lock (_lock)
        {
            while (_leaving.Count < BatchMax && _waiting.TryDequeue(out var next)) _leaving.Add(next);
            return _isMoving = _leaving.Count > 0;
        }
    }

    private void Publish(FlushSet flushes)
    {
        if (_broker.FindVirtualHost(_broker.Options.EventVirtualHost) is { } host)
        {
            var routes = host.CreateRouteCache();
            foreach (var happened in _leaving) Add(routes, in happened);
            _batch.Flush(flushes);
            _bytes.Release();
        }

        _leaving.Clear();
    }

    private unsafe void Add(RouteCache routes, in BrokerEvent happened)
    {
        var headers = FieldTable.Create([new("timestamp_in_ms", happened.AtMs), .. happened.Fields]);
        var key = Encoding.UTF8.GetBytes(happened.Key);
        var status = routes.Resolve(BrokerEvents.ExchangeBytes, key, out var route);
        if (status == RouteStatus.NeedsHeaders)
            status = routes.Resolve(BrokerEvents.ExchangeBytes, key, [], new TableLookup(headers), out route);
        if (status != RouteStatus.Found || route.IsEmpty) return;
        var properties = _bytes.Take(BrokerFormat.GetBytes(headers));
        BrokerFormat.Write(properties, (ulong)(happened.AtMs / MsPerSecond), headers);
        var start = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(properties));
        _batch.Add() = new OutgoingPublish
        {
            Route = route,
            TtlMs = -1,
            Format = PropertyFormat.Broker,
            Flags = MessageFlags.Persistent,
            Properties = start,
            PropertiesLength = properties.Length,
            Body = start,
        };
    }

    [LoggerMessage(EventId = 2901, Level = LogLevel.Warning,
        Message = "More than {Max} events wait to be published: further ones are dropped and counted")]
    private partial void LogLost(int max);
}
