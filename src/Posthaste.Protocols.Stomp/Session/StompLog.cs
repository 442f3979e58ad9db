using Microsoft.Extensions.Logging;

namespace Posthaste.Protocols.Stomp.Session;

/// <summary>What the sessions log. Event ids 1200-1299 and never reused.</summary>
internal static partial class StompLog
{
    [LoggerMessage(1200, LogLevel.Information,
        "STOMP connection {Peer}: user '{User}' opened virtual host '{VirtualHost}' with version {Version}")]
    public static partial void Opened(ILogger log, string peer, string user, string virtualHost, string version);

    [LoggerMessage(1201, LogLevel.Information, "STOMP connection {Peer}: closed by the client")]
    public static partial void ClosedByClient(ILogger log, string peer);

    [LoggerMessage(1202, LogLevel.Warning, "STOMP connection {Peer}: closed with '{Message}': {Detail}")]
    public static partial void Failed(ILogger log, string peer, string message, string detail);

    [LoggerMessage(1203, LogLevel.Warning, "STOMP connection {Peer}: login of '{User}' refused: {Reason}")]
    public static partial void LoginRefused(ILogger log, string peer, string user, string reason);
}
