namespace Posthaste.Protocols.Mqtt.Wire;

/// <summary>The versions of MQTT, numbered as the protocol level in CONNECT numbers them.</summary>
public enum MqttVersion : byte
{
    /// <summary>Not known yet: nothing but a CONNECT may come.</summary>
    Unknown = 0,

    /// <summary>MQTT 3.1, protocol name <c>MQIsdp</c>.</summary>
    V31 = 3,

    /// <summary>MQTT 3.1.1, protocol name <c>MQTT</c>.</summary>
    V311 = 4,

    /// <summary>MQTT 5, protocol name <c>MQTT</c>.</summary>
    V5 = 5,
}
