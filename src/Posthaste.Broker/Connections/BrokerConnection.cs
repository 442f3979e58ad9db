using Posthaste.Broker.Limits;
using Posthaste.Broker.Protocols;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Security;
using Posthaste.Broker.Security.Access;
using Posthaste.Broker.Statistics;
using Posthaste.Core.Routing;

namespace Posthaste.Broker.Connections;

/// <summary>A client's connection as the broker knows it: who it is, and what goes when it goes.</summary>
public sealed class BrokerConnection : IDisposable
{
    /// <summary>Exchanges that are remembered as published to. 8: a picture has no room for more.</summary>
    private const int PublishesToMax = 8;

    private readonly MessageBroker _broker;
    private readonly Lock _lock = new();
    private HashSet<BrokerQueue>? _exclusiveQueues;
    private readonly UserUsage? _usage;
    private volatile Exchange[] _publishesTo = [];
    private int _publishedVersion = -1;
    private volatile AccessRules _access;
    private volatile BrokerChannel[] _channels = [];
    private volatile BrokerUser _user;
    private volatile string? _closeReason;
    private int _channelCount;
    private int _disposed;

    internal BrokerConnection(MessageBroker broker, ulong id, ProtocolConnection transport, string protocol,
        BrokerUser user, VirtualHost host, AccessRules access, UserUsage? usage)
    {
        _access = access;
        _usage = usage;
        _broker = broker;
        Id = id;
        Transport = transport;
        Protocol = protocol;
        OpenedAtMs = broker.NowMs;
        _user = user;
        Host = host;
        Meter = new ConnectionMeter(broker.Statistics, host.Meter, protocol);
    }

    /// <summary>Somebody wants it closed (an operator, a shutdown), with the reason to tell the client.</summary>
    public event Action<string>? CloseRequested;

    /// <summary>
    /// Why it was asked to close; null when it was not. Whoever begins to listen to <see cref="CloseRequested"/> looks
    /// here once: it may have been asked before.
    /// </summary>
    public string? CloseReason => _closeReason;

    /// <summary>Unique for the life of the process.</summary>
    public ulong Id { get; }

    public ProtocolConnection Transport { get; }

    /// <summary>Name of the protocol: <c>amqp</c>, ….</summary>
    public string Protocol { get; }

    /// <summary>When it was opened, in milliseconds since the Unix epoch.</summary>
    public long OpenedAtMs { get; }

    /// <summary>Who it is; replaced when the login is renewed, never by somebody else. Any thread.</summary>
    public BrokerUser User => _user;

    public VirtualHost Host { get; }

    /// <summary>What it counts.</summary>
    public ConnectionMeter Meter { get; }

    /// <summary>What the user may do here; replaced when the permissions change. Any thread.</summary>
    public AccessRules Access => _access;

    /// <summary>What variables in topic permissions stand for.</summary>
    public TopicClient TopicClient { get; set; }

    /// <summary>How lists name it: by its two ends.</summary>
    public string Name => Transport.RemoteEndPoint is null
        ? $"in-process {Id}"
        : $"{Transport.RemoteEndPoint} -> {Transport.LocalEndPoint}";

    /// <summary>What the client calls itself; null if it doesn't say.</summary>
    public string? ClientName { get; set; }

    /// <summary>Its open channels, in the order in which they were opened. Any thread.</summary>
    public IReadOnlyList<BrokerChannel> Channels => _channels;

    /// <summary>
    /// Exchanges that it has published to since the topology last changed, the first few. Any thread.
    /// </summary>
    public IReadOnlyList<Exchange> PublishesTo => _publishesTo;

    /// <summary>
    /// A session without channels counts its messages on the connection itself. The reader's, at most once.
    /// </summary>
    public void CountTraffic(ITrafficSource source) => Meter.Add(new TrafficMeter(_broker.Statistics, Meter, source));

    /// <summary>
    /// A channel opens; a protocol without channels has one for the connection. For connections that are counted.
    /// </summary>
    /// <exception cref="BrokerLimitException">The user has as many as may be.</exception>
    public void OpenChannel()
    {
        _broker.Usage.OpenChannel(_usage!);
        Interlocked.Increment(ref _channelCount);
    }

    /// <summary>A channel has closed. Those that are left close with the connection.</summary>
    public void CloseChannel()
    {
        Interlocked.Decrement(ref _channelCount);
        _broker.Usage.CloseChannel(_usage!);
    }

    /// <summary>Takes what has been published from the quotas of the user and the virtual host.</summary>
    /// <returns>How long to wait before more is read; zero or less for not at all.</returns>
    internal TimeSpan Charge(int messageCount, long byteCount)
    {
        var (ofUser, ofHost) = (_usage?.Rates, Host.Rates);
        if (ofUser is null && ofHost is null) return TimeSpan.Zero;
        var userWait = ofUser?.Charge(messageCount, byteCount) ?? TimeSpan.Zero;
        var hostWait = ofHost?.Charge(messageCount, byteCount) ?? TimeSpan.Zero;
        return userWait > hostWait ? userWait : hostWait;
    }

    /// <summary>It publishes to an exchange for which no route was at hand. The reader's.</summary>
    /// <param name="exchange">Named by the message.</param>
    /// <param name="version">Of the catalog: what was published before it changed is forgotten.</param>
    internal void NotePublish(Exchange exchange, int version)
    {
        var known = _publishedVersion == version ? _publishesTo : [];
        _publishedVersion = version;
        _publishesTo = known.Length < PublishesToMax && !known.Contains(exchange) ? [.. known, exchange] : known;
    }

    /// <summary>The connection has declared an exclusive queue, which goes with it.</summary>
    internal void Own(BrokerQueue queue)
    {
        lock (_lock) (_exclusiveQueues ??= []).Add(queue);
    }

    /// <summary>The reader's.</summary>
    internal TrafficMeter AddChannel(BrokerChannel channel)
    {
        var meter = new TrafficMeter(_broker.Statistics, Meter, channel);
        Meter.Add(meter);
        _channels = [.. _channels, channel];
        _broker.Events.ChannelOpened(channel);
        return meter;
    }

    /// <summary>The reader's.</summary>
    internal void Remove(BrokerChannel channel, TrafficMeter meter)
    {
        _channels = [.. _channels.Where(other => other != channel)];
        Meter.End(meter);
        _broker.Events.ChannelClosed(channel);
    }

    internal void Disown(BrokerQueue queue)
    {
        lock (_lock) _exclusiveQueues?.Remove(queue);
    }

    internal IReadOnlyCollection<BrokerQueue> TakeExclusiveQueues()
    {
        lock (_lock)
        {
            var queues = _exclusiveQueues;
            _exclusiveQueues = null;
            return queues ?? [];
        }
    }

    /// <summary>The permissions have changed. Any thread.</summary>
    internal void Refresh(AccessRules access)
    {
        _access = access;
        if (access.MayEnter) return;
        RequestClose(Host.IsDeleted ? Host.DeletedText : $"access to vhost '{Host.Name}' was withdrawn");
    }

    /// <summary>
    /// The client has proven again who it is, with other rights perhaps, and later to end. Not taken when it is not
    /// the same: another name, or a token in place of a user of the store.
    /// </summary>
    /// <returns>Whether it is the same.</returns>
    public bool TryRenew(BrokerUser user)
    {
        if (user.Name != _user.Name || user.Grants is null != _user.Grants is null) return false;

        // What a service has said stays said; it is asked again in its own time.
        if (_user.Grants is { AsksElsewhere: true } grants) user = user with { Grants = grants };
        _user = user;
        Refresh(_broker.Authenticator.RulesFor(user, Host.Name));
        return true;
    }

    /// <summary>Asks the session to close, in its protocol's words.</summary>
    public void RequestClose(string reason)
    {
        _closeReason ??= reason;
        CloseRequested?.Invoke(reason);
    }

    /// <summary>
    /// The connection has ended: its exclusive queues go. The session must have cancelled its subscriptions and
    /// returned what they held.
    /// </summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        if (_usage is not null) _broker.Usage.Leave(_usage, Host, _channelCount);
        _broker.Close(this);
    }
}

/// <summary>A limit of the broker stands against it.</summary>
public sealed class BrokerLimitException(string message) : Exception(message);
