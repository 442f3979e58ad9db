using Microsoft.Extensions.Logging;
using Posthaste.Broker;
using Posthaste.Broker.Protocols;

namespace Posthaste.Server.Transport;

/// <summary>A protocol that the server can listen for, before there is a broker to speak it with.</summary>
internal sealed record Protocol(
    string Name, int DefaultPort, Func<MessageBroker, ILoggerFactory, IProtocolHandler> Create)
{
    /// <summary>Every protocol of this build.</summary>
    public static IReadOnlyList<Protocol> Known { get; } = [];
}
