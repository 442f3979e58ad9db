using Posthaste.Protocols.Amqp091;
using static Posthaste.Server.Configuration.NumberSetting;

namespace Posthaste.Server.Configuration;

/// <summary>The limits of AMQP 0-9-1.</summary>
internal static class AmqpNumbers
{
    public static IReadOnlyList<NumberSetting> All { get; } =
    [
        new("Amqp:ChannelMax", SettingUnit.Count, 1, ushort.MaxValue,
            o => o.Amqp.ChannelMax,
            (o, v) => o.Amqp = o.Amqp with { ChannelMax = (ushort)v },
            "Channels of one connection. As in RabbitMQ."),
        new("Amqp:FrameBytesMax", SettingUnit.Bytes, 8 * KiB, Amqp091Limits.FrameBytesCeiling,
            o => o.Amqp.FrameBytesMax,
            (o, v) => o.Amqp = o.Amqp with { FrameBytesMax = (int)v },
            "Largest frame offered to clients. As in RabbitMQ; the most is what one buffer takes."),
        new("Amqp:HeartbeatSeconds", SettingUnit.Seconds, 0, ushort.MaxValue,
            o => o.Amqp.HeartbeatSeconds,
            (o, v) => o.Amqp = o.Amqp with { HeartbeatSeconds = (ushort)v },
            "Heartbeat interval offered; clients may choose another, or none. 0: none. As in RabbitMQ."),
        new("Amqp:HandshakeMsMax", SettingUnit.Milliseconds, 100, 10 * 60 * 1_000,
            o => o.Amqp.HandshakeMsMax,
            (o, v) => o.Amqp = o.Amqp with { HandshakeMsMax = (int)v },
            "Time from accept to `connection.open`. As in RabbitMQ."),
        new("Amqp:ConsumersPerChannelMax", SettingUnit.Count, 1, 10_000_000,
            o => o.Amqp.ConsumersPerChannelMax,
            (o, v) => o.Amqp = o.Amqp with { ConsumersPerChannelMax = (int)v },
            "Consumers on one channel. RabbitMQ has no limit, memory has."),
        new("Amqp:UnackedPerChannelMax", SettingUnit.Count, 1, 1 << 26,
            o => o.Amqp.UnackedPerChannelMax,
            (o, v) => o.Amqp = o.Amqp with { UnackedPerChannelMax = (int)v },
            "Deliveries of one channel that wait for an acknowledgement, 24 bytes each; then nothing more is " +
            "delivered."),
        new("Amqp:TransactionReturnBytesMax", SettingUnit.Bytes, KiB, GiB,
            o => o.Amqp.TransactionReturnBytesMax,
            (o, v) => o.Amqp = o.Amqp with { TransactionReturnBytesMax = (int)v },
            "Returns that one transaction may hold; more is 406."),
    ];
}
