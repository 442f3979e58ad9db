using System.Globalization;
using System.Text;
using Posthaste.Interop.Tests.Infrastructure;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Posthaste.Interop.Tests.AnyToAny;

/// <summary>RabbitMQ.Client as a peer.</summary>
internal sealed class AmqpPeer : IPeer
{
    private const string Topics = "amq.topic";
    private const string ReplyPrefix = "amq.reply-to.";
    private const string DirectReplies = "amq.rabbitmq.reply-to";

    private readonly IConnection _connection;
    private readonly IChannel _channel;
    private readonly Inbox _inbox;

    private AmqpPeer(IConnection connection, IChannel channel)
    {
        _connection = connection;
        _channel = channel;
        _inbox = new Inbox(channel);
    }

    public static async Task<AmqpPeer> StartAsync(BrokerFixture broker)
    {
        IConnection connection = await broker.Factory().CreateConnectionAsync();

        // Without the client's tracking of confirms, which adds a header of its own to every message.
        return new AmqpPeer(connection, await connection.CreateChannelAsync());
    }

    public async Task SubscribeAsync(string key) =>
        await _channel.BasicConsumeAsync(await QueueAsync(key), autoAck: true, _inbox);

    public async Task PublishAsync(AnyMessage message) =>
        await _channel.BasicPublishAsync(Topics, message.Key, false, PropertiesOf(message), message.Body);

    /// <summary>As every responder of RabbitMQ does it: to the default exchange, with what `reply_to` says.</summary>
    public async Task RespondAsync(string key)
    {
        var consumer = new AsyncEventingBasicConsumer(_channel);
        consumer.ReceivedAsync += async (_, request) =>
        {
            var properties = new BasicProperties { CorrelationId = request.BasicProperties.CorrelationId };
            byte[] body = [.. "re: "u8, .. request.Body.Span];
            await _channel.BasicPublishAsync("", request.BasicProperties.ReplyTo!, true, properties, body);
        };
        await _channel.BasicConsumeAsync(await QueueAsync(key), autoAck: true, consumer);
    }

    public async Task RequestAsync(AnyMessage request)
    {
        await _channel.BasicConsumeAsync(DirectReplies, autoAck: true, _inbox);
        BasicProperties properties = PropertiesOf(request);
        properties.ReplyTo = DirectReplies;
        await _channel.BasicPublishAsync(Topics, request.Key, false, properties, request.Body);
    }

    public async Task<AnyMessage> ReceiveAsync()
    {
        Delivery delivery = await _inbox.NextAsync();
        IReadOnlyBasicProperties properties = delivery.Properties;
        return new AnyMessage
        {
            Key = delivery.RoutingKey,
            Body = delivery.Bytes,
            Persistent = properties.DeliveryMode == DeliveryModes.Persistent,
            ContentType = properties.ContentType,
            ContentEncoding = properties.ContentEncoding,
            CorrelationId = properties.CorrelationId is { } id ? Encoding.UTF8.GetBytes(id) : null,
            ReplyTo = properties.ReplyTo is { } text ? Parse(text) : null,
            ExpirationMs = properties.Expiration is { } ms ? long.Parse(ms, CultureInfo.InvariantCulture) : null,
            Priority = properties.IsPriorityPresent() ? properties.Priority : null,
            Timestamp = properties.IsTimestampPresent() ? properties.Timestamp.UnixTime : null,
            MessageId = properties.MessageId,
            Type = properties.Type,
            AppId = properties.AppId,
            Headers = [.. (properties.Headers ?? new Dictionary<string, object?>()).SelectMany(Texts)],
        };
    }

    public async ValueTask DisposeAsync() => await _connection.DisposeAsync();

    private async Task<string> QueueAsync(string key)
    {
        QueueDeclareOk queue = await _channel.QueueDeclareAsync();
        await _channel.QueueBindAsync(queue.QueueName, Topics, key);
        return queue.QueueName;
    }

    private static BasicProperties PropertiesOf(AnyMessage message)
    {
        var properties = new BasicProperties
        {
            DeliveryMode = message.Persistent ? DeliveryModes.Persistent : DeliveryModes.Transient,
            ContentType = message.ContentType,
            ContentEncoding = message.ContentEncoding,
            CorrelationId = message.CorrelationId is { } id ? Encoding.UTF8.GetString(id) : null,
            ReplyTo = message.ReplyTo is { } address ? $"{ReplyPrefix}{Escape(address.Exchange)}.{address.Key}" : null,
            Expiration = message.ExpirationMs?.ToString(CultureInfo.InvariantCulture),
            MessageId = message.MessageId,
            Type = message.Type,
            AppId = message.AppId,
        };
        if (message.Headers.Length > 0)
            properties.Headers = message.Headers.ToDictionary(header => header[0], header => (object?)header[1]);
        if (message.Priority is { } priority)
            properties.Priority = (byte)priority;
        if (message.Timestamp is { } seconds)
            properties.Timestamp = new AmqpTimestamp(seconds);
        return properties;
    }

    private static IEnumerable<string[]> Texts(KeyValuePair<string, object?> header) => header.Value switch
    {
        byte[] text => [[header.Key, Encoding.UTF8.GetString(text)]],
        List<object?> array => array.SelectMany(item => Texts(new(header.Key, item))),
        var other => [[header.Key, Convert.ToString(other, CultureInfo.InvariantCulture)!]],
    };

    private static string Escape(string exchange) =>
        exchange.Replace("%", "%25", StringComparison.Ordinal).Replace(".", "%2E", StringComparison.Ordinal);

    private static AnyAddress Parse(string text)
    {
        if (!text.StartsWith(ReplyPrefix, StringComparison.Ordinal))
            return new AnyAddress("", text);
        string[] parts = text[ReplyPrefix.Length..].Split('.', 2);
        string exchange = parts[0].Replace("%2E", ".", StringComparison.Ordinal);
        return new AnyAddress(exchange.Replace("%25", "%", StringComparison.Ordinal), parts[1]);
    }
}
