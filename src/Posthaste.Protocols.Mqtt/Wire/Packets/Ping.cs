namespace Posthaste.Protocols.Mqtt.Wire.Packets;

/// <summary>
/// PINGREQ and PINGRESP: a fixed header and nothing else. They are written as constants of <see cref="PacketFrame"/>.
/// </summary>
public static class Ping
{
    /// <summary>Whether the packet has no body, as it must not.</summary>
    public static bool TryRead(Packet packet, out WireError error)
    {
        error = packet.Body.IsEmpty ? default : WireError.Malformed($"{packet.Type} with a body");
        return packet.Body.IsEmpty;
    }
}
