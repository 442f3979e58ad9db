using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Posthaste.Broker;

namespace Posthaste.Protocols.Stomp.Tests.Session;

/// <summary>A broker with the protocol on it, in memory unless told otherwise; tests connect through pipes.</summary>
internal sealed class BrokerHost : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<TestClient> _clients = [];

    public BrokerHost(
        Action<MessageBrokerOptions>? configure = null, StompOptions? options = null, ILoggerFactory? loggers = null)
    {
        var brokerOptions = new MessageBrokerOptions();
        configure?.Invoke(brokerOptions);
        Broker = MessageBroker.Open(brokerOptions, loggers ?? NullLoggerFactory.Instance);
        Handler = new StompHandler(Broker, options);
    }

    public MessageBroker Broker { get; }

    public VirtualHost Host => Broker.FindVirtualHost("/")!;

    public StompHandler Handler { get; }

    /// <summary>A client that has said nothing yet.</summary>
    public TestClient Connect(int blockBytes = 4096, long outputBytesMax = 64 * 1024)
    {
        var client = new TestClient(Handler, blockBytes, outputBytesMax, _stopping.Token);
        lock (_clients)
            _clients.Add(client);
        return client;
    }

    /// <summary>A client that has logged in.</summary>
    public async Task<TestClient> OpenAsync(
        string version = "1.2", int blockBytes = 4096, long outputBytesMax = 64 * 1024)
    {
        var client = Connect(blockBytes, outputBytesMax);
        await client.OpenAsync(version);
        return client;
    }

    /// <summary>Messages that wait in a queue.</summary>
    public long Count(string queue) =>
        Broker.Queues.Single(candidate => candidate.Name == queue).MessageCount;

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
