namespace Posthaste.Protocols.Mqtt.Wire;

/// <summary>The kinds of control packet: the upper four bits of the first octet. 0 is forbidden.</summary>
public enum PacketType : byte
{
    Connect = 1,
    ConnAck = 2,
    Publish = 3,

    /// <summary>Ends a QoS 1 publish.</summary>
    PubAck = 4,

    /// <summary>QoS 2, first answer: received.</summary>
    PubRec = 5,

    /// <summary>QoS 2, the sender's answer to PUBREC: the id may be forgotten.</summary>
    PubRel = 6,

    /// <summary>QoS 2, last answer: it is forgotten.</summary>
    PubComp = 7,

    Subscribe = 8,
    SubAck = 9,
    Unsubscribe = 10,
    UnsubAck = 11,
    PingReq = 12,
    PingResp = 13,
    Disconnect = 14,

    /// <summary>MQTT 5 only; in 3.x a forbidden value, which the receiver of the packet has to refuse.</summary>
    Auth = 15,
}
