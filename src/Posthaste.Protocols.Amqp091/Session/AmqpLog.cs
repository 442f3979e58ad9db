using Microsoft.Extensions.Logging;

namespace Posthaste.Protocols.Amqp091.Session;

/// <summary>What the sessions log. Event ids 1000-1099, never reused; 1002 and 1007 to 1010 were.</summary>
internal static partial class AmqpLog
{
    [LoggerMessage(1000, LogLevel.Information,
        "AMQP connection {Peer}: user '{User}' opened virtual host '{VirtualHost}' as '{ClientName}'")]
    public static partial void Opened(ILogger log, string peer, string user, string virtualHost, string? clientName);

    [LoggerMessage(1001, LogLevel.Information, "AMQP connection {Peer}: closed by the client")]
    public static partial void ClosedByClient(ILogger log, string peer);

    [LoggerMessage(1003, LogLevel.Warning, "AMQP connection {Peer}: closed with {Code}: {Text}")]
    public static partial void ConnectionError(ILogger log, string peer, int code, string text);

    [LoggerMessage(1004, LogLevel.Warning, "AMQP connection {Peer}, channel {Channel}: closed with {Code}: {Text}")]
    public static partial void ChannelError(ILogger log, string peer, int channel, int code, string text);

    [LoggerMessage(
        1005, LogLevel.Warning, "AMQP connection {Peer}: login of '{User}' with {Mechanism} refused: {Reason}")]
    public static partial void LoginRefused(ILogger log, string peer, string user, string mechanism, string reason);

    [LoggerMessage(1006, LogLevel.Warning, "AMQP connection {Peer}: not AMQP 0-9-1 but {Kind}; refused")]
    public static partial void OtherProtocol(ILogger log, string peer, string kind);

    [LoggerMessage(1011, LogLevel.Information, "AMQP connection {Peer}: the credentials of '{User}' were renewed")]
    public static partial void SecretUpdated(ILogger log, string peer, string user);

    [LoggerMessage(
        1012, LogLevel.Debug, "AMQP connection {Peer}: a direct reply was dropped because the client does not read")]
    public static partial void ReplyDropped(ILogger log, string peer);
}
