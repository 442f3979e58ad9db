using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Posthaste.Broker;

namespace Posthaste.Protocols.Amqp091.Tests.Session;

/// <summary>A broker in memory with the protocol on it; tests connect through pipes.</summary>
internal sealed class BrokerHost : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<TestClient> _clients = [];

    public BrokerHost(
        Action<MessageBrokerOptions>? configure = null, Amqp091Limits? limits = null, ILoggerFactory? loggers = null)
    {
        var options = new MessageBrokerOptions();
        configure?.Invoke(options);
        Broker = MessageBroker.Open(options, loggers ?? NullLoggerFactory.Instance);
        Handler = new Amqp091Handler(Broker, limits);
    }

    public MessageBroker Broker { get; }

    public Amqp091Handler Handler { get; }

    /// <summary>A client that has said nothing yet.</summary>
    public TestClient Connect(int blockBytes = 4096, long outputBytesMax = 64 * 1024)
    {
        var client = new TestClient(Handler, blockBytes, outputBytesMax, _stopping.Token);
        lock (_clients)
            _clients.Add(client);
        return client;
    }

    /// <summary>A client with an open connection.</summary>
    public async Task<TestClient> OpenAsync(int blockBytes = 4096, long outputBytesMax = 64 * 1024)
    {
        var client = Connect(blockBytes, outputBytesMax);
        await client.OpenAsync();
        return client;
    }

    /// <summary>A client with an open connection and channel 1 on it.</summary>
    public async Task<TestClient> OpenChannelAsync(int blockBytes = 4096, long outputBytesMax = 64 * 1024)
    {
        var client = await OpenAsync(blockBytes, outputBytesMax);
        await client.OpenChannelAsync(1);
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
