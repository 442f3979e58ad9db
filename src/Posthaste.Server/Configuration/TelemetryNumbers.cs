namespace Posthaste.Server.Configuration;

/// <summary>How often and how long OpenTelemetry's signals are sent.</summary>
internal static class TelemetryNumbers
{
    public static IReadOnlyList<NumberSetting> All { get; } =
    [
        new("Otlp:MetricsIntervalMs", SettingUnit.Milliseconds, 1_000, 24 * 60 * 60 * 1_000,
            o => o.Telemetry.MetricsIntervalMs, (o, v) => o.Telemetry.MetricsIntervalMs = (int)v,
            "Time between two exports of metrics. As in OpenTelemetry."),
        new("Otlp:TimeoutMs", SettingUnit.Milliseconds, 100, 10 * 60 * 1_000,
            o => o.Telemetry.TimeoutMs, (o, v) => o.Telemetry.TimeoutMs = (int)v,
            "Time that one export may take; what a slower collector does not take is dropped. As in OpenTelemetry."),
        new("Tracing:MessagesMax", SettingUnit.Count, 1, 10_000_000,
            o => o.Broker.Tracing.MessagesMax, (o, v) => o.Broker.Tracing.MessagesMax = (int)v,
            "Traced messages in queues that are remembered, about 1 KB each; of older ones deliveries and " +
            "settlements are not traced."),
    ];
}
