using Microsoft.Extensions.Configuration;
using Posthaste.Server.Configuration;

namespace Posthaste.Server.Telemetry;

/// <summary>
/// Reads the variables that OpenTelemetry has agreed on for every program. Of <c>posthaste serve</c> only: in an
/// application they are the application's, which may have an exporter of its own already.
/// </summary>
/// <remarks>
/// <c>OTEL_SERVICE_NAME</c> and <c>OTEL_RESOURCE_ATTRIBUTES</c> are read where the resource is described, everywhere.
/// </remarks>
public static class TelemetryVariables
{
    private const int GrpcPort = 4317;

    /// <summary>
    /// Takes over <c>OTEL_EXPORTER_OTLP_ENDPOINT</c>, <c>_PROTOCOL</c>, <c>_HEADERS</c> and <c>_TIMEOUT</c>,
    /// <c>OTEL_METRIC_EXPORT_INTERVAL</c>, <c>OTEL_METRICS_EXPORTER</c>, <c>OTEL_TRACES_EXPORTER</c> and
    /// <c>OTEL_LOGS_EXPORTER</c> (<c>none</c> turns one off), <c>OTEL_TRACES_SAMPLER</c> with <c>_ARG</c>, and
    /// <c>OTEL_SDK_DISABLED</c>. Empty is unset.
    /// </summary>
    /// <exception cref="PosthasteConfigurationException">A value is malformed or out of range.</exception>
    public static void Apply(IConfiguration environment, PosthasteOptions options)
    {
        if (string.Equals(environment["OTEL_SDK_DISABLED"], "true", StringComparison.OrdinalIgnoreCase)) return;
        Apply(environment, "OTEL_EXPORTER_OTLP_ENDPOINT", "Otlp:Endpoint", options);
        Apply(environment, "OTEL_EXPORTER_OTLP_PROTOCOL", "Otlp:Protocol", options);
        Apply(environment, "OTEL_EXPORTER_OTLP_HEADERS", "Otlp:Headers", options);
        Apply(environment, "OTEL_EXPORTER_OTLP_TIMEOUT", "Otlp:TimeoutMs", options);
        Apply(environment, "OTEL_METRIC_EXPORT_INTERVAL", "Otlp:MetricsIntervalMs", options);
        TurnOff(environment, "OTEL_METRICS_EXPORTER", TelemetrySignals.Metrics, options);
        TurnOff(environment, "OTEL_TRACES_EXPORTER", TelemetrySignals.Traces, options);
        TurnOff(environment, "OTEL_LOGS_EXPORTER", TelemetrySignals.Logs, options);
        ApplySampler(environment, options);
    }

    /// <summary>What a collector at this address most probably speaks.</summary>
    internal static OtlpProtocol ProtocolOf(Uri endpoint) =>
        endpoint.Port == GrpcPort ? OtlpProtocol.Grpc : OtlpProtocol.HttpProtobuf;

    private static void Apply(IConfiguration environment, string variable, string key, PosthasteOptions options)
    {
        if (environment[variable] is not { Length: > 0 } value) return;
        try
        {
            PosthasteConfiguration.ApplySetting(key, value, options);
        }
        catch (PosthasteConfigurationException exception)
        {
            // Whoever has set the variable need not know the setting that it stands for.
            throw new PosthasteConfigurationException($"{variable}: {exception.Message}", exception);
        }
    }

    /// <summary>
    /// What samplers decide of messages without a trace. Of those with one the publisher decides, whatever the sampler:
    /// half a trace helps nobody. Others than OpenTelemetry's own are ignored, as its specification has it.
    /// </summary>
    private static void ApplySampler(IConfiguration environment, PosthasteOptions options)
    {
        switch (environment["OTEL_TRACES_SAMPLER"])
        {
            case "always_on" or "parentbased_always_on":
                options.Broker.Tracing.Ratio = 1;
                break;
            case "parentbased_always_off":
                options.Broker.Tracing.Ratio = 0;
                break;
            case "always_off":
                options.Telemetry.Signals &= ~TelemetrySignals.Traces;
                break;
            case "traceidratio" or "parentbased_traceidratio":
                options.Broker.Tracing.Ratio = 1;
                Apply(environment, "OTEL_TRACES_SAMPLER_ARG", "Tracing:Ratio", options);
                break;
        }
    }

    private static void TurnOff(
        IConfiguration environment, string variable, TelemetrySignals signal, PosthasteOptions options)
    {
        if (string.Equals(environment[variable], "none", StringComparison.OrdinalIgnoreCase))
            options.Telemetry.Signals &= ~signal;
    }
}
