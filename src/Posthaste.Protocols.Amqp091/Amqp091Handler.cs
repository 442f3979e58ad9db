using Microsoft.Extensions.Logging;
using Posthaste.Broker;
using Posthaste.Broker.Protocols;
using Posthaste.Broker.Sessions;
using Posthaste.Protocols.Amqp091.Format;
using Posthaste.Protocols.Amqp091.Session;

namespace Posthaste.Protocols.Amqp091;

/// <summary>AMQP 0-9-1 with RabbitMQ's extensions. One instance serves all connections of a broker.</summary>
public sealed class Amqp091Handler : IProtocolHandler
{
    /// <summary>Registers the message format with the broker; connections may come from then on.</summary>
    /// <param name="broker">The broker that the connections work on.</param>
    /// <param name="limits">What a connection may use; null for the defaults.</param>
    public Amqp091Handler(MessageBroker broker, Amqp091Limits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(broker);
        Broker = broker;
        Limits = limits ?? Amqp091Limits.Default;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(
            Limits.FrameBytesMax, Amqp091Limits.FrameBytesCeiling, nameof(limits));
        Log = broker.Loggers.CreateLogger("Posthaste.Amqp091");
        broker.Formats.Register(new Amqp091Format());
    }

    public string Name => "amqp";

    public int DefaultPort => 5672;

    internal MessageBroker Broker { get; }

    internal Amqp091Limits Limits { get; }

    internal ILogger Log { get; }

    internal ReadScopePool Scopes { get; } = new();

    public Task ServeAsync(ProtocolConnection connection, CancellationToken stopping)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return new AmqpConnection(this, connection).RunAsync(stopping);
    }
}
