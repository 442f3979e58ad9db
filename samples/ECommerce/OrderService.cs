using RabbitMQ.Client;

namespace ECommerce;

/// <summary>
/// Takes orders and says so on an exchange. It knows nobody who listens: whoever wants to hear of orders brings a queue
/// of its own.
/// </summary>
internal sealed class OrderService : IAsyncDisposable
{
    public const string Exchange = "orders";
    public const string OrderPlaced = "order.placed";

    private readonly IConnection _connection;
    private readonly IChannel _channel;
    private int _lastOrder;

    private OrderService(IConnection connection, IChannel channel) => (_connection, _channel) = (connection, channel);

    public static async Task<OrderService> StartAsync(Uri broker)
    {
        var factory = new ConnectionFactory { Uri = broker, ClientProvidedName = "order service" };
        var connection = await factory.CreateConnectionAsync();
        // With tracking, a publish returns when the broker has the message on disk, and throws when it has not.
        var channel = await connection.CreateChannelAsync(
            new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true));
        await channel.ExchangeDeclareAsync(Exchange, ExchangeType.Topic, durable: true);
        return new OrderService(connection, channel);
    }

    /// <summary>Places so many orders; when it returns no crash can lose them.</summary>
    public async Task PlaceAsync(int count)
    {
        for (var i = 0; i < count; i++)
        {
            var message = new BasicProperties { Persistent = true, ContentType = "text/plain" };
            var body = System.Text.Encoding.UTF8.GetBytes($"{++_lastOrder}");
            await _channel.BasicPublishAsync(Exchange, OrderPlaced, mandatory: true, message, body);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _channel.DisposeAsync();
        await _connection.DisposeAsync();
    }
}
