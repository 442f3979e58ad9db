using Microsoft.Extensions.Logging;

namespace Posthaste.Server.Telemetry;

/// <summary>Sends what an application logs where the broker's metrics and traces go.</summary>
public static class TelemetryLoggingExtensions
{
    /// <summary>
    /// Exports all logs by OTLP, with the ids and names of their events; nothing where <paramref name="options"/> have
    /// no endpoint or leave logs out.
    /// </summary>
    public static ILoggingBuilder AddPosthasteTelemetry(this ILoggingBuilder logging, TelemetryOptions options)
    {
        if (options.Sends(TelemetrySignals.Logs)) TelemetryExport.Logs(logging, options);
        return logging;
    }
}
