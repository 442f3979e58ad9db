using System.Reflection;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Posthaste.Broker;
using Posthaste.Management.Instruments;

namespace Posthaste.Server.Telemetry;

/// <summary>
/// Exports to a collector by OTLP. Each signal has a thread and a bounded buffer of OpenTelemetry's own: a collector
/// that is away or slow loses what does not fit and costs the broker nothing else. Only this class names OpenTelemetry,
/// and none of it is compiled into its callers: a process that exports nothing loads nothing of it.
/// </summary>
internal static class TelemetryExport
{
    private const string ServiceName = "posthaste";

    /// <summary>Metrics, read and sent from time to time, and once more when this is disposed.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static IDisposable Metrics(TelemetryOptions options)
    {
        var exporter = new OtlpMetricExporter(Target(options, "v1/metrics"));
        return Sdk.CreateMeterProviderBuilder()
            .ConfigureResource(resource => Describe(resource, options))
            .AddMeter(BrokerInstruments.MeterName)
            .AddReader(new PeriodicExportingMetricReader(exporter, options.MetricsIntervalMs, options.TimeoutMs))
            .Build();
    }

    /// <summary>
    /// The spans of sampled messages. Which ones are begun without a parent the broker decides (`Tracing:Ratio`), so
    /// here everything is kept.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static IDisposable Traces(TelemetryOptions options) => Sdk.CreateTracerProviderBuilder()
        .ConfigureResource(resource => Describe(resource, options))
        .SetSampler(new ParentBasedSampler(new AlwaysOnSampler()))
        .AddSource(MessageBroker.TraceSourceName)
        .AddProcessor(new BatchActivityExportProcessor(
            new OtlpTraceExporter(Target(options, "v1/traces")), exporterTimeoutMilliseconds: options.TimeoutMs))
        .Build();

    /// <summary>Adds an exporter of everything that is logged.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Logs(ILoggingBuilder logging, TelemetryOptions options) =>
        logging.AddOpenTelemetry(telemetry => Logs(telemetry, options));

    private static void Logs(OpenTelemetryLoggerOptions logging, TelemetryOptions options)
    {
        var resource = ResourceBuilder.CreateEmpty();
        Describe(resource, options);
        logging.SetResourceBuilder(resource);
        logging.IncludeFormattedMessage = true;
        logging.AddProcessor(new EventIdProcessor());
        logging.AddProcessor(new BatchLogRecordExportProcessor(
            new OtlpLogExporter(Target(options, "v1/logs")), exporterTimeoutMilliseconds: options.TimeoutMs));
    }

    private static OtlpExporterOptions Target(TelemetryOptions options, string path)
    {
        var endpoint = options.Endpoint!;
        var protocol = options.Protocol ?? TelemetryVariables.ProtocolOf(endpoint);
        return new OtlpExporterOptions
        {
            Protocol = protocol == OtlpProtocol.Grpc ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf,
            // gRPC has one address for all; over HTTP each signal has a path behind the one given.
            Endpoint = protocol == OtlpProtocol.Grpc
                ? endpoint : new Uri($"{endpoint.AbsoluteUri.TrimEnd('/')}/{path}"),
            Headers = options.Headers,
            TimeoutMilliseconds = options.TimeoutMs,
        };
    }

    /// <summary>Later ones win: the defaults, then the environment's, then the options' own.</summary>
    private static void Describe(ResourceBuilder resource, TelemetryOptions options)
    {
        var version = typeof(TelemetryExport).Assembly
            .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
        resource.Clear().AddService(ServiceName, serviceVersion: version)
            .AddTelemetrySdk().AddEnvironmentVariableDetector();
        if (options.ServiceName is { } name) resource.AddAttributes([new("service.name", name)]);
    }

    /// <summary>Says which event a record is: its id never changes, its text may.</summary>
    private sealed class EventIdProcessor : BaseProcessor<LogRecord>
    {
        public override void OnEnd(LogRecord data)
        {
            if (data.EventId.Id == 0) return;
            data.Attributes =
            [
                .. data.Attributes ?? [],
                new("event.id", data.EventId.Id), new("event.name", data.EventId.Name),
            ];
        }
    }
}
