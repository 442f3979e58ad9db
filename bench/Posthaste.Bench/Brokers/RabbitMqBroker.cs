using System.Diagnostics;

namespace Posthaste.Bench.Brokers;

/// <summary>
/// Debian's rabbitmq-server with its defaults, as one node of its own, without plugins but the one for MQTT or STOMP
/// where that is spoken: nothing of /etc/rabbitmq or of a system service is read or touched.
/// </summary>
internal sealed class RabbitMqBroker(string workDirectory, Protocol protocol)
    : Broker(BrokerName, workDirectory, protocol)
{
    public const string BrokerName = "rabbitmq";

    // Not the wrapper of /usr/sbin, which insists on the rabbitmq user and its directories.
    private const string Server = "/usr/lib/rabbitmq/bin/rabbitmq-server";
    private readonly int _nameServerPort = FreePort();
    private Process? _nameServer;

    public override void Start()
    {
        if (!File.Exists(Server))
        {
            throw new FileNotFoundException($"{Server} is not there: see bench/README.md for how to install RabbitMQ");
        }

        // Erlang would leave its name server behind as a daemon; started here, it is ours to end.
        _nameServer ??= Launch(new ProcessStartInfo(
            "epmd", ["-address", "127.0.0.1", "-port", _nameServerPort.ToString()]));
        base.Start();
    }

    protected override ProcessStartInfo Describe()
    {
        string configuration = Path.Combine(Home, "rabbitmq.conf");
        string plugins = Path.Combine(Home, "enabled_plugins");
        string plugin = Protocol.ToString().ToLowerInvariant();
        bool isAmqp = Protocol == Protocol.Amqp;
        File.WriteAllText(configuration, isAmqp ? "" : $"{plugin}.listeners.tcp.1 = {EndPoint}\n");
        File.WriteAllText(plugins, isAmqp ? "[].\n" : $"[rabbitmq_{plugin}].\n");

        ProcessStartInfo info = new(Server);
        (string Name, string Value)[] settings =
        [
            // Makes the script replace itself by the Erlang machine, so that the process measured is the broker.
            ("RUNNING_UNDER_SYSTEMD", "true"),
            ("HOME", Home),
            ("ERL_EPMD_ADDRESS", "127.0.0.1"),
            ("ERL_EPMD_PORT", _nameServerPort.ToString()),
            ("RABBITMQ_NODENAME", $"bench-{_nameServerPort}@localhost"),
            ("RABBITMQ_NODE_IP_ADDRESS", EndPoint.Address.ToString()),
            ("RABBITMQ_NODE_PORT", (isAmqp ? EndPoint.Port : FreePort()).ToString()),
            ("RABBITMQ_DIST_PORT", FreePort().ToString()),
            ("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-kernel inet_dist_use_interface {127,0,0,1}"),
            ("RABBITMQ_CONF_ENV_FILE", Path.Combine(Home, "rabbitmq-env.conf")),
            ("RABBITMQ_CONFIG_FILE", configuration),
            ("RABBITMQ_ADVANCED_CONFIG_FILE", Path.Combine(Home, "advanced.config")),
            ("RABBITMQ_ENABLED_PLUGINS_FILE", plugins),
            ("RABBITMQ_MNESIA_BASE", Path.Combine(Home, "mnesia")),
            ("RABBITMQ_LOG_BASE", Path.Combine(Home, "log")),
            ("RABBITMQ_PID_FILE", Path.Combine(Home, "pid")),
        ];
        foreach ((string name, string value) in settings)
        {
            info.Environment[name] = value;
        }

        return info;
    }

    protected override void StopHelpers()
    {
        if (_nameServer is { } nameServer)
        {
            nameServer.Kill();
            nameServer.WaitForExit();
            nameServer.Dispose();
            _nameServer = null;
        }
    }
}
