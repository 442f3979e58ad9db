using System.Text;
using Posthaste.Broker;
using Posthaste.Broker.Pipeline;
using Posthaste.Broker.Publishing;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Sessions;
using Posthaste.Core.Messages;
using Posthaste.Core.Retained;
using Posthaste.Protocols.Mqtt.Format;
using Posthaste.Protocols.Mqtt.Wire;
using Posthaste.Protocols.Mqtt.Wire.Topics;

namespace Posthaste.Protocols.Mqtt.Session;

/// <summary>
/// Gives new subscriptions the retained messages that match them, as copies through the client's own queue: so those of
/// QoS 1 and 2 are delivered like any other, also when the connection breaks in between.
/// </summary>
/// <remarks>
/// Begins when all that came before the subscription has taken effect, and goes on in small steps while the client
/// takes them: a wildcard over a million topics holds up nobody, and puts no more than <see cref="UnderWayMax"/> into
/// memory. The reader's alone, but for what is under way.
/// </remarks>
internal sealed class RetainedFeed : PublishSource
{
    /// <summary>Copies that are on their way to the client or wait in its queue. 256: keeps it busy.</summary>
    private const int UnderWayMax = 256;

    // Copies between two looks at the room, and such steps before the reader looks at what has come.
    private const int StepCount = 64;
    private const int StepsPerTurn = 16;

    private readonly MqttConnection _connection;
    private readonly SessionQueues _queues;
    private PublishBatch? _batch;
    private readonly List<TopicSubscription> _asked = [];
    private readonly Queue<Walk> _walks = new();
    private readonly List<RetainedMessage> _found = [];
    private int _underWay;
    private ulong _lastSeq;
    private volatile bool _isStopped;

    public RetainedFeed(MqttConnection connection, SessionQueues queues)
    {
        _connection = connection;
        _queues = queues;
    }

    /// <summary>There is more to send.</summary>
    public bool IsPending => _walks.Count > 0;

    /// <summary>A new subscription asks for what is retained.</summary>
    public void Add(TopicSubscription subscription) => _asked.Add(subscription);

    /// <summary>The subscription is gone.</summary>
    public void Remove(string filter)
    {
        foreach (var walk in _walks)
            walk.IsCancelled |= walk.Subscription.Filter == filter;
    }

    /// <summary>Begins for all that were added, behind everything that was published before.</summary>
    public void Start()
    {
        foreach (var subscription in _asked)
        {
            var walk = new Walk(subscription, this);
            _walks.Enqueue(walk);
            _connection.Broker.Pipeline.Post(walk);
        }

        _asked.Clear();
    }

    /// <summary>The connection is over.</summary>
    public void Stop()
    {
        _isStopped = true;
        _walks.Clear();
    }

    /// <summary>Goes on, as far as the client takes more. Before anything else of a read is gathered.</summary>
    public void Feed(ReadScope scope)
    {
        for (var step = 0; step < StepsPerTurn; step++)
        {
            while (_walks.TryPeek(out var ended) && (ended.IsCancelled || ended.IsAtEnd))
                _walks.Dequeue();
            if (!_walks.TryPeek(out var walk) || !walk.IsReady)
                return;
            if (_queues.QueueOf(walk.Subscription) is not { } queue)
            {
                walk.IsCancelled = true;
                continue;
            }

            if (!HasRoom(queue))
                return;
            Advance(walk, queue, scope);
        }

        // The client may have more to say than to hear.
        _connection.Continue();
    }

    protected override void Handled(ulong firstSeq, ulong lastSeq, bool accepted, FlushSet flushes)
    {
        var left = Interlocked.Add(ref _underWay, -(int)(lastSeq - firstSeq + 1));
        if (left < UnderWayMax / 2 && !_isStopped)
            _connection.Continue();
    }

    private bool HasRoom(BrokerQueue queue) =>
        _connection.Output.HasRoom && Volatile.Read(ref _underWay) + queue.MessageCount < UnderWayMax;

    private void Advance(Walk walk, BrokerQueue queue, ReadScope scope)
    {
        if (walk.System is { } system)
        {
            foreach (var (topic, value) in system)
                AddSystem(walk, queue, topic, value, scope);
            walk.System = null;
        }

        _found.Clear();
        walk.IsAtEnd = !_connection.Host.Retained.Read(walk.Cursor, _found, StepCount);
        foreach (var found in _found)
            AddCopy(walk, queue, found, scope);
        _batch?.Flush(scope.Flushes);
        scope.Reset();
    }

    private void AddCopy(Walk walk, BrokerQueue queue, in RetainedMessage retained, ReadScope scope)
    {
        var subscription = walk.Subscription;
        var message = retained.Message;
        var facts = PublishFacts.Of(message, out var properties);
        if (subscription.NoLocal && facts.Mark == _connection.Session.Mark) // [MQTT-3.8.3-3]
            return;

        // What came after the subscription stood comes by itself. Later than now is none of that: the clock was set.
        if (message.ReceivedAtMs > walk.SinceMs && message.ReceivedAtMs <= _connection.Broker.NowMs)
            return;
        if (message.Format != PropertyFormat.Mqtt)
            properties = PropertyConverter.ForThisThread.Convert(message, _connection.Broker.Formats, out _);
        var leftMs = retained.ExpiresAtMs == 0 ? -1 : long.Max(1, retained.ExpiresAtMs - _connection.Broker.NowMs);
        var qos = (QoS)byte.Min((byte)facts.QoS, (byte)subscription.MaxQoS);
        Add(Route.To(queue, message.Exchange, message.RoutingKey), qos, properties, subscription, message.Body, leftMs,
            scope);
    }

    private void AddSystem(Walk walk, BrokerQueue queue, string topic, string value, ReadScope scope)
    {
        var name = Encoding.UTF8.GetBytes(topic);
        if (!TopicFilter.Matches(Encoding.UTF8.GetBytes(walk.Subscription.Filter), name))
            return;
        TopicKeys.Swap(name, name);
        Add(Route.To(queue, MqttHandler.ExchangeBytes, name), QoS.AtMostOnce, default, walk.Subscription,
            Encoding.UTF8.GetBytes(value), ttlMs: -1, scope);
    }

    private unsafe void Add(
        Route route, QoS qos, ReadOnlySpan<byte> properties, TopicSubscription subscription, ReadOnlySpan<byte> body,
        long ttlMs, ReadScope scope)
    {
        const int MsPerSecond = 1000;
        var facts = new PublishFacts(
            qos, Retain: true, IsCopy: true,
            ExpiryS: ttlMs < 0 ? null : (uint)((ttlMs + MsPerSecond - 1) / MsPerSecond));
        var identifier = Grant.Of([subscription], isLocal: false).Identifiers;
        var encoded = scope.Take(facts.Bytes + properties.Length + identifier.Length);
        facts.Write(encoded);
        properties.CopyTo(encoded[facts.Bytes..]);
        identifier.CopyTo(encoded[(facts.Bytes + properties.Length)..]);
        var payload = scope.Take(body.Length);
        body.CopyTo(payload);

        _batch ??= new PublishBatch(_connection.Broker);
        ref var copy = ref _batch.Add();
        copy.Route = route;
        copy.Source = this;
        copy.Seq = ++_lastSeq;
        copy.Format = PropertyFormat.Mqtt;
        copy.Flags = qos == QoS.AtMostOnce ? MessageFlags.None : MessageFlags.Persistent;
        copy.TtlMs = ttlMs;
        copy.Properties = ReadScope.AddressOf(encoded);
        copy.PropertiesLength = encoded.Length;
        copy.Body = ReadScope.AddressOf(payload);
        copy.BodyLength = payload.Length;
        Interlocked.Increment(ref _underWay);
    }

    /// <summary>One subscription's way through what is retained.</summary>
    private sealed class Walk : PipelineCallback
    {
        private readonly RetainedFeed _feed;
        private volatile bool _isReady;

        public Walk(TopicSubscription subscription, RetainedFeed feed)
        {
            _feed = feed;
            Subscription = subscription;
            SinceMs = feed._connection.Broker.NowMs;
            var filter = Encoding.UTF8.GetBytes(subscription.Filter);
            if (filter.AsSpan().StartsWith("$SYS"u8))
                System = feed._connection.Handler.SystemTopics?.Current();
            TopicKeys.Swap(filter, filter);
            Cursor = new RetainedCursor(filter, PatternSyntax.Mqtt);
        }

        public TopicSubscription Subscription { get; }

        /// <summary>When the subscription stood, Unix milliseconds.</summary>
        public long SinceMs { get; }

        public RetainedCursor Cursor { get; }

        /// <summary>The broker's own topics, until they are sent.</summary>
        public IEnumerable<(string Topic, string Value)>? System { get; set; }

        /// <summary>What was published before the subscription has taken effect.</summary>
        public bool IsReady => _isReady;

        public bool IsAtEnd { get; set; }

        public bool IsCancelled { get; set; }

        protected override void Applied(bool durable, FlushSet flushes)
        {
            _isReady = true;
            if (!_feed._isStopped)
                _feed._connection.Continue();
        }
    }
}
