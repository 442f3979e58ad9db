using Posthaste.Protocols.Mqtt;
using static Posthaste.Server.Configuration.NumberSetting;

namespace Posthaste.Server.Configuration;

/// <summary>The limits of MQTT.</summary>
internal static class MqttNumbers
{
    public static IReadOnlyList<NumberSetting> All { get; } =
    [
        new("Mqtt:SessionExpirySecondsMax", SettingUnit.Seconds, 0, MqttLimits.Never,
            o => o.Mqtt.SessionExpirySecondsMax,
            (o, v) => o.Mqtt = o.Mqtt with { SessionExpirySecondsMax = (uint)v },
            "Longest time that a session outlives its connection, and how long those of 3.x do; " +
            "4,294,967,295: for ever. A week: a device that is off over the holidays finds its messages, one " +
            "that is thrown away does not fill the disk."),
        new("Mqtt:SessionsMax", SettingUnit.Count, 1, 1_000_000_000,
            o => o.Mqtt.SessionsMax,
            (o, v) => o.Mqtt = o.Mqtt with { SessionsMax = (int)v },
            "Sessions that outlive their connections, of one virtual host; 1 to 2 KB each."),
        new("Mqtt:SessionBytesMax", SettingUnit.Bytes, KiB, TiB,
            o => o.Mqtt.SessionBytesMax,
            (o, v) => o.Mqtt = o.Mqtt with { SessionBytesMax = v },
            "Bodies that a session keeps for a client that is away or slow (QoS 1 and 2); then the oldest are " +
            "dropped."),
        new("Mqtt:ReceiveMax", SettingUnit.Count, 1, ushort.MaxValue,
            o => o.Mqtt.ReceiveMax,
            (o, v) => o.Mqtt = o.Mqtt with { ReceiveMax = (ushort)v },
            "Publishes of QoS 1 and 2 that a client of MQTT 5 may have under way (Receive Maximum)."),
        new("Mqtt:InFlightMax", SettingUnit.Count, 1, ushort.MaxValue,
            o => o.Mqtt.InFlightMax,
            (o, v) => o.Mqtt = o.Mqtt with { InFlightMax = (ushort)v },
            "Deliveries of QoS 1 and 2 that a client may have unanswered, whatever it allows itself."),
        new("Mqtt:TopicAliasMax", SettingUnit.Count, 0, ushort.MaxValue,
            o => o.Mqtt.TopicAliasMax,
            (o, v) => o.Mqtt = o.Mqtt with { TopicAliasMax = (ushort)v },
            "Topic aliases that a client may set: up to 64 KiB each is what a hostile one can make the broker " +
            "hold."),
        new("Mqtt:OwnTopicAliasMax", SettingUnit.Count, 0, ushort.MaxValue,
            o => o.Mqtt.OwnTopicAliasMax,
            (o, v) => o.Mqtt = o.Mqtt with { OwnTopicAliasMax = (ushort)v },
            "Topic aliases that the broker sets for a client that takes them."),
        new("Mqtt:SubscriptionsMax", SettingUnit.Count, 1, 100_000_000,
            o => o.Mqtt.SubscriptionsMax,
            (o, v) => o.Mqtt = o.Mqtt with { SubscriptionsMax = (int)v },
            "Subscriptions of one client, about 500 bytes each."),
        new("Mqtt:KeepAliveSecondsMax", SettingUnit.Seconds, 0, ushort.MaxValue,
            o => o.Mqtt.KeepAliveSecondsMax,
            (o, v) => o.Mqtt = o.Mqtt with { KeepAliveSecondsMax = (ushort)v },
            "Longest keep-alive, which clients that ask for more are given; 0: any, none included."),
        new("Mqtt:ConnectMsMax", SettingUnit.Milliseconds, 100, 10 * 60 * 1_000,
            o => o.Mqtt.ConnectMsMax,
            (o, v) => o.Mqtt = o.Mqtt with { ConnectMsMax = (int)v },
            "Time from accept to CONNECT, authentication included. As in RabbitMQ."),
        new("Mqtt:SlowSubscriberMessagesMax", SettingUnit.Count, 1, 1_000_000_000,
            o => o.Mqtt.SlowSubscriberMessagesMax,
            (o, v) => o.Mqtt = o.Mqtt with { SlowSubscriberMessagesMax = (int)v },
            "Messages that wait for a subscriber of QoS 0 that reads too slowly; then the oldest are dropped."),
        new("Mqtt:SlowSubscriberBytesMax", SettingUnit.Bytes, KiB, TiB,
            o => o.Mqtt.SlowSubscriberBytesMax,
            (o, v) => o.Mqtt = o.Mqtt with { SlowSubscriberBytesMax = v },
            "The same in bytes of bodies."),
        new("Mqtt:SystemTopicsSeconds", SettingUnit.Seconds, 0, 24 * 60 * 60,
            o => o.Mqtt.SystemTopicsSeconds,
            (o, v) => o.Mqtt = o.Mqtt with { SystemTopicsSeconds = (int)v },
            "Time between two looks at the `$SYS` topics that somebody subscribes to; 0: no such topics. As " +
            "in Mosquitto."),
    ];
}
