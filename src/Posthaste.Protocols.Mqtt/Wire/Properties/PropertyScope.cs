namespace Posthaste.Protocols.Mqtt.Wire.Properties;

/// <summary>The lists that a property may stand in: the packets that have one, and the will in CONNECT.</summary>
[Flags]
public enum PropertyScope : ushort
{
    None = 0,
    Connect = 1 << 0,
    ConnAck = 1 << 1,
    Publish = 1 << 2,
    Will = 1 << 3,
    PubAck = 1 << 4,
    PubRec = 1 << 5,
    PubRel = 1 << 6,
    PubComp = 1 << 7,
    Subscribe = 1 << 8,
    SubAck = 1 << 9,
    Unsubscribe = 1 << 10,
    UnsubAck = 1 << 11,
    Disconnect = 1 << 12,
    Auth = 1 << 13,
    All = (1 << 14) - 1,
}
