using Posthaste.Broker;
using Posthaste.Broker.Protocols;
using Posthaste.Protocols.Amqp091;
using Posthaste.Protocols.Mqtt;
using Posthaste.Protocols.Stomp;

namespace Posthaste.Server.Transport;

/// <summary>
/// A protocol that the server can listen for, before there is a broker to speak it with. It names its ports; the
/// listeners that follow from them are in <see cref="ListenerKind"/>.
/// </summary>
/// <param name="Name">Name of the plain listener: <c>amqp</c>, <c>mqtt</c>, …</param>
/// <param name="DefaultPort">The port that clients try first.</param>
/// <param name="TlsPort">The port that clients with TLS try first.</param>
/// <param name="Create">Makes what serves its connections, with the limits that the options give it.</param>
internal sealed record Protocol(
    string Name, int DefaultPort, int TlsPort, Func<MessageBroker, PosthasteOptions, IProtocolHandler> Create)
{
    /// <summary>Every protocol of this build.</summary>
    public static IReadOnlyList<Protocol> Known { get; } =
    [
        new("amqp", 5672, 5671, (broker, options) => new Amqp091Handler(broker, options.Amqp))
        {
            Versions = ["0-9-1"],
        },
        new("mqtt", 1883, 8883, (broker, options) => new MqttHandler(broker, options.Mqtt))
        {
            Versions = ["3.1", "3.1.1", "5"],
            WebSocket = new(15675, 15676, ["mqtt", "mqttv3.1"], TakesText: false),
        },
        new("stomp", 61613, 61614, (broker, options) => new StompHandler(broker, options.Stomp))
        {
            Versions = ["1.0", "1.1", "1.2"],
            WebSocket = new(15674, 15673, ["v12.stomp", "v11.stomp", "v10.stomp"], TakesText: true),
        },
    ];

    /// <summary>Its versions, which a listener may be limited to.</summary>
    public required IReadOnlyList<string> Versions { get; init; }

    /// <summary>How the protocol is spoken over WebSocket; null when it is not.</summary>
    public WebSocketBinding? WebSocket { get; init; }
}

/// <summary>A protocol over WebSocket.</summary>
/// <param name="DefaultPort">The port that clients try first.</param>
/// <param name="TlsPort">The port that clients with TLS try first.</param>
/// <param name="SubProtocols">What a client offers in <c>Sec-WebSocket-Protocol</c>, the best first.</param>
/// <param name="TakesText">
/// Whether text messages are the protocol's bytes as well as binary ones. MQTT takes binary ones only [MQTT-6.0.0-1].
/// </param>
internal sealed record WebSocketBinding(
    int DefaultPort, int TlsPort, IReadOnlyList<string> SubProtocols, bool TakesText);
