using System.Text;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Posthaste.WebConsole.Tests.Browser;

/// <summary>A small shop: some hundred messages a second through its exchanges, and those who consume them.</summary>
internal sealed class Traffic : IAsyncDisposable
{
    private const string Events = "shop.events";
    private const string Audit = "shop.audit";
    private const string Unrouted = "shop.unrouted";
    private const string Graves = "shop.graves";

    private static readonly (string Queue, string Key)[] Bindings =
        [("billing.invoices", "order.*"), ("warehouse.orders", "order.placed"), ("analytics.all", "#")];

    /// <summary>How often which, of every ten messages.</summary>
    private static readonly string[] Keys =
    [
        "order.placed", "order.placed", "order.placed", "order.placed", "order.cancelled", "user.joined",
        "user.left", "user.joined", "basket.changed", "basket.changed",
    ];

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly CancellationTokenSource _stop = new();
    private readonly IConnection _shop;
    private readonly IConnection _idle;
    private readonly Task _publishing;

    private Traffic(IConnection shop, IConnection idle, IChannel channel)
    {
        _shop = shop;
        _idle = idle;
        _publishing = PublishAsync(channel);
    }

    public static async Task<Traffic> StartAsync(Uri uri)
    {
        var shop = await ConnectAsync(uri, "shop");
        var channel = await shop.CreateChannelAsync();
        await DeclareAsync(channel);
        foreach (var (queue, _) in Bindings)
        {
            var consumer = new AsyncEventingBasicConsumer(channel);
            await channel.BasicConsumeAsync(queue, autoAck: true, consumer);
        }

        return new Traffic(shop, await ConnectAsync(uri, "idle"), channel);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _publishing;
        await _shop.DisposeAsync();
        await _idle.DisposeAsync();
        _stop.Dispose();
    }

    private static Task<IConnection> ConnectAsync(Uri uri, string name) => new ConnectionFactory
    {
        Uri = uri,
        ClientProvidedName = name,
        AutomaticRecoveryEnabled = false,
    }.CreateConnectionAsync();

    private static async Task DeclareAsync(IChannel channel)
    {
        await channel.ExchangeDeclareAsync(Unrouted, ExchangeType.Fanout, durable: true);
        await channel.ExchangeDeclareAsync(Graves, ExchangeType.Topic, durable: true);
        await channel.QueueDeclareAsync("graveyard", durable: true, exclusive: false, autoDelete: false);
        await channel.QueueBindAsync("graveyard", Graves, "#");
        await channel.ExchangeDeclareAsync(
            Events, ExchangeType.Topic, durable: true, autoDelete: false,
            new Dictionary<string, object?> { ["alternate-exchange"] = Unrouted });
        await channel.ExchangeDeclareAsync(Audit, ExchangeType.Fanout, durable: true);
        await channel.ExchangeBindAsync(Audit, Events, "order.#");
        foreach (var (queue, key) in Bindings)
        {
            await channel.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false);
            await channel.QueueBindAsync(queue, Events, key);
        }

        // Nobody reads it: it is what piles up.
        await channel.QueueDeclareAsync(
            "audit.log", durable: true, exclusive: false, autoDelete: false,
            new Dictionary<string, object?>
            {
                ["x-max-length"] = 5_000,
                ["x-dead-letter-exchange"] = Graves,
            });
        await channel.QueueBindAsync("audit.log", Audit, "");
    }

    private async Task PublishAsync(IChannel channel)
    {
        var properties = new BasicProperties { ContentType = "application/json", Persistent = true };
        for (var i = 0; !_stop.IsCancellationRequested; i++)
        {
            var key = Keys[i % Keys.Length];
            var body = Encoding.UTF8.GetBytes($$"""{"event": "{{key}}", "number": {{i}}}""");
            await channel.BasicPublishAsync(Events, key, mandatory: false, properties, body);
            await Task.Delay(Pause, CancellationToken.None);
        }
    }
}
