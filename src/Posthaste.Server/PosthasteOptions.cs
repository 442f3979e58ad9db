using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Posthaste.Broker;
using Posthaste.Protocols.Amqp091;
using Posthaste.Protocols.Mqtt;
using Posthaste.Protocols.Stomp;
using Posthaste.Server.Configuration;
using Posthaste.Server.Telemetry;
using Posthaste.Server.Tls;
using Posthaste.Server.Transport;

namespace Posthaste.Server;

/// <summary>
/// How a broker runs inside a process: where its data is, where it listens, what it may use. The same settings come
/// from section
/// <c>Posthaste</c> of the configuration, from environment variables <c>POSTHASTE__…</c> and from the flags of
/// <c>posthaste serve</c>.
/// Checked when the broker starts.
/// </summary>
public sealed class PosthasteOptions
{
    /// <summary>Where data goes when nothing else is said: a directory beside where the process was started.</summary>
    public const string DefaultDataDirectory = "posthaste-data";

    /// <summary>
    /// Options as <c>posthaste serve</c> has them without any flag: durable, every protocol on its own port of this
    /// machine.
    /// </summary>
    public PosthasteOptions() => Broker.DataDirectory = DefaultDataDirectory;

    /// <summary>
    /// Data directory; null when everything is kept in memory. Default <see cref="DefaultDataDirectory"/>.
    /// </summary>
    public string? DataDirectory => Broker.DataDirectory;

    /// <summary>
    /// Where each listener (<c>amqp</c>, <c>mqtt-ws</c>, …) listens: its name and <c>HOST:PORT</c>, several separated
    /// by commas, or <c>off</c>. HOST is an IP address, <c>localhost</c> (both loopback addresses) or <c>*</c> (every
    /// address); port 0 takes any free one. A listener that is not named listens on its own port of the hosts of
    /// <c>default</c> (<c>HOST</c>, or <c>HOST:0</c> for free ports, or <c>off</c>), which are <c>localhost</c> unless
    /// set.
    /// </summary>
    public IDictionary<string, string> Listen { get; } =
        new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// Versions that a listener takes of its protocol, by the listener's name: <c>5</c> or <c>3.1.1,5</c> for
    /// <c>mqtt</c>. Others are refused in the protocol's words. Default: all that there are.
    /// </summary>
    public IDictionary<string, string> Versions { get; } =
        new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// Origins of web pages that may open WebSockets, beside those of this machine: <c>https://shop.example</c>, or
    /// <c>*</c> for all. Clients that are no browsers send none and may always. Default: none.
    /// </summary>
    public IList<string> WebSocketOrigins { get; } = [];

    /// <summary>
    /// Origins of web pages that may use the management API (CORS): <c>https://tools.example</c>, or <c>*</c> for all,
    /// then without what a browser has remembered of a login. Default: none but the console.
    /// </summary>
    public IList<string> ManagementOrigins { get; } = [];

    /// <summary>Certificates: with one, every protocol has a listener with TLS too.</summary>
    public TlsOptions Tls { get; } = new();

    /// <summary>
    /// Definitions that are taken in at each start, before anybody can connect: a file as RabbitMQ exports them, or a
    /// directory, whose files <c>*.json</c> are taken in the order of their names. With users in them a new broker
    /// has no <c>guest</c> of its own. Default: none.
    /// </summary>
    public string? Definitions { get; set; }

    /// <summary>
    /// Leaves the definitions out at a start when they are what was taken in last, so that what has been changed since
    /// stays. Default: they are taken in each time.
    /// </summary>
    public bool DefinitionsSkipIfUnchanged { get; set; }

    /// <summary>Limits, security and time of the broker itself.</summary>
    public MessageBrokerOptions Broker { get; } = new();

    /// <summary>Where metrics and traces go by OpenTelemetry's protocol. Default: nowhere.</summary>
    public TelemetryOptions Telemetry { get; } = new();

    /// <summary>What AMQP 0-9-1 clients may use.</summary>
    public Amqp091Limits Amqp { get; set; } = new();

    /// <summary>What MQTT clients may use, and what those get that name no user.</summary>
    public MqttLimits Mqtt { get; set; } = new();

    /// <summary>How STOMP is spoken, and what its clients may use.</summary>
    public StompOptions Stomp { get; set; } = new();

    /// <summary>The clock of everything that the broker does by time. Default: the system's.</summary>
    public TimeProvider Time
    {
        get => Broker.Time;
        set => Broker.Time = value;
    }

    /// <summary>
    /// Where <see cref="PosthasteBroker"/> logs to; a host's own loggers take its place there. Default: nowhere.
    /// </summary>
    public ILoggerFactory Loggers { get; set; } = NullLoggerFactory.Instance;

    /// <summary>
    /// Time that clients get to end their connections when the broker stops, before they are cut. Longer than any
    /// needs that still answers.
    /// </summary>
    internal TimeSpan DrainLimit { get; set; } = TimeSpan.FromSeconds(10);

    internal bool IsTemporary { get; private set; }

    /// <summary>The protocols that can listen; tests bring their own.</summary>
    internal IReadOnlyList<Protocol> Protocols { get; set; } = Protocol.Known;

    /// <summary>Keeps everything in memory: fast, and gone with the process.</summary>
    public PosthasteOptions UseMemory() => Use(null, isTemporary: false);

    /// <summary>Keeps data in this directory, which is made when it does not exist.</summary>
    public PosthasteOptions UseDirectory(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        return Use(path, isTemporary: false);
    }

    /// <summary>
    /// Keeps data in a new directory that is deleted when the broker is disposed: for tests of what durability does.
    /// </summary>
    public PosthasteOptions UseTemporaryDirectory() =>
        Use(Path.Combine(Path.GetTempPath(), $"posthaste-{Guid.NewGuid():n}"), isTemporary: true);

    /// <exception cref="PosthasteConfigurationException">A value is out of its range, or nothing would
    /// listen.</exception>
    internal IReadOnlyList<ListenPlan> Validate()
    {
        foreach (var setting in NumberSetting.All) setting.Check(this);
        Tls.Check();
        Telemetry.Check();
        return ListenPlan.From(this);
    }

    private PosthasteOptions Use(string? path, bool isTemporary)
    {
        Broker.DataDirectory = path;
        IsTemporary = isTemporary;
        return this;
    }
}
