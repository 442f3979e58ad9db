using Microsoft.Extensions.Logging;

namespace Posthaste.Broker.Sessions;

/// <summary>What sessions of all protocols log. Event ids 900-999 and never reused.</summary>
internal static partial class SessionLog
{
    [LoggerMessage(900, LogLevel.Warning, "{Protocol} connection {Peer}: the client went away without closing it")]
    public static partial void Abandoned(ILogger log, string protocol, string peer);

    [LoggerMessage(901, LogLevel.Warning, "{Protocol} connection {Peer}: cut: {Reason}")]
    public static partial void Cut(ILogger log, string protocol, string peer, string reason);

    [LoggerMessage(902, LogLevel.Information, "{Protocol} connection {Peer}: publisher blocked: {Reason}")]
    public static partial void Blocked(ILogger log, string protocol, string peer, string reason);

    [LoggerMessage(903, LogLevel.Information, "{Protocol} connection {Peer}: publisher unblocked")]
    public static partial void Unblocked(ILogger log, string protocol, string peer);

    [LoggerMessage(904, LogLevel.Error, "{Protocol} connection {Peer}: ended by a defect of the broker")]
    public static partial void Defect(ILogger log, string protocol, string peer, Exception exception);
}
