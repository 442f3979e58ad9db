using System.Net;
using Microsoft.Extensions.Logging;

namespace Posthaste.Server.Tls;

/// <summary>
/// Lets the platform write the keys of TLS connections to the file that SSLKEYLOGFILE names. .NET looks at its switch
/// once, when the process's first TLS connection is made: what is on stays on until the process ends.
/// </summary>
internal static partial class KeyLog
{
    private const string Switch = "System.Net.EnableSslKeyLogging";
    private const string Variable = "SSLKEYLOGFILE";

    /// <param name="endPoints">Where listeners with TLS are.</param>
    /// <param name="log">Where it is said.</param>
    /// <exception cref="PosthasteConfigurationException">It names no file, or others could connect.</exception>
    public static void TurnOn(IEnumerable<IPEndPoint> endPoints, ILogger log)
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } file)
            throw new PosthasteConfigurationException($"TLS keys are to be logged, and {Variable} names no file");
        if (endPoints.FirstOrDefault(static endPoint => !IPAddress.IsLoopback(endPoint.Address)) is { } open)
        {
            throw new PosthasteConfigurationException(
                $"TLS keys are logged in development only: every listener with TLS has to be on this machine, and " +
                $"{open} is not");
        }

        AppContext.SetSwitch(Switch, true);
        LogTurnedOn(log, file);
    }

    [LoggerMessage(EventId = 126, Level = LogLevel.Warning,
        Message = "the keys of all TLS connections are written to {File}: whoever has it can read them")]
    private static partial void LogTurnedOn(ILogger log, string file);
}
