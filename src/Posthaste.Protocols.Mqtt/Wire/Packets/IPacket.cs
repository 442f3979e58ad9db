namespace Posthaste.Protocols.Mqtt.Wire.Packets;

/// <summary>
/// A packet's content in the buffer that it came in, or on its way into one: its texts are spans that it does not own.
/// </summary>
/// <typeparam name="TSelf">The packet itself.</typeparam>
public interface IPacket<TSelf>
    where TSelf : IPacket<TSelf>, allows ref struct
{
    /// <summary>Type and flags as they stand on the wire.</summary>
    byte FirstOctet { get; }

    /// <summary>
    /// Reads a packet of this type: the caller has looked. False means that it breaks the protocol; what is in
    /// <paramref name="content"/> then has no meaning.
    /// </summary>
    /// <param name="packet">The packet as the scanner found it.</param>
    /// <param name="version">What the connection speaks.</param>
    /// <param name="content">What it says.</param>
    /// <param name="error">What is wrong with it.</param>
    static abstract bool TryRead(Packet packet, MqttVersion version, out TSelf content, out WireError error);

    /// <summary>Exactly as many bytes as <see cref="WriteBody"/> writes.</summary>
    int GetBodyBytes(MqttVersion version);

    /// <summary>Writes all that follows the remaining length. Strings must not exceed 65,535 bytes.</summary>
    void WriteBody(ref PacketWriter writer, MqttVersion version);
}
