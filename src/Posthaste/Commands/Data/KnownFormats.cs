using Posthaste.Broker.Formats;
using Posthaste.Protocols.Amqp091.Format;
using Posthaste.Protocols.Mqtt.Format;
using Posthaste.Protocols.Stomp.Format;

namespace Posthaste.Commands.Data;

/// <summary>The formats of all protocols, for commands that read messages without a broker.</summary>
internal static class KnownFormats
{
    public static void Register(MessageFormats formats)
    {
        formats.Register(new Amqp091Format());
        formats.Register(new MqttFormat());
        formats.Register(new StompFormat());
    }
}
