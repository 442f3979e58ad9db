using System.Diagnostics.Tracing;
using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Posthaste.Server.Telemetry;

/// <summary>
/// Says in the log when nothing reaches the collector: OpenTelemetry itself tells its event source alone, where nobody
/// looks. Any thread.
/// </summary>
internal sealed partial class TelemetryFailures : EventListener
{
    private const string ExporterSource = "OpenTelemetry-Exporter-OpenTelemetryProtocol";

    /// <summary>
    /// Milliseconds between two such entries. 60,000: a collector that is away need not fill the log.
    /// </summary>
    private const long PeriodMs = 60_000;

    /// <summary>Characters of a reason; what comes behind is a stack.</summary>
    private const int ReasonCharsMax = 300;

    private readonly ILogger? _log;
    private long _silentUntilMs;

    public TelemetryFailures(ILoggerFactory loggers) => _log = loggers.CreateLogger<TelemetryFailures>();

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == ExporterSource) EnableEvents(eventSource, EventLevel.Warning);
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        // Events may come before the constructor of this class has run.
        if (_log is not { } log || eventData.EventSource.Name != ExporterSource) return;
        var now = Environment.TickCount64;
        var until = Volatile.Read(ref _silentUntilMs);
        if (now < until || Interlocked.CompareExchange(ref _silentUntilMs, now + PeriodMs, until) != until) return;
        LogNotSent(log, ReasonOf(eventData));
    }

    private static string ReasonOf(EventWrittenEventArgs happened)
    {
        var text = happened.Message is { } format
            ? string.Format(CultureInfo.InvariantCulture, format, [.. happened.Payload ?? []])
            : happened.EventName ?? "";
        var line = text.Split('\n')[0].TrimEnd();
        return line.Length > ReasonCharsMax ? line[..ReasonCharsMax] : line;
    }

    [LoggerMessage(EventId = 131, Level = LogLevel.Warning,
        Message = "metrics, traces or logs do not reach the collector: {Reason}")]
    private static partial void LogNotSent(ILogger log, string reason);
}
