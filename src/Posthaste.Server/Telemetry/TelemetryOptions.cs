namespace Posthaste.Server.Telemetry;

/// <summary>How OTLP is spoken to a collector.</summary>
public enum OtlpProtocol
{
    /// <summary>gRPC, where collectors listen on port 4317.</summary>
    Grpc,

    /// <summary>Protocol buffers over HTTP, where collectors listen on port 4318.</summary>
    HttpProtobuf,
}

/// <summary>What is sent to a collector.</summary>
[Flags]
public enum TelemetrySignals
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>What the broker counts.</summary>
    Metrics = 1,

    /// <summary>The ways of sampled messages.</summary>
    Traces = 2,

    /// <summary>What the broker logs; of <c>posthaste serve</c> only, elsewhere logs are the application's.</summary>
    Logs = 4,

    /// <summary>All of them.</summary>
    All = Metrics | Traces | Logs,
}

/// <summary>
/// Where OpenTelemetry's metrics, traces and logs go. Without an endpoint nothing is sent, and nothing of
/// OpenTelemetry is loaded; an application that has OpenTelemetry itself asks for the meter and the source
/// <c>Posthaste</c> instead.
/// </summary>
public sealed class TelemetryOptions
{
    /// <summary>
    /// Address of the collector, as in <c>http://localhost:4318</c>. Default null: nothing is sent.
    /// </summary>
    public Uri? Endpoint { get; set; }

    /// <summary>
    /// How it is spoken to. Default null: gRPC if the endpoint has gRPC's port 4317, else protocol buffers over HTTP.
    /// </summary>
    public OtlpProtocol? Protocol { get; set; }

    /// <summary>
    /// Headers of each request, as in <c>api-key=secret,tenant=shop</c>; values may be percent-encoded. Default: none.
    /// </summary>
    public string Headers { get; set; } = "";

    /// <summary>What is sent. Default: everything.</summary>
    public TelemetrySignals Signals { get; set; } = TelemetrySignals.All;

    /// <summary>
    /// What the broker is called there. Default null: <c>OTEL_SERVICE_NAME</c>, or else <c>posthaste</c>.
    /// </summary>
    public string? ServiceName { get; set; }

    /// <summary>Milliseconds between two exports of metrics. Default 60,000, as OpenTelemetry has it.</summary>
    public int MetricsIntervalMs { get; set; } = 60_000;

    /// <summary>
    /// Milliseconds that one export may take. Default 10,000, as OpenTelemetry has it. A collector that is slower holds
    /// nothing up: what it does not take is dropped.
    /// </summary>
    public int TimeoutMs { get; set; } = 10_000;

    /// <summary>Whether this is sent.</summary>
    internal bool Sends(TelemetrySignals signal) => Endpoint is not null && Signals.HasFlag(signal);

    /// <exception cref="PosthasteConfigurationException">The endpoint is none.</exception>
    internal void Check()
    {
        if (Endpoint is null) return;
        if (Endpoint.IsAbsoluteUri && Endpoint.Scheme is "http" or "https") return;
        throw new PosthasteConfigurationException(
            $"the collector is '{Endpoint}'; it has to be an address of http or https");
    }
}
