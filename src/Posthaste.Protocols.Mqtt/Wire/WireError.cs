namespace Posthaste.Protocols.Mqtt.Wire;

/// <summary>
/// A breach of the protocol as a value. It always ends the connection: MQTT 5 is told the code, in CONNACK before the
/// session stands and in DISCONNECT after that [MQTT-4.13.1-1]; 3.x has no words for it and is closed without one
/// ([MQTT-4.8.0-1] of 3.1.1), except that a refused CONNECT gets its return code.
/// </summary>
/// <param name="Code">What to tell a peer that speaks MQTT 5.</param>
/// <param name="Detail">English text for logs and reason strings; null only in the default value, no error.</param>
public readonly record struct WireError(ReasonCode Code, string Detail)
{
    /// <summary>Whether there is an error at all.</summary>
    public bool IsError => Detail is not null;

    /// <summary>What can't be parsed as the specification writes it (section 1.2).</summary>
    public static WireError Malformed(string detail) => new(ReasonCode.MalformedPacket, detail);

    /// <summary>What can be parsed but is not allowed (section 1.2).</summary>
    public static WireError Protocol(string detail) => new(ReasonCode.ProtocolError, detail);
}
