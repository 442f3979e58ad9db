using Posthaste.Protocols.Stomp;
using static Posthaste.Server.Configuration.NumberSetting;

namespace Posthaste.Server.Configuration;

/// <summary>The limits of STOMP.</summary>
internal static class StompNumbers
{
    public static IReadOnlyList<NumberSetting> All { get; } =
    [
        new("Stomp:HeadBytesMax", SettingUnit.Bytes, KiB, StompLimits.HeadBytesCeiling,
            o => o.Stomp.Limits.HeadBytesMax,
            (o, v) => Set(o, o.Stomp.Limits with { HeadBytesMax = (int)v }),
            "Command and headers of one frame."),
        new("Stomp:HeadersMax", SettingUnit.Count, 10, 10_000,
            o => o.Stomp.Limits.HeadersMax,
            (o, v) => Set(o, o.Stomp.Limits with { HeadersMax = (int)v }),
            "Headers of one frame. As in RabbitMQ."),
        new("Stomp:BodyBytesMax", SettingUnit.Bytes, KiB, 512 * MiB,
            o => o.Stomp.Limits.BodyBytesMax,
            (o, v) => Set(o, o.Stomp.Limits with { BodyBytesMax = (int)v }),
            "Body of one SEND, and never more than `MessageBytesMax`. As in RabbitMQ."),
        new("Stomp:HandshakeMsMax", SettingUnit.Milliseconds, 100, 10 * 60 * 1_000,
            o => o.Stomp.Limits.HandshakeMsMax,
            (o, v) => Set(o, o.Stomp.Limits with { HandshakeMsMax = (int)v }),
            "Time from accept to CONNECTED. As in RabbitMQ."),
        new("Stomp:HeartBeatMsMin", SettingUnit.Milliseconds, 1_000, 60 * 60 * 1_000,
            o => o.Stomp.Limits.HeartBeatMsMin,
            (o, v) => Set(o, o.Stomp.Limits with { HeartBeatMsMin = (int)v }),
            "Shortest heart-beat interval that is agreed to: one timer that ticks twice a second serves all " +
            "connections."),
        new("Stomp:SubscriptionsMax", SettingUnit.Count, 1, 10_000_000,
            o => o.Stomp.Limits.SubscriptionsMax,
            (o, v) => Set(o, o.Stomp.Limits with { SubscriptionsMax = (int)v }),
            "Subscriptions of one connection, about 1 KB each."),
        new("Stomp:UnackedMax", SettingUnit.Count, 1, 1 << 26,
            o => o.Stomp.Limits.UnackedMax,
            (o, v) => Set(o, o.Stomp.Limits with { UnackedMax = (int)v }),
            "Deliveries of one connection that wait for an acknowledgement, 24 bytes each; then nothing more " +
            "is delivered."),
        new("Stomp:TransactionsMax", SettingUnit.Count, 1, 10_000,
            o => o.Stomp.Limits.TransactionsMax,
            (o, v) => Set(o, o.Stomp.Limits with { TransactionsMax = (int)v }),
            "Transactions of one connection that are open at a time. As in RabbitMQ."),
        new("Stomp:TransactionActionsMax", SettingUnit.Count, 1, 1_000_000,
            o => o.Stomp.Limits.TransactionActionsMax,
            (o, v) => Set(o, o.Stomp.Limits with { TransactionActionsMax = (int)v }),
            "Messages and acknowledgements in them together; a message takes 16 KiB and more until the " +
            "commit."),
        new("Stomp:TransactionBytesMax", SettingUnit.Bytes, KiB, 64 * MiB,
            o => o.Stomp.Limits.TransactionBytesMax,
            (o, v) => Set(o, o.Stomp.Limits with { TransactionBytesMax = (int)v }),
            "Messages in them together; the most is what one commit may hold."),
    ];

    private static void Set(PosthasteOptions options, StompLimits limits) =>
        options.Stomp = options.Stomp with { Limits = limits };
}
