using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Posthaste.Broker.Auditing;
using Posthaste.Broker.Connections;
using Posthaste.Broker.DeadLettering;
using Posthaste.Broker.Events;
using Posthaste.Broker.Flow;
using Posthaste.Broker.Formats;
using Posthaste.Broker.Limits;
using Posthaste.Broker.Moving;
using Posthaste.Broker.Notes;
using Posthaste.Broker.Parameters;
using Posthaste.Broker.Pipeline;
using Posthaste.Broker.Protocols;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Replies;
using Posthaste.Broker.Retained;
using Posthaste.Broker.Scheduling;
using Posthaste.Broker.Security;
using Posthaste.Broker.Security.Access;
using Posthaste.Broker.Security.Remote;
using Posthaste.Broker.Security.Tokens;
using Posthaste.Broker.Statistics;
using Posthaste.Broker.Storage;
using Posthaste.Broker.Tracing;
using Posthaste.Core.Catalog;
using Posthaste.Primitives;
using Posthaste.Storage.Segments;

namespace Posthaste.Broker;

/// <summary>
/// The broker: virtual hosts with their exchanges and queues on one journal. It listens nowhere: protocols bring it
/// their connections.
/// </summary>
/// <remarks>
/// All public members may be called from any thread. Threads of its own: one that commits, one that applies, one that
/// reads back from disk, one for upkeep (files, evacuation), and timers. Lock order: catalog, queue strand, outputs of
/// sessions, pipeline, arena.
/// </remarks>
public sealed partial class MessageBroker : IAsyncDisposable
{
    /// <summary>The virtual host of clients that name none, there from the start as in RabbitMQ.</summary>
    public const string DefaultVirtualHost = "/";

    /// <summary>
    /// The source of the spans of traced messages: what a host gives to OpenTelemetry's `AddSource`. See
    /// <see cref="TracingOptions"/>.
    /// </summary>
    public const string TraceSourceName = "Posthaste";

    /// <summary>Name of the one node.</summary>
    public static string NodeName { get; } = $"posthaste@{Environment.MachineName}";

    private readonly ILogger _log;
    private readonly ConcurrentDictionary<ulong, BrokerQueue> _queues = new();
    private readonly ConcurrentDictionary<ulong, BrokerConnection> _connections = new();
    private readonly DataStore _data;
    private readonly bool _ownsThreads;
    private readonly KeyCache? _keys;
    private readonly HttpBackend? _remoteUsers;
    private readonly UserAuthenticator? _ownAuthenticator;
    private CommitLoop? _commitLoop;
    private Upkeep? _upkeep;
    private ulong _lastConnectionId;
    private int _disposed;

    private MessageBroker(
        MessageBrokerOptions options, ILoggerFactory loggers, DataStore data, IWorkScheduler? scheduler,
        KeyCache? keys, AuditLog audit)
    {
        Options = options;
        Loggers = loggers;
        _log = loggers.CreateLogger<MessageBroker>();
        _data = data;
        _ownsThreads = scheduler is null;
        Scheduler = scheduler ?? new PoolScheduler();
        QueueIds = new CatalogIds(options.FillRandom);
        Pipeline = new CommitPipeline(data.IsDurable, Arena, options);
        Store = new MessageStore(Arena, data);
        Loader = new MessageLoader(this, _ownsThreads);
        DeadLetterer = new DeadLetterer(this);
        Timers = new QueueTimers(this);
        Ticker = new BrokerTicker(options.ConnectionTime);
        Statistics = new BrokerStatistics(options.Time, options.ConnectionTime);
        Ticker.Register(Statistics);
        Notes = new VirtualHostNotes(this, BrokerNotesId);
        Events = new BrokerEvents(this);
        Users = new UserStore(Notes, name => FindVirtualHost(name) is not null, Events);
        Parameters = new GlobalParameters(Notes, Events);
        Usage = new UsageLimits(this);
        Audit = audit;
        if (options.Authenticator is null)
        {
            if (options.Authentication.UsesHttp) _remoteUsers = AskOverHttp(options, loggers);
            _ownAuthenticator = new UserAuthenticator(
                Users, options.Authentication, options.ConnectionTime, options.FillRandom, Scheduler, keys,
                _remoteUsers);
        }

        Authenticator = new AuditedAuthenticator(options.Authenticator ?? _ownAuthenticator!, this);
        Authenticator.AccessChanged += RefreshAccess;
        Ticker.Register(new MemoryWatch(this));
        Ticker.Register(new RetainedSweep(this));
        Ticker.Register(audit);
        Tracing = new TraceSwitch(this);
        Ticker.Register(Tracing);
        _keys = keys;
        if (keys is not null) Ticker.Register(keys);
        if (_remoteUsers is not null) Ticker.Register(_remoteUsers);
    }

    public MessageBrokerOptions Options { get; }

    /// <summary>Now, in milliseconds since the Unix epoch, by the broker's clock.</summary>
    public long NowMs => Options.Time.GetUtcNow().ToUnixTimeMilliseconds();

    public CommitPipeline Pipeline { get; }

    public ResourceAlarms Alarms { get; } = new();

    public MessageFormats Formats { get; } = new();

    public BrokerTicker Ticker { get; }

    /// <summary>What its objects count, and how fast.</summary>
    public BrokerStatistics Statistics { get; }

    /// <summary>What happens, for whoever wants to know.</summary>
    public BrokerEvents Events { get; }

    /// <summary>Who may use the broker, unless <see cref="MessageBrokerOptions.Authenticator"/> decides that.</summary>
    public UserStore Users { get; }

    /// <summary>What operators keep with the broker under names of their own.</summary>
    public GlobalParameters Parameters { get; }

    /// <summary>What the cluster, here the one node, is called: as operators have named it, else as the node.</summary>
    public string ClusterName => Parameters.ClusterNameOr(NodeName);

    /// <summary>
    /// The password that was made for <see cref="AuthenticationOptions.DefaultUser"/> in this life of the broker, to be
    /// told once; null if none was.
    /// </summary>
    public string? MadePassword { get; private set; }

    /// <summary>What every protocol asks who somebody is.</summary>
    public IAuthenticator Authenticator { get; }

    /// <summary>Who has come in, who has not, and who has changed what.</summary>
    public AuditLog Audit { get; }

    public ILoggerFactory Loggers { get; }

    /// <summary>Requesters that wait for replies without a queue.</summary>
    public DirectReplies Replies { get; } = new();

    /// <summary>Messages that are being moved from queue to queue.</summary>
    public QueueMoves Moves { get; } = new();

    /// <summary>Pinned buffers for sessions that have to put a message together from pieces.</summary>
    public PinnedMemoryPool Buffers { get; } = new(idleBytesMax: 16 << 20);

    /// <summary>What opening the data directory found.</summary>
    public RecoverySummary Recovery { get; private set; } = RecoverySummary.InMemory;

    /// <summary>The queues that clients use.</summary>
    public IEnumerable<BrokerQueue> Queues => _queues.Values.Where(static queue => !queue.IsForDelayed);

    /// <summary>All queues, also those that hold delayed messages.</summary>
    internal IEnumerable<BrokerQueue> AllQueues => _queues.Values;

    public IEnumerable<BrokerConnection> Connections => _connections.Values;

    /// <summary>What has to be remembered of the broker as a whole.</summary>
    internal VirtualHostNotes Notes { get; }

    internal UsageLimits Usage { get; }

    internal TraceSwitch Tracing { get; }

    /// <summary>Where sessions are read that wait for a service's answers.</summary>
    internal WaitingThreads WaitingThreads { get; } = new();

    internal Lock CatalogLock { get; } = new();

    internal CatalogIds QueueIds { get; }

    internal MessageArena Arena { get; } = new();

    internal MessageStore Store { get; }

    internal SegmentStore? Segments => _data.Segments;

    internal DataStore Data => _data;

    internal MessageLoader Loader { get; }

    internal DeadLetterer DeadLetterer { get; }

    internal QueueTimers Timers { get; }

    /// <summary>Runs what must not run where it is asked for. Any thread.</summary>
    public IWorkScheduler Scheduler { get; }

    /// <summary>Whether there is such a virtual host, and the user may enter it; who may not is recorded.</summary>
    /// <param name="user">Who.</param>
    /// <param name="virtualHost">Where.</param>
    /// <param name="from">The user's connection.</param>
    public bool MayEnter(BrokerUser user, string virtualHost, ProtocolConnection from)
    {
        if (FindVirtualHost(virtualHost) is null) return false;
        if (Authenticator.RulesFor(user, virtualHost).MayEnter) return true;
        Audit.Write(AuditEvents.AccessDenied, user.Name, from, $"access to vhost '{virtualHost}'");
        return false;
    }

    /// <summary>
    /// <see cref="MayEnter"/>, for whoever may not wait: done already unless a service has to be asked.
    /// </summary>
    public ValueTask<bool> EnterAsync(BrokerUser user, string virtualHost, ProtocolConnection from) =>
        user.Grants is { AsksElsewhere: true } grants && FindVirtualHost(virtualHost) is not null
            ? AskAndEnterAsync(grants, user, virtualHost, from)
            : new(MayEnter(user, virtualHost, from));

    private async ValueTask<bool> AskAndEnterAsync(
        IUserGrants grants, BrokerUser user, string virtualHost, ProtocolConnection from)
    {
        await grants.PrepareAsync(virtualHost).ConfigureAwait(false);
        return MayEnter(user, virtualHost, from);
    }

    private static HttpBackend AskOverHttp(MessageBrokerOptions options, ILoggerFactory loggers)
    {
        var key = new byte[HMACSHA256.HashSizeInBytes];
        options.FillRandom(key);
        return new HttpBackend(
            options.Authentication.Http, options.ConnectionTime,
            text => Convert.ToBase64String(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text))),
            loggers.CreateLogger<HttpBackend>());
    }

    /// <summary>Registers a connection whose user has been authenticated.</summary>
    /// <exception cref="BrokerLimitException">
    /// There are too many connections, of all or of the virtual host or the user.
    /// </exception>
    public BrokerConnection OpenConnection(
        ProtocolConnection transport, string protocol, BrokerUser user, VirtualHost host, string? clientName = null)
    {
        if (_connections.Count >= Options.ConnectionsMax)
        {
            throw new BrokerLimitException($"connection limit ({Options.ConnectionsMax}) is reached");
        }

        var usage = Usage.Enter(user.Name, host);
        var connection = new BrokerConnection(
            this, Interlocked.Increment(ref _lastConnectionId), transport, protocol, user, host,
            Authenticator.RulesFor(user, host.Name), usage)
        {
            ClientName = clientName,
        };
        _connections[connection.Id] = connection;
        transport.LoggedIn();
        Events.ConnectionOpened(connection);

        // Asked again now that a change would find the connection: one in between has not.
        connection.Refresh(Authenticator.RulesFor(user, host.Name));
        if (host.IsDeleted) connection.RequestClose(host.DeletedText);
        return connection;
    }

    /// <summary>
    /// Stands for a user who has no connection of a protocol (a request to the management API): commands made by it
    /// are checked as for any client. Not counted, not listed; owns nothing and needs no end.
    /// </summary>
    /// <param name="user">Who acts.</param>
    /// <param name="host">Where.</param>
    /// <param name="transport">Where the request comes from.</param>
    /// <param name="access">What is allowed; null: what the user may do there.</param>
    public BrokerConnection ActAs(
        BrokerUser user, VirtualHost host, ProtocolConnection transport, AccessRules? access = null) => new(
        this, Interlocked.Increment(ref _lastConnectionId), transport, "http", user, host,
        access ?? Authenticator.RulesFor(user, host.Name), usage: null);

    /// <summary>
    /// Writes what is pending, syncs it, notes that the shutdown was clean, and lets go of the directory. Connections
    /// must be closed before.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        await Moves.StopAsync().ConfigureAwait(false);
        Authenticator.AccessChanged -= RefreshAccess;
        _ownAuthenticator?.Dispose();
        Ticker.Dispose();
        Tracing.Dispose();
        _keys?.Dispose();
        _remoteUsers?.Dispose();
        Timers.Dispose();
        _upkeep?.Stop();
        Loader.Dispose();
        Events.Close();
        if (!Pipeline.IsFailed) RecordCleanShutdown();
        if (_ownsThreads) _commitLoop?.Dispose();
        else CommitAndApply();
        _upkeep?.Dispose();
        _data.Dispose();
        await Audit.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Gives connections their new rules after a change of permissions; closes those of users gone.</summary>
    private void RefreshAccess(string? userName)
    {
        Usage.Refresh(userName);
        foreach (var connection in _connections.Values)
        {
            if (userName is null || connection.User.Name == userName)
                connection.Refresh(Authenticator.RulesFor(connection.User, connection.Host.Name));
        }
    }

    internal void Register(BrokerQueue queue) => _queues[queue.Id] = queue;

    internal void Unregister(BrokerQueue queue) => _queues.TryRemove(queue.Id, out _);

    internal BrokerQueue? FindQueue(ulong id) => _queues.GetValueOrDefault(id);

    internal BrokerConnection? FindConnection(ulong id) => _connections.GetValueOrDefault(id);

    /// <summary>Completes when everything done so far is on disk and applied.</summary>
    /// <returns>False when the journal has failed.</returns>
    public Task<bool> WhenDurableAsync()
    {
        var done = new DurableTask();
        Pipeline.Post(done);
        return done.Task;
    }

    /// <summary>
    /// Returns when everything appended so far is on disk and applied. Not on a thread of the pipeline.
    /// </summary>
    /// <returns>False when the journal has failed.</returns>
    internal bool WaitUntilDurable()
    {
        using var done = new DurableSignal();
        Pipeline.Post(done);
        if (!_ownsThreads) CommitAndApply();
        return done.Wait();
    }

    internal void Close(BrokerConnection connection)
    {
        var flushes = FlushSet.ForThisThread;
        foreach (var queue in connection.TakeExclusiveQueues()) queue.Host.RemoveQueue(queue, flushes);
        connection.Meter.End();
        Events.ConnectionClosed(connection);
        _connections.TryRemove(connection.Id, out _);
        flushes.FlushAll();
    }

    private sealed class DurableTask : PipelineCallback
    {
        private readonly TaskCompletionSource<bool> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<bool> Task => _done.Task;

        protected internal override void Applied(bool durable, FlushSet flushes) => _done.SetResult(durable);
    }

    private sealed class DurableSignal : PipelineCallback, IDisposable
    {
        private readonly ManualResetEventSlim _done = new();
        private bool _durable;

        public bool Wait()
        {
            _done.Wait();
            return _durable;
        }

        public void Dispose() => _done.Dispose();

        protected internal override void Applied(bool durable, FlushSet flushes)
        {
            _durable = durable;
            _done.Set();
        }
    }
}
