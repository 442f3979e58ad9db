using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Posthaste.Broker;
using Posthaste.Protocols.Mqtt.Wire;

namespace Posthaste.Protocols.Mqtt.Tests.Session;

/// <summary>A broker with the protocol on it, in memory unless told otherwise; tests connect through pipes.</summary>
internal sealed class BrokerHost : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<TestClient> _clients = [];

    public BrokerHost(
        Action<MessageBrokerOptions>? configure = null, MqttLimits? limits = null, ILoggerFactory? loggers = null)
    {
        var options = new MessageBrokerOptions();
        configure?.Invoke(options);
        Broker = MessageBroker.Open(options, loggers ?? NullLoggerFactory.Instance);
        Handler = new MqttHandler(Broker, limits);
    }

    public MessageBroker Broker { get; }

    public VirtualHost Host => Broker.FindVirtualHost("/")!;

    public MqttHandler Handler { get; }

    /// <summary>A client that has said nothing yet.</summary>
    public TestClient Connect(
        MqttVersion version = MqttVersion.V5, int blockBytes = 4096, long outputBytesMax = 64 * 1024)
    {
        var client = new TestClient(Handler, version, blockBytes, outputBytesMax, _stopping.Token);
        lock (_clients)
            _clients.Add(client);
        return client;
    }

    /// <summary>A client that is connected.</summary>
    public async Task<TestClient> OpenAsync(
        string clientId = "", MqttVersion version = MqttVersion.V5, ConnectOptions? options = null,
        int blockBytes = 4096, long outputBytesMax = 64 * 1024)
    {
        var client = Connect(version, blockBytes, outputBytesMax);
        await client.OpenAsync(clientId, options);
        return client;
    }

    /// <summary>Tells the sessions that the broker shuts down.</summary>
    public void Stop() => _stopping.Cancel();

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients)
            await client.DisposeAsync();
        await Broker.DisposeAsync();
        _stopping.Dispose();
    }
}
