namespace Posthaste.Protocols.Mqtt.Wire;

/// <summary>What a publish promises, as two bits say it on the wire. The value 3 is malformed everywhere.</summary>
public enum QoS : byte
{
    /// <summary>Sent once, answered by nothing.</summary>
    AtMostOnce = 0,

    /// <summary>Answered by PUBACK.</summary>
    AtLeastOnce = 1,

    /// <summary>Answered by PUBREC, PUBREL and PUBCOMP.</summary>
    ExactlyOnce = 2,
}
