using Microsoft.Extensions.Logging;
using Posthaste.Broker;
using Posthaste.Broker.Protocols;
using Posthaste.Broker.Sessions;
using Posthaste.Protocols.Stomp.Format;
using Posthaste.Protocols.Stomp.Session;

namespace Posthaste.Protocols.Stomp;

/// <summary>
/// STOMP 1.0, 1.1 and 1.2 with RabbitMQ's destinations and headers. One instance serves all connections of a broker.
/// </summary>
public sealed class StompHandler : IProtocolHandler
{
    /// <summary>Registers the message format with the broker; connections may come from then on.</summary>
    /// <param name="broker">The broker that the connections work on.</param>
    /// <param name="options">How the protocol is spoken; null for the defaults.</param>
    public StompHandler(MessageBroker broker, StompOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(broker);
        Broker = broker;
        Options = options ?? StompOptions.Default;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(
            Options.Limits.HeadBytesMax, StompLimits.HeadBytesCeiling, nameof(options));
        Log = broker.Loggers.CreateLogger("Posthaste.Stomp");
        broker.Formats.Register(new StompFormat());
    }

    public string Name => "stomp";

    public int DefaultPort => 61613;

    internal MessageBroker Broker { get; }

    internal StompOptions Options { get; }

    internal ILogger Log { get; }

    internal ReadScopePool Scopes { get; } = new();

    public Task ServeAsync(ProtocolConnection connection, CancellationToken stopping)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return new StompConnection(this, connection).RunAsync(stopping);
    }
}
