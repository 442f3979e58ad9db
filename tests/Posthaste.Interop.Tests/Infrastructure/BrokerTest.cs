using System.Text;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;

namespace Posthaste.Interop.Tests.Infrastructure;

/// <summary>
/// What every test of the .NET client needs: a connection and a channel of its own, names that no other test uses, and
/// the removal of everything it declared.
/// </summary>
public abstract class BrokerTest(BrokerFixture broker) : IAsyncLifetime
{
    private readonly string _unique = Guid.NewGuid().ToString("N")[..12];
    private readonly List<string> _queues = [];
    private readonly List<string> _exchanges = [];
    private readonly List<IConnection> _connections = [];

    private protected BrokerFixture Broker { get; } = broker;

    private protected IConnection Connection { get; private set; } = null!;

    private protected IChannel Channel { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Connection = await ConnectAsync();
        Channel = await Connection.CreateChannelAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (TestContext.Current.TestState?.Result is TestResult.Failed)
            TestContext.Current.TestOutputHelper?.WriteLine(Broker.LatestLog);
        foreach (IConnection connection in _connections)
            await connection.DisposeAsync();
        await using IConnection cleaner = await Broker.Factory().CreateConnectionAsync();
        await using IChannel channel = await cleaner.CreateChannelAsync();
        foreach (string queue in _queues)
            await channel.QueueDeleteAsync(queue);
        foreach (string exchange in _exchanges)
            await channel.ExchangeDeleteAsync(exchange);
        GC.SuppressFinalize(this);
    }

    /// <summary>A name of this test alone.</summary>
    private protected string Name(string hint) => $"{GetType().Name}.{hint}.{_unique}";

    private protected async Task<IConnection> ConnectAsync(Action<ConnectionFactory>? configure = null)
    {
        ConnectionFactory factory = Broker.Factory();
        configure?.Invoke(factory);
        IConnection connection = await factory.CreateConnectionAsync();
        _connections.Add(connection);
        return connection;
    }

    /// <summary>A further channel on the test's connection.</summary>
    private protected Task<IChannel> ChannelAsync() => Connection.CreateChannelAsync();

    /// <summary>A channel whose publishes end when confirmed and throw when nacked or returned.</summary>
    private protected Task<IChannel> ConfirmingChannelAsync() =>
        Connection.CreateChannelAsync(new CreateChannelOptions(true, true));

    /// <summary>Declares a durable queue and remembers to delete it.</summary>
    private protected async Task<string> QueueAsync(
        string hint = "queue", params (string Key, object? Value)[] arguments)
    {
        string queue = Track(Name(hint));
        await Channel.QueueDeclareAsync(queue, true, false, false, Table(arguments));
        return queue;
    }

    /// <summary>Declares a durable exchange and remembers to delete it.</summary>
    private protected async Task<string> ExchangeAsync(
        string type, string hint = "exchange", params (string Key, object? Value)[] arguments)
    {
        string exchange = TrackExchange(Name(hint));
        await Channel.ExchangeDeclareAsync(exchange, type, true, false, Table(arguments));
        return exchange;
    }

    /// <summary>Remembers to delete a queue that the test declares itself.</summary>
    private protected string Track(string queue)
    {
        _queues.Add(queue);
        return queue;
    }

    /// <summary>Remembers to delete an exchange that the test declares itself.</summary>
    private protected string TrackExchange(string exchange)
    {
        _exchanges.Add(exchange);
        return exchange;
    }

    private protected static Dictionary<string, object?> Table(params (string Key, object? Value)[] entries) =>
        entries.ToDictionary(entry => entry.Key, entry => entry.Value);

    /// <summary>Publishes and waits for the confirm, so that what follows sees the message in its queues.</summary>
    private protected async Task PublishAsync(
        string exchange, string routingKey, string body, Action<BasicProperties>? configure = null)
    {
        await using IChannel channel = await ConfirmingChannelAsync();
        var properties = new BasicProperties { DeliveryMode = DeliveryModes.Persistent };
        configure?.Invoke(properties);
        await channel.BasicPublishAsync(exchange, routingKey, false, properties, Encoding.UTF8.GetBytes(body));
    }

    /// <summary>Publishes to the default exchange, in order, each confirmed.</summary>
    private protected async Task FillAsync(string queue, params string[] bodies)
    {
        await using IChannel channel = await ConfirmingChannelAsync();
        foreach (string body in bodies)
            await channel.BasicPublishAsync("", queue, Encoding.UTF8.GetBytes(body));
    }

    private protected static string Body(BasicGetResult message) => Encoding.UTF8.GetString(message.Body.Span);

    /// <summary>Waits until the queue yields a message.</summary>
    private protected Task<BasicGetResult> GetAsync(string queue, bool autoAck = true) =>
        Wait.ForAsync($"a message in {queue}", () => Channel.BasicGetAsync(queue, autoAck));

    /// <summary>Takes everything that is ready, in order.</summary>
    private protected async Task<string[]> DrainAsync(string queue)
    {
        List<string> bodies = [];
        while (await Channel.BasicGetAsync(queue, autoAck: true) is { } message)
            bodies.Add(Body(message));
        return [.. bodies];
    }

    private protected Task WaitForCountAsync(string queue, uint count) =>
        Wait.UntilAsync($"{count} messages in {queue}", async () => await Channel.MessageCountAsync(queue) == count);

    /// <summary>Runs a synchronous method that the broker must refuse with this code and text.</summary>
    private protected static async Task<ShutdownEventArgs> RefusedAsync(ushort code, string text, Func<Task> method)
    {
        var refused = await Assert.ThrowsAsync<OperationInterruptedException>(method);
        ShutdownEventArgs reason = refused.ShutdownReason!;
        Assert.Equal((code, ShutdownInitiator.Peer), (reason.ReplyCode, reason.Initiator));
        Assert.Equal(Short(text), reason.ReplyText);
        return reason;
    }

    /// <summary>Runs an asynchronous method (publish, ack) for which the broker must close the channel.</summary>
    private protected static async Task ClosesChannelAsync(
        IChannel channel, ushort code, string text, Func<Task> method)
    {
        var closed = new TaskCompletionSource<ShutdownEventArgs>(TaskCreationOptions.RunContinuationsAsynchronously);
        channel.ChannelShutdownAsync += (_, reason) =>
        {
            closed.TrySetResult(reason);
            return Task.CompletedTask;
        };
        await method();
        ShutdownEventArgs reason = await Wait.ForAsync($"the channel to close with {code}", closed.Task);
        Assert.Equal(code, reason.ReplyCode);
        Assert.Equal(Short(text), reason.ReplyText);
    }

    /// <summary>A reply text is a short string: what is longer than 255 characters ends in three dots.</summary>
    private static string Short(string text) => text.Length <= 255 ? text : text[..252] + "...";
}
