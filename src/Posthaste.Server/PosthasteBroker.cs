using System.Net;
using Microsoft.Extensions.Logging;
using Posthaste.Broker;
using Posthaste.Broker.Storage;
using Posthaste.Management;
using Posthaste.Management.Definitions;
using Posthaste.Management.Instruments;
using Posthaste.Server.Configuration;
using Posthaste.Server.Telemetry;
using Posthaste.Server.Tls;
using Posthaste.Server.Transport;
using Posthaste.Server.WebSockets;
using Posthaste.WebConsole;

namespace Posthaste.Server;

/// <summary>
/// A whole broker inside this process: its data, and the listeners that clients connect to. Any number of them may
/// run side by side. All members may be called from any thread.
/// </summary>
/// <example><code>
/// await using var broker = await PosthasteBroker.StartAsync();
/// var factory = new ConnectionFactory { Uri = broker.AmqpUri };
/// </code></example>
public sealed partial class PosthasteBroker : IAsyncDisposable
{
    private const string Amqp = "amqp";

    private readonly PosthasteOptions _options;
    private readonly ILogger _log;
    private readonly Lock _stopLock = new();
    private MessageBroker? _broker;
    private TransportServer? _transport;
    private ManagementServer? _management;
    private CertificateStore? _certificates;
    private BrokerInstruments? _instruments;
    private IDisposable? _metricsExport;
    private IDisposable? _tracesExport;
    private TelemetryFailures? _telemetryFailures;
    private Task? _stopped;

    internal PosthasteBroker(PosthasteOptions options)
    {
        _options = options;
        _log = options.Loggers.CreateLogger<PosthasteBroker>();
    }

    /// <summary>Every address listened on; empty before the start.</summary>
    public IReadOnlyList<Listener> Listeners { get; private set; } = [];

    /// <summary>Full path of the data directory; null when everything is in memory.</summary>
    public string? DataDirectory => _options.DataDirectory is { } path ? Path.GetFullPath(path) : null;

    /// <summary>What opening the data directory found.</summary>
    /// <exception cref="InvalidOperationException">The broker has not started.</exception>
    public RecoverySummary Recovery =>
        _broker?.Recovery ?? throw new InvalidOperationException("The broker has not started.");

    /// <summary>
    /// The password that was made for <see cref="Posthaste.Broker.Security.AuthenticationOptions.DefaultUser"/> when a
    /// new broker started with that user and no password for it; null else. Nowhere else is it told.
    /// </summary>
    public string? MadePassword => _broker?.MadePassword;

    /// <summary>Port of AMQP 0-9-1.</summary>
    /// <exception cref="InvalidOperationException">The broker has not started, or does not listen for it.</exception>
    public int AmqpPort => EndPointOf(Amqp).Port;

    /// <summary>What a client on this machine connects to with AMQP 0-9-1, user and password included.</summary>
    /// <exception cref="InvalidOperationException">The broker has not started, or does not listen for it.</exception>
    public Uri AmqpUri => new($"amqp://guest:guest@{EndPointOf(Amqp)}/");

    /// <summary>Blocks of memory that connections hold now.</summary>
    internal int BlocksInUse => _transport?.BlocksInUse ?? 0;

    /// <summary>
    /// Where a client on this machine finds a listener, the first if it has several addresses: <c>amqp</c>,
    /// <c>mqtt</c>, <c>stomp-ws</c>, … Loopback when it listens on every address.
    /// </summary>
    /// <exception cref="InvalidOperationException">The broker has not started, or that listener is off.</exception>
    public IPEndPoint EndPointOf(string listener)
    {
        var endPoint = Listeners
            .FirstOrDefault(entry => entry.Name.Equals(listener, StringComparison.OrdinalIgnoreCase))?.EndPoint
            ?? throw new InvalidOperationException($"The broker does not listen for {listener}.");
        var isAny = endPoint.Address.Equals(IPAddress.Any) || endPoint.Address.Equals(IPAddress.IPv6Any);
        return isAny ? new IPEndPoint(IPAddress.Loopback, endPoint.Port) : endPoint;
    }

    /// <summary>
    /// Starts a broker for a test or a tool: in memory and on free ports of loopback, unless <paramref
    /// name="configure"/> says otherwise; the management API (listeners <c>http</c> and <c>https</c>) is off. When it
    /// returns every listener accepts.
    /// </summary>
    /// <exception cref="PosthasteException">It can't start; the message says why.</exception>
    public static async Task<PosthasteBroker> StartAsync(
        Action<PosthasteOptions>? configure = null, CancellationToken cancellation = default)
    {
        var options = new PosthasteOptions().UseMemory();
        options.Listen["default"] = $"{IPAddress.Loopback}:0";

        // A test seldom looks at the management API, and it would be half of the time to start.
        options.Listen[ListenPlan.Http] = "off";
        options.Listen[ListenPlan.Https] = "off";
        configure?.Invoke(options);
        return await StartAsync(options, cancellation).ConfigureAwait(false);
    }

    /// <summary>Starts a broker with exactly these options, which must not change afterwards.</summary>
    /// <exception cref="PosthasteException">It can't start; the message says why.</exception>
    public static async Task<PosthasteBroker> StartAsync(
        PosthasteOptions options, CancellationToken cancellation = default)
    {
        var broker = new PosthasteBroker(options);
        await broker.OpenAsync(cancellation).ConfigureAwait(false);
        return broker;
    }

    /// <summary>
    /// Stops listening, lets clients end (10 s at most, then they are cut), makes pending data durable and lets go of
    /// the directory. Any number of times; each call waits for the end.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        Task stopped;
        lock (_stopLock) stopped = _stopped ??= StopAsync();
        await stopped.ConfigureAwait(false);
    }

    /// <summary>Opens the data and listens. Once; what was opened when it fails is closed again.</summary>
    internal async Task OpenAsync(CancellationToken cancellation)
    {
        var plans = _options.Validate();
        var origins = new OriginPolicy(_options.WebSocketOrigins);
        if (_options.Tls.LogsKeys)
        {
            var secure = plans.Where(static plan => plan.Kind.IsTls).Select(static plan => plan.EndPoint);
            KeyLog.TurnOn(secure.Concat(ListenPlan.ForHttps(_options)), _log);
        }

        // The machine's clock, as with the sockets' memory: certificates are real where a test's time stands still.
        _certificates =
            _options.Tls.IsOn ? new CertificateStore(_options.Tls, TimeProvider.System, _options.Loggers) : null;
        try
        {
            var definitions = ReadDefinitions();
            if (_options.Telemetry.Endpoint is not null)
                _telemetryFailures = new TelemetryFailures(_options.Loggers);
            if (_options.Telemetry.Sends(TelemetrySignals.Traces))
                _tracesExport = TelemetryExport.Traces(_options.Telemetry);
            _broker = OpenData();
            if (definitions is not null) await ApplyAsync(definitions).ConfigureAwait(false);
            _instruments = new BrokerInstruments(_broker);
            if (_options.Telemetry.Sends(TelemetrySignals.Metrics))
                _metricsExport = TelemetryExport.Metrics(_options.Telemetry);
            var handlers = plans.Select(plan => plan.Kind.Protocol).Distinct()
                .ToDictionary(protocol => protocol, protocol => protocol.Create(_broker, _options));
            _transport = await TransportServer
                .StartAsync(
                    plans, handlers, _certificates, origins, _options.Broker.ConnectionsMax,
                    new ArrivalGate(
                        _options.Broker.UnauthenticatedMax, _options.Broker.UnauthenticatedPerAddressMax),
                    () => new ArrivalRate(
                        _options.Broker.ConnectionsPerSecondMax,
                        _options.Broker.ConnectionsPerSecondPerAddressMax, TimeProvider.System),
                    _options.Loggers,
                    cancellation)
                .ConfigureAwait(false);
            Listeners = _transport.Listeners;
            var withTls = plans.Where(static plan => plan.Kind.IsTls).Select(static plan => plan.Kind.Name).ToHashSet();
            await OpenManagementAsync(withTls, cancellation).ConfigureAwait(false);
        }
        catch
        {
            await DisposeAsync().ConfigureAwait(false);
            throw;
        }

        foreach (var listener in Listeners) LogListening(listener.Name, listener.EndPoint);
    }

    private async Task OpenManagementAsync(HashSet<string> withTls, CancellationToken cancellation)
    {
        var endPoints = ListenPlan.ForHttp(_options);
        var secure = ListenPlan.ForHttps(_options);
        var tls = _certificates is { } certificates
            ? new ManagementTls(secure, TransportServer.Handshakes(certificates))
            : ManagementTls.None;
        if (endPoints.Count + tls.EndPoints.Count == 0) return;
        var shown = Listeners.Select(listener => new ListenerRow(
            listener.Name, listener.EndPoint.Address.ToString(), listener.EndPoint.Port,
            withTls.Contains(listener.Name) ? () => _certificates!.FirstEnd : null,
            withTls.Contains(listener.Name) ? () => _certificates!.Fault : null));
        try
        {
            _management = await ManagementServer
                .StartAsync(
                    _broker!, endPoints, tls, [.. shown], [.. _options.ManagementOrigins], _options.Loggers,
                    new ConsolePages(), cancellation)
                .ConfigureAwait(false);
        }
        catch (IOException exception)
        {
            throw new PosthasteListenException(
                $"can't listen for {ListenPlan.Http}: {exception.Message}", exception);
        }

        Listeners =
        [
            .. Listeners, .. _management.EndPoints.Select(static endPoint => new Listener(ListenPlan.Http, endPoint)),
            .. _management.SecureEndPoints.Select(static endPoint => new Listener(ListenPlan.Https, endPoint)),
        ];
    }

    /// <summary>Before the data is opened: what is no definition file changes nothing.</summary>
    private BootDefinitions? ReadDefinitions()
    {
        if (_options.Definitions is not { } path) return null;
        try
        {
            var definitions = BootDefinitions.Read(path);
            if (definitions.HaveUsers) _options.Broker.AddsGuest = false;
            return definitions;
        }
        catch (DefinitionsException exception)
        {
            throw new PosthasteConfigurationException(exception.Message, exception);
        }
    }

    private async Task ApplyAsync(BootDefinitions definitions)
    {
        try
        {
            var isNew = await definitions.ApplyAsync(_broker!, _options.DefinitionsSkipIfUnchanged)
                .ConfigureAwait(false);
            LogDefinitions(_options.Definitions!, isNew ? "taken in" : "unchanged, left alone");
        }
        catch (DefinitionsException exception)
        {
            throw new PosthasteConfigurationException(exception.Message, exception);
        }
        catch (IOException exception)
        {
            throw new PosthasteDataException(exception.Message, exception);
        }
    }

    private MessageBroker OpenData()
    {
        try
        {
            return MessageBroker.Open(_options.Broker, _options.Loggers);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new PosthasteDataException(exception.Message, exception);
        }
        catch (ArgumentException exception)
        {
            // A rule between two settings, which the range of neither can express.
            throw new PosthasteConfigurationException(exception.Message, exception);
        }
    }

    private async Task StopAsync()
    {
        try
        {
            if (_management is not null) await _management.DisposeAsync().ConfigureAwait(false);
            if (_transport is not null)
            {
                using var drainLimit = new CancellationTokenSource(_options.DrainLimit);
                await _transport.StopAsync(drainLimit.Token).ConfigureAwait(false);
                await _transport.DisposeAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            _certificates?.Dispose();
            // Says how it ended while there is a broker to look at.
            _metricsExport?.Dispose();
            _instruments?.Dispose();
            // Whatever became of the sockets, the data is closed in good order.
            if (_broker is not null) await _broker.DisposeAsync().ConfigureAwait(false);
            _tracesExport?.Dispose();
            _telemetryFailures?.Dispose();
            if (_options.IsTemporary) DeleteDirectory(DataDirectory!);
        }
    }

    private void DeleteDirectory(string path)
    {
        try
        {
            if (Directory.Exists(path)) Directory.Delete(path, recursive: true);
        }
        catch (IOException exception)
        {
            LogNotDeleted(exception, path);
        }
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "listening {Listener} {EndPoint}")]
    private partial void LogListening(string listener, IPEndPoint endPoint);

    [LoggerMessage(EventId = 2, Level = LogLevel.Warning,
        Message = "the temporary directory {Path} could not be deleted")]
    private partial void LogNotDeleted(Exception exception, string path);

    [LoggerMessage(EventId = 3, Level = LogLevel.Information, Message = "definitions {Path} {Outcome}")]
    private partial void LogDefinitions(string path, string outcome);
}
