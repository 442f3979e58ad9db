using Microsoft.Extensions.Logging;
using Posthaste.Broker;
using Posthaste.Broker.Protocols;
using Posthaste.Protocols.Amqp091;

namespace Posthaste.Server.Transport;

/// <summary>A protocol that the server can listen for, before there is a broker to speak it with.</summary>
internal sealed record Protocol(
    string Name, int DefaultPort, Func<MessageBroker, ILoggerFactory, IProtocolHandler> Create)
{
    /// <summary>Every protocol of this build.</summary>
    public static IReadOnlyList<Protocol> Known { get; } =
        [new("amqp", 5672, (broker, _) => new Amqp091Handler(broker))];
}
