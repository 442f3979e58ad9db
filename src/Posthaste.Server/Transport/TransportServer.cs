using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Posthaste.Broker.Protocols;
using Posthaste.Server.Configuration;

namespace Posthaste.Server.Transport;

/// <summary>An address that a protocol listens on, with the port that it really got.</summary>
public sealed record Listener(string Protocol, IPEndPoint EndPoint);

/// <summary>
/// The sockets of a broker: one Kestrel without HTTP. Each listener wraps what Kestrel accepts into a
/// <see cref="ProtocolConnection"/> and awaits the protocol; all else (frames, heartbeats, time limits) is the
/// protocol's.
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

    private readonly ServiceProvider _services;
    private readonly IServer _server;
    private readonly ILogger _log;
    private readonly int _connectionsMax;
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<(Protocol Protocol, ListenOptions Bound)> _bound = [];
    private int _connectionCount;

    private TransportServer(ServiceProvider services, int connectionsMax)
    {
        _services = services;
        _connectionsMax = connectionsMax;
        _server = services.GetRequiredService<IServer>();
        _log = services.GetRequiredService<ILoggerFactory>().CreateLogger<TransportServer>();
    }

    /// <summary>Every address listened on.</summary>
    public IReadOnlyList<Listener> Listeners { get; private set; } = [];

    /// <summary>Listens on all addresses of the plan; when it returns each of them accepts.</summary>
    /// <exception cref="PosthasteListenException">An address is in use or not this machine's; none is listened on
    /// then.</exception>
    public static async Task<TransportServer> StartAsync(
        IReadOnlyList<ListenPlan> plans,
        IReadOnlyDictionary<Protocol, IProtocolHandler> handlers,
        int connectionsMax,
        ILoggerFactory loggers,
        CancellationToken cancellation)
    {
        var server = new TransportServer(BuildServices(loggers), connectionsMax);
        try
        {
            await server.ListenAsync(plans, handlers, cancellation).ConfigureAwait(false);
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
        host.Services.AddSingleton<IMemoryPoolFactory<byte>>(_ => new PinnedBlockPoolFactory(TimeProvider.System));
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
        CancellationToken cancellation)
    {
        var options = _services.GetRequiredService<IOptions<KestrelServerOptions>>().Value;
        foreach (var (protocol, endPoint) in plans)
        {
            options.Listen(endPoint, bound =>
            {
                var handler = handlers[protocol];
                bound.Run(connection => ServeAsync(handler, connection));
                _bound.Add((protocol, bound));
            });
        }

        var sockets = _services.GetRequiredService<IOptions<SocketTransportOptions>>().Value;
        sockets.CreateBoundListenSocket = endPoint => Bind(endPoint, plans);

        await _server.StartAsync(new NoHttp(), cancellation).ConfigureAwait(false);
        Listeners = [.. _bound.Select(entry => new Listener(entry.Protocol.Name, entry.Bound.IPEndPoint!))];
    }

    /// <summary>Binds as the transport would, and says which address it was when that fails.</summary>
    private static Socket Bind(EndPoint endPoint, IReadOnlyList<ListenPlan> plans)
    {
        try
        {
            return SocketTransportOptions.CreateDefaultBoundListenSocket(endPoint);
        }
        catch (SocketException exception)
        {
            var name = plans.First(plan => plan.EndPoint.Equals(endPoint)).Protocol.Name;
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

    private async Task ServeAsync(IProtocolHandler handler, ConnectionContext connection)
    {
        try
        {
            if (Interlocked.Increment(ref _connectionCount) > _connectionsMax)
            {
                LogRefused(connection.RemoteEndPoint, handler.Name, _connectionsMax);
                connection.Abort(new ConnectionAbortedException("too many connections"));
                return;
            }

            var served = new ProtocolConnection(
                connection.Transport,
                connection.LocalEndPoint,
                connection.RemoteEndPoint,
                reason => connection.Abort(new ConnectionAbortedException(reason)));
            await handler.ServeAsync(served, _stopping.Token).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _connectionCount);
        }
    }

    [LoggerMessage(EventId = 101, Level = LogLevel.Warning,
        Message = "{Remote} refused: {Protocol} has no room, ConnectionsMax is {ConnectionsMax}")]
    private partial void LogRefused(EndPoint? remote, string protocol, int connectionsMax);
}
