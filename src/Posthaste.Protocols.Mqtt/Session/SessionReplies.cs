using Posthaste.Broker;
using Posthaste.Broker.Sessions;
using Posthaste.Protocols.Mqtt.Wire.Packets;

namespace Posthaste.Protocols.Mqtt.Session;

/// <summary>SUBACK and UNSUBACK: what they promise is durable before they leave, if the session is kept.</summary>
internal sealed class SessionReplies(MqttConnection connection) : ReplyQueue(connection)
{
    public void Send<TPacket>(in TPacket packet, bool isDurable, FlushSet flushes)
        where TPacket : IPacket<TPacket>, allows ref struct
    {
        var bytes = connection.Output.Encode(packet);
        if (isDurable && connection.Broker.Pipeline.HasJournal)
        {
            connection.Broker.Pipeline.Post(DeferEncoded(bytes));
            return;
        }

        SendEncoded(bytes);
        flushes.Add(connection.Output);
    }
}
