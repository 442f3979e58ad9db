using System.Text;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace EmbeddedTests;

/// <summary>
/// The application under test: seats are held for fifteen minutes, then they are free again. The holding is done by the
/// broker: a message that expires in one queue is dead-lettered into another.
/// </summary>
public sealed class Reservations : IAsyncDisposable
{
    public static readonly TimeSpan HoldTime = TimeSpan.FromMinutes(15);

    private const string HeldQueue = "reservations.held";
    private const string ExpiredQueue = "reservations.expired";

    private readonly IConnection _connection;
    private readonly IChannel _channel;

    private Reservations(IConnection connection, IChannel channel) => (_connection, _channel) = (connection, channel);

    public static async Task<Reservations> OpenAsync(Uri broker)
    {
        var connection = await new ConnectionFactory { Uri = broker }.CreateConnectionAsync();
        var channel = await connection.CreateChannelAsync(
            new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true));
        await channel.QueueDeclareAsync(ExpiredQueue, durable: true, exclusive: false, autoDelete: false);
        await channel.QueueDeclareAsync(HeldQueue, durable: true, exclusive: false, autoDelete: false,
            new Dictionary<string, object?>
            {
                ["x-message-ttl"] = (long)HoldTime.TotalMilliseconds,
                ["x-dead-letter-exchange"] = "",
                ["x-dead-letter-routing-key"] = ExpiredQueue,
            });
        return new Reservations(connection, channel);
    }

    /// <summary>Holds a seat; when it returns, the broker has taken note.</summary>
    public async Task HoldAsync(string seat)
    {
        var properties = new BasicProperties { Persistent = true };
        await _channel.BasicPublishAsync("", HeldQueue, mandatory: true, properties, Encoding.UTF8.GetBytes(seat));
    }

    /// <summary>How many seats are held now.</summary>
    public async Task<uint> CountHeldAsync() => await _channel.MessageCountAsync(HeldQueue);

    /// <summary>Calls back for each seat that is free again.</summary>
    public async Task WhenExpiredAsync(Action<string> seatIsFree)
    {
        var consumer = new AsyncEventingBasicConsumer(_channel);
        consumer.ReceivedAsync += async (_, delivery) =>
        {
            seatIsFree(Encoding.UTF8.GetString(delivery.Body.Span));
            await _channel.BasicAckAsync(delivery.DeliveryTag, multiple: false);
        };
        await _channel.BasicConsumeAsync(ExpiredQueue, autoAck: false, consumer);
    }

    public async ValueTask DisposeAsync()
    {
        await _channel.DisposeAsync();
        await _connection.DisposeAsync();
    }
}
