using System.Globalization;
using Posthaste.Server.Telemetry;

namespace Posthaste.Server.Configuration;

/// <summary>Where OpenTelemetry's signals go.</summary>
internal static class TelemetryTexts
{
    private const string Grpc = "grpc";
    private const string HttpProtobuf = "http/protobuf";

    public static IReadOnlyList<TextSetting> All { get; } =
    [
        new("Otlp:Endpoint",
            o => o.Telemetry.Endpoint?.OriginalString ?? "", TrySetEndpoint,
            "an address of http or https, or empty",
            "OpenTelemetry collector that metrics, traces and logs go to; none: nothing is sent. " +
            "`OTEL_EXPORTER_OTLP_ENDPOINT` is the same."),
        new("Otlp:Protocol",
            o => o.Telemetry.Protocol switch
            {
                OtlpProtocol.Grpc => Grpc,
                OtlpProtocol.HttpProtobuf => HttpProtobuf,
                _ => "",
            },
            TrySetProtocol,
            $"{Grpc} or {HttpProtobuf}, or empty",
            $"How it is spoken to; unset: `{Grpc}` at port 4317, `{HttpProtobuf}` at others."),
        new("Otlp:Headers",
            o => o.Telemetry.Headers, TrySetHeaders,
            "NAME=VALUE pairs separated by commas, or empty",
            "Headers of each request to it, as in `api-key=…`."),
        new("Otlp:Signals",
            o => o.Telemetry.Signals == TelemetrySignals.All ? "metrics,traces,logs"
                : o.Telemetry.Signals.ToString(),
            TrySetSignals,
            "metrics, traces and logs, separated by commas, or empty",
            "What is sent to it."),
        new("Otlp:ServiceName",
            o => o.Telemetry.ServiceName ?? "",
            (o, v) =>
            {
                o.Telemetry.ServiceName = v.Length > 0 ? v : null;
                return true;
            },
            "a text, or empty",
            "What the broker is called there; unset: `OTEL_SERVICE_NAME`, else `posthaste`."),
        new("Tracing:Ratio",
            o => o.Broker.Tracing.Ratio.ToString(CultureInfo.InvariantCulture), TrySetRatio,
            "a number from 0 to 1",
            "Share of the messages without a `traceparent` that a trace is begun for. `OTEL_TRACES_SAMPLER` with " +
            "`OTEL_TRACES_SAMPLER_ARG` sets it, too."),
    ];

    private static bool TrySetEndpoint(PosthasteOptions options, string text)
    {
        Uri? endpoint = null;
        var isOne = Uri.TryCreate(text, UriKind.Absolute, out endpoint)
            && (endpoint.Scheme == Uri.UriSchemeHttp || endpoint.Scheme == Uri.UriSchemeHttps);
        if (text.Length > 0 && !isOne) return false;
        options.Telemetry.Endpoint = isOne ? endpoint : null;
        return true;
    }

    private static bool TrySetProtocol(PosthasteOptions options, string text)
    {
        if (text is not (Grpc or HttpProtobuf or "")) return false;
        options.Telemetry.Protocol = text switch
        {
            Grpc => OtlpProtocol.Grpc,
            HttpProtobuf => OtlpProtocol.HttpProtobuf,
            _ => null,
        };
        return true;
    }

    private static bool TrySetHeaders(PosthasteOptions options, string text)
    {
        var pairs = text.Split(',', StringSplitOptions.RemoveEmptyEntries);
        if (pairs.Any(static pair => pair.IndexOf('=', StringComparison.Ordinal) <= 0)) return false;
        options.Telemetry.Headers = text;
        return true;
    }

    private static bool TrySetRatio(PosthasteOptions options, string text)
    {
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var ratio)) return false;
        if (ratio is not (>= 0 and <= 1)) return false;
        options.Broker.Tracing.Ratio = ratio;
        return true;
    }

    private static bool TrySetSignals(PosthasteOptions options, string text)
    {
        var signals = TelemetrySignals.None;
        foreach (var name in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            // Numbers would be read as well, and mean nothing to anybody.
            if (!char.IsLetter(name[0]) || !Enum.TryParse(name, ignoreCase: true, out TelemetrySignals one))
                return false;
            signals |= one;
        }

        options.Telemetry.Signals = signals;
        return true;
    }
}
