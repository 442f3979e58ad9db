using Microsoft.Extensions.Logging;
using Posthaste.Broker;
using Posthaste.Broker.Protocols;
using Posthaste.Broker.Sessions;
using Posthaste.Protocols.Mqtt.Format;
using Posthaste.Protocols.Mqtt.Session;

namespace Posthaste.Protocols.Mqtt;

/// <summary>MQTT 3.1, 3.1.1 and 5. One instance serves all connections of a broker.</summary>
public sealed class MqttHandler : IProtocolHandler
{
    /// <summary>The topic exchange that topics live in, as in RabbitMQ.</summary>
    public const string Exchange = "amq.topic";

    internal static readonly byte[] ExchangeBytes = [.. "amq.topic"u8];

    private const int MsPerSecond = 1000;

    /// <summary>
    /// Registers the message format with the broker and takes up the sessions that it finds there; connections may come
    /// from then on.
    /// </summary>
    /// <param name="broker">The broker that the connections work on.</param>
    /// <param name="limits">What a connection may use; null for the defaults.</param>
    public MqttHandler(MessageBroker broker, MqttLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(broker);
        Broker = broker;
        Limits = limits ?? MqttLimits.Default;
        Log = broker.Loggers.CreateLogger("Posthaste.Mqtt");
        broker.Formats.Register(new MqttFormat());
        Registry = new SessionRegistry(broker, Limits, Groups);
        broker.Ticker.Register(Registry);
        broker.VirtualHostDeleted += Registry.Forget;
        if (Limits.SystemTopicsSeconds > 0)
            broker.Ticker.Register(SystemTopics = new SystemTopics(this, Limits.SystemTopicsSeconds * MsPerSecond));
    }

    public string Name => "mqtt";

    public int DefaultPort => 1883;

    internal MessageBroker Broker { get; }

    internal MqttLimits Limits { get; }

    internal ILogger Log { get; }

    internal ReadScopePool Scopes { get; } = new();

    internal MqttStatistics Statistics { get; } = new();

    internal SharedGroups Groups { get; } = new();

    internal SessionRegistry Registry { get; }

    internal SystemTopics? SystemTopics { get; }

    public Task ServeAsync(ProtocolConnection connection, CancellationToken stopping)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return new MqttConnection(this, connection).RunAsync(stopping);
    }
}
