using System.Diagnostics;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Posthaste.Broker.Protocols;
using Posthaste.Server.Configuration;
using Posthaste.Server.Tls;
using Posthaste.Server.WebSockets;

namespace Posthaste.Server.Transport;

/// <summary>An address that is listened on, with the port that it really got.</summary>
/// <param name="Name">The listener's name in options and logs: <c>amqp</c>, <c>mqtt-ws</c>, …</param>
public sealed record Listener(string Name, IPEndPoint EndPoint);

/// <summary>
/// The sockets of a broker: one Kestrel. Each listener wraps what Kestrel accepts into a <see
/// cref="ProtocolConnection"/> and awaits the protocol; all else (frames, heartbeats, time limits) is the protocol's.
/// HTTP is spoken by listeners of WebSockets only, as far as it takes to open one.
/// <para>Memory: the pipes of each connection are bounded below; their blocks come from <see
/// cref="PinnedBlockPool"/>.</para>
/// </summary>
internal sealed partial class TransportServer : IAsyncDisposable
{
    /// <summary>
    /// Bytes received from a connection and not yet taken by its protocol, above which its socket is not read: a
    /// mebibyte keeps a fast publisher's socket busy over one journal write, and bounds what a protocol that stops
    /// reading costs.
    /// </summary>
    private const long ReadBufferBytesMax = 1 << 20;

    /// <summary>
    /// Bytes written by a protocol and not yet sent, above which its flush waits: four blocks hold more than the
    /// window of a fast network, and 1,000 consumers that never read cost 256 MiB at most.
    /// </summary>
    private const long WriteBufferBytesMax = 256 << 10;

    /// <summary>
    /// Connections accepted by the system and not yet by us: what a fleet that reconnects at once brings.
    /// </summary>
    private const int AcceptBacklog = 4_096;

    /// <summary>
    /// I/O queues at most: beyond it more queues than cores that serve them only scatter the work, as Kestrel has it.
    /// </summary>
    private const int IoQueueCountMax = 16;

    /// <summary>Bytes of a request's first line: a path of six characters and what a client may add to it.</summary>
    private const int RequestLineBytesMax = 2 << 10;

    /// <summary>Bytes of a request's headers: cookies that a browser sends along included.</summary>
    private const int RequestHeadersBytesMax = 16 << 10;

    /// <summary>Headers of a request: twice what browsers send.</summary>
    private const int RequestHeaderCountMax = 64;

    /// <summary>HTTP's name in ALPN: what a WebSocket begins with, and the management API speaks.</summary>
    private const string Http = "http/1.1";

    /// <summary>
    /// Time in which a TLS handshake has to end, a request's head has to come, and then a next one where none opened a
    /// WebSocket: what the protocols give their own handshakes.
    /// </summary>
    private static readonly TimeSpan HandshakeLimit = TimeSpan.FromSeconds(10);

    private readonly ServiceProvider _services;
    private readonly CertificateStore? _certificates;
    private readonly IServer _server;
    private readonly PinnedBlockPoolFactory _blocks;
    private readonly ILogger _log;
    private readonly int _connectionsMax;
    private readonly ArrivalGate _arrivals;
    private readonly Dictionary<string, ArrivalRate> _rates = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<(ListenerKind Kind, ListenOptions Bound)> _bound = [];
    private int _connectionCount;

    private TransportServer(
        ServiceProvider services, CertificateStore? certificates, int connectionsMax, ArrivalGate arrivals)
    {
        _arrivals = arrivals;
        _services = services;
        _certificates = certificates;
        _connectionsMax = connectionsMax;
        _server = services.GetRequiredService<IServer>();
        _blocks = services.GetRequiredService<PinnedBlockPoolFactory>();
        _log = services.GetRequiredService<ILoggerFactory>().CreateLogger<TransportServer>();
    }

    /// <summary>Every address listened on.</summary>
    public IReadOnlyList<Listener> Listeners { get; private set; } = [];

    /// <summary>Blocks of memory that connections hold now: those with bytes under way.</summary>
    public int BlocksInUse => _blocks.RentedCount;

    /// <summary>Listens on all addresses of the plan; when it returns each of them accepts.</summary>
    /// <param name="handlers">Who serves each protocol of the plan.</param>
    /// <param name="certificates">What listeners with TLS show; null when there are none.</param>
    /// <param name="origins">Which web pages may open a WebSocket.</param>
    /// <param name="connectionsMax">Connections at a time over all listeners.</param>
    /// <param name="arrivals">Connections at a time that have not logged in.</param>
    /// <param name="rate">Makes what spreads the arrivals of one listener.</param>
    /// <exception cref="PosthasteListenException">An address is in use or not this machine's; none is listened on
    /// then.</exception>
    public static async Task<TransportServer> StartAsync(
        IReadOnlyList<ListenPlan> plans,
        IReadOnlyDictionary<Protocol, IProtocolHandler> handlers,
        CertificateStore? certificates,
        OriginPolicy origins,
        int connectionsMax,
        ArrivalGate arrivals,
        Func<ArrivalRate> rate,
        ILoggerFactory loggers,
        CancellationToken cancellation)
    {
        var server = new TransportServer(BuildServices(loggers), certificates, connectionsMax, arrivals);
        foreach (var plan in plans) server._rates.TryAdd(plan.Kind.Name, rate());
        try
        {
            await server.ListenAsync(plans, handlers, origins, cancellation).ConfigureAwait(false);
            return server;
        }
        catch
        {
            await server.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// Stops accepting, tells every connection's protocol that the broker stops, and waits until all have ended;
    /// those that have not when <paramref name="drainLimit"/> fires are cut.
    /// </summary>
    public async Task StopAsync(CancellationToken drainLimit)
    {
        var stopped = _server.StopAsync(drainLimit);
        await _stopping.CancelAsync().ConfigureAwait(false);
        await stopped.ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync().ConfigureAwait(false);
        _stopping.Dispose();
    }

    private static ServiceProvider BuildServices(ILoggerFactory loggers)
    {
        var host = new ServerServices();
        host.Services.AddLogging().AddSingleton(loggers).AddMetrics().AddOptions();
        host.Services.AddSingleton(new DiagnosticListener("Posthaste.Transport"));
        host.Services.AddSingleton<DiagnosticSource>(
            provider => provider.GetRequiredService<DiagnosticListener>());
        host.UseSockets(Configure).UseKestrelCore();

        // Last, since Kestrel registers its own, and the last one counts. The pools' clock is the machine's: memory is
        // real even where a test's time stands still.
        host.Services.AddSingleton(_ => new PinnedBlockPoolFactory(TimeProvider.System));
        host.Services.AddSingleton<IMemoryPoolFactory<byte>>(
            provider => provider.GetRequiredService<PinnedBlockPoolFactory>());
        return host.Services.BuildServiceProvider();
    }

    private static void Configure(SocketTransportOptions options)
    {
        options.MaxReadBufferSize = ReadBufferBytesMax;
        options.MaxWriteBufferSize = WriteBufferBytesMax;
        options.Backlog = AcceptBacklog;
        options.IOQueueCount = Math.Min(Environment.ProcessorCount, IoQueueCountMax);
        options.NoDelay = true;
        // An idle connection waits for bytes with no block in its hand.
        options.WaitForDataBeforeAllocatingBuffer = true;
    }

    private async Task ListenAsync(
        IReadOnlyList<ListenPlan> plans,
        IReadOnlyDictionary<Protocol, IProtocolHandler> handlers,
        OriginPolicy origins,
        CancellationToken cancellation)
    {
        var options = _services.GetRequiredService<IOptions<KestrelServerOptions>>().Value;
        Limit(options);
        foreach (var plan in plans) options.Listen(plan.EndPoint, bound => Serve(plan, bound, handlers));

        var sockets = _services.GetRequiredService<IOptions<SocketTransportOptions>>().Value;
        sockets.CreateBoundListenSocket = endPoint => Bind(endPoint, plans);

        // What has no listener for WebSockets of its own is not to be had through another's.
        var overWebSocket = plans.Where(plan => plan.Kind.IsWebSocket).Select(plan => plan.Kind.Protocol).Distinct();
        var application = new WebSocketApplication(
            overWebSocket.ToDictionary(protocol => protocol, protocol => handlers[protocol]),
            origins,
            BlocksForWebSockets(),
            _log,
            _stopping.Token);
        await _server.StartAsync(application, cancellation).ConfigureAwait(false);
        Listeners = [.. _bound.Select(entry => new Listener(entry.Kind.Name, entry.Bound.IPEndPoint!))];
    }

    private static void Limit(KestrelServerOptions options)
    {
        options.AddServerHeader = false;
        options.Limits.MaxRequestLineSize = RequestLineBytesMax;
        options.Limits.MaxRequestHeadersTotalSize = RequestHeadersBytesMax;
        options.Limits.MaxRequestHeaderCount = RequestHeaderCountMax;
        options.Limits.MaxRequestBodySize = 0;
        options.Limits.RequestHeadersTimeout = HandshakeLimit;
        options.Limits.KeepAliveTimeout = HandshakeLimit;
    }

    private void Serve(
        ListenPlan plan, ListenOptions bound, IReadOnlyDictionary<Protocol, IProtocolHandler> handlers)
    {
        var kind = plan.Kind;
        _bound.Add((kind, bound));
        bound.Protocols = HttpProtocols.Http1;
        bound.Use(next => connection => AdmitAsync(connection, plan, next));
        if (kind.IsTls) bound.UseHttps(Handshakes(_certificates!, kind.IsWebSocket ? Http : kind.Protocol.Name));
        // Over WebSocket Kestrel's HTTP follows, and calls the application.
        if (kind.IsWebSocket) return;
        var handler = handlers[kind.Protocol];
        bound.Run(connection => handler.ServeAsync(
            connection.Features.GetRequiredFeature<AcceptedConnection>().Open(connection.Transport), _stopping.Token));
    }

    /// <summary>How handshakes are made with these certificates.</summary>
    /// <param name="certificates">The certificates.</param>
    /// <param name="inside">What is spoken inside, as ALPN calls it.</param>
    internal static TlsHandshakeCallbackOptions Handshakes(CertificateStore certificates, string inside = Http) => new()
    {
        HandshakeTimeout = HandshakeLimit,
        OnConnection = handshake => new(certificates.For(handshake.ClientHelloInfo.ServerName, inside)),
    };

    /// <summary>Bounded by what sessions read, not by thresholds: see <see cref="WebSocketInput"/>.</summary>
    private PipeOptions BlocksForWebSockets() => new(
        _blocks.Create(),
        PipeScheduler.Inline,
        PipeScheduler.Inline,
        pauseWriterThreshold: 0,
        resumeWriterThreshold: 0,
        minimumSegmentSize: PinnedBlockPool.BlockBytes,
        useSynchronizationContext: false);

    /// <summary>Binds as the transport would, and says which address it was when that fails.</summary>
    private static Socket Bind(EndPoint endPoint, IReadOnlyList<ListenPlan> plans)
    {
        try
        {
            return SocketTransportOptions.CreateDefaultBoundListenSocket(endPoint);
        }
        catch (SocketException exception)
        {
            var name = plans.First(plan => plan.EndPoint.Equals(endPoint)).Kind.Name;
            var reason = exception.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse => "the address is in use by another process",
                SocketError.AddressNotAvailable => "this machine has no such address",
                SocketError.AccessDenied => "ports under 1024 need the privilege to bind them",
                _ => exception.Message,
            };
            throw new PosthasteListenException($"can't listen for {name} on {endPoint}: {reason}", exception);
        }
    }

    /// <summary>Lets a connection in while there is room, before a byte of it is read.</summary>
    private async Task AdmitAsync(ConnectionContext connection, ListenPlan plan, ConnectionDelegate next)
    {
        var kind = plan.Kind;
        ArrivalGate.Arrival? arrival = null;
        try
        {
            if (Interlocked.Increment(ref _connectionCount) > _connectionsMax)
            {
                LogRefused(connection.RemoteEndPoint, kind.Name, _connectionsMax);
                connection.Abort(new ConnectionAbortedException("too many connections"));
                return;
            }

            arrival = _arrivals.TryEnter(connection.RemoteEndPoint);
            if (arrival is null)
            {
                LogTooManyArrivals(connection.RemoteEndPoint, kind.Name);
                connection.Abort(new ConnectionAbortedException("too many connections that have not logged in"));
                return;
            }

            if (_rates[kind.Name].Take(connection.RemoteEndPoint) is { Ticks: > 0 } wait
                && !await WaitForTurnAsync(connection, kind, wait).ConfigureAwait(false))
            {
                return;
            }

            connection.Features.Set(new AcceptedConnection(connection, kind, arrival, plan.Versions));
            await next(connection).ConfigureAwait(false);
        }
        finally
        {
            arrival?.Leave();
            Interlocked.Decrement(ref _connectionCount);
        }
    }

    /// <summary>
    /// More come than the listener takes in a second: this one's bytes stay where they are for a while.
    /// </summary>
    /// <returns>False when it has gone, or has to: it would wait for longer than logins are waited for.</returns>
    private async Task<bool> WaitForTurnAsync(ConnectionContext connection, ListenerKind kind, TimeSpan wait)
    {
        if (wait > HandshakeLimit)
        {
            LogTooFast(connection.RemoteEndPoint, kind.Name);
            connection.Abort(new ConnectionAbortedException("too many connections in a second"));
            return false;
        }

        using var gone = CancellationTokenSource.CreateLinkedTokenSource(connection.ConnectionClosed, _stopping.Token);
        try
        {
            await Task.Delay(wait, TimeProvider.System, gone.Token).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    [LoggerMessage(EventId = 103, Level = LogLevel.Warning,
        Message = "{Remote} refused: {Listener} has more new connections than it takes "
            + "(ConnectionsPerSecondMax, ConnectionsPerSecondPerAddressMax)")]
    private partial void LogTooFast(EndPoint? remote, string listener);

    [LoggerMessage(EventId = 102, Level = LogLevel.Warning,
        Message = "{Remote} refused: {Listener} has too many connections that have not logged in "
            + "(UnauthenticatedMax, UnauthenticatedPerAddressMax)")]
    private partial void LogTooManyArrivals(EndPoint? remote, string listener);

    [LoggerMessage(EventId = 101, Level = LogLevel.Warning,
        Message = "{Remote} refused: {Listener} has no room, ConnectionsMax is {ConnectionsMax}")]
    private partial void LogRefused(EndPoint? remote, string listener, int connectionsMax);
}
