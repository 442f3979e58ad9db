using Posthaste.Broker.Connections;

namespace Posthaste.Broker.Tracing;

/// <summary>
/// The attributes of a span, by OpenTelemetry's conventions for messaging and for RabbitMQ; what these do not know is
/// called `posthaste.…`.
/// </summary>
internal readonly struct SpanTags
{
    private readonly List<KeyValuePair<string, object?>> _tags = [];

    /// <param name="message">What it is about.</param>
    /// <param name="operation">What is done, in the broker's words.</param>
    /// <param name="type">The convention's kind of that; null where it has none.</param>
    /// <param name="queue">Where the message is; null while it is in none.</param>
    public SpanTags(TracedMessage message, string operation, string? type, string? queue = null)
    {
        Add("messaging.system", "posthaste");
        Add("messaging.operation.name", operation);
        Add("messaging.operation.type", type);
        Add("messaging.destination.name", Destination(message, queue));
        Add("messaging.rabbitmq.destination.routing_key", message.RoutingKey);
        Add("messaging.message.id", message.Id);
        Add("messaging.message.conversation_id", message.CorrelationId);
        _tags.Add(new("messaging.message.body.size", message.BodyBytes));
        Add("posthaste.vhost", message.VirtualHost);
        Add("posthaste.queue", queue);
    }

    public IEnumerable<KeyValuePair<string, object?>> All => _tags;

    /// <summary>Adds an attribute; nothing where there is nothing to say.</summary>
    public SpanTags Add(string name, string? value)
    {
        if (value is { Length: > 0 }) _tags.Add(new(name, value));
        return this;
    }

    public SpanTags Add(string name, object value)
    {
        _tags.Add(new(name, value));
        return this;
    }

    /// <summary>Whose doing it is.</summary>
    public SpanTags Add(BrokerConnection? client) => client is null ? this
        : Add("messaging.client.id", client.ClientName is { Length: > 0 } name ? name : client.Name)
            .Add("network.protocol.name", client.Protocol)
            .Add("posthaste.connection", client.Name);

    /// <summary>Exchange, key and queue, as far as they say something, as the convention for RabbitMQ has it.</summary>
    private static string Destination(TracedMessage message, string? queue)
    {
        string?[] parts = [message.Exchange, message.RoutingKey, queue == message.RoutingKey ? null : queue];
        var destination = string.Join(':', parts.Where(static part => part is { Length: > 0 }));
        return destination.Length > 0 ? destination : TracedMessage.DefaultExchange;
    }
}
