using Microsoft.Extensions.Logging;
using Posthaste.Protocols.Mqtt.Wire;

namespace Posthaste.Protocols.Mqtt.Session;

/// <summary>What MQTT connections log. Event ids 1100-1199, never reused.</summary>
internal static partial class MqttLog
{
    [LoggerMessage(
        1100, LogLevel.Information,
        "MQTT connection {Peer}: client '{ClientId}', user '{User}', vhost '{Host}', {Version}, "
        + "session present: {IsPresent}")]
    public static partial void Connected(
        ILogger log, string peer, string clientId, string user, string host, MqttVersion version, bool isPresent);

    [LoggerMessage(1101, LogLevel.Warning, "MQTT connection {Peer}: CONNECT refused with {Code}: {Detail}")]
    public static partial void ConnectRefused(ILogger log, string peer, ReasonCode code, string detail);

    [LoggerMessage(1102, LogLevel.Warning, "MQTT connection {Peer}: login of '{User}' refused: {Reason}")]
    public static partial void LoginRefused(ILogger log, string peer, string user, string reason);

    [LoggerMessage(1103, LogLevel.Warning, "MQTT connection {Peer}: {Type} before CONNECT")]
    public static partial void NotConnected(ILogger log, string peer, PacketType type);

    [LoggerMessage(1104, LogLevel.Warning, "MQTT client '{ClientId}' at {Peer}: closed with {Code}: {Detail}")]
    public static partial void Failed(ILogger log, string peer, string clientId, ReasonCode code, string detail);

    [LoggerMessage(1105, LogLevel.Information, "MQTT client '{ClientId}' at {Peer}: disconnected, {Code}")]
    public static partial void Disconnected(ILogger log, string peer, string clientId, ReasonCode code);

    [LoggerMessage(1106, LogLevel.Information, "MQTT client '{ClientId}': a publish is refused with {Code}")]
    public static partial void PublishRefused(ILogger log, string clientId, ReasonCode code);

    [LoggerMessage(1107, LogLevel.Information, "MQTT client '{ClientId}': subscription '{Filter}' refused: {Reason}")]
    public static partial void SubscribeRefused(ILogger log, string clientId, string filter, string reason);

    [LoggerMessage(1108, LogLevel.Warning, "MQTT client '{ClientId}': somebody has deleted its queue '{Queue}'")]
    public static partial void QueueDeleted(ILogger log, string clientId, string queue);
}
