using System.Text.RegularExpressions;

namespace Posthaste.Management.Resources;

/// <summary>The many names that RabbitMQ's checks take for a listener.</summary>
internal static partial class ListenerNames
{
    private static readonly (string Name, string Listener)[] Others =
    [
        ("http/web-mqtt", "mqtt-ws"), ("https/web-mqtt", "mqtt-wss"), ("http/web-stomp", "stomp-ws"),
        ("https/web-stomp", "stomp-wss"), ("http1", "http"), ("http1.1", "http"), ("http_api", "http"),
        ("management", "http"), ("management_ui", "http"), ("ui", "http"),
    ];

    /// <summary>The listener that is meant; the name itself when it is none of RabbitMQ's.</summary>
    public static string Find(string name)
    {
        var lower = name.Trim().ToLowerInvariant();
        foreach (var (other, listener) in Others)
        {
            if (other == lower) return listener;
        }

        var match = Protocol().Match(lower);
        if (!match.Success) return lower;
        var overWeb = match.Groups["web"].Length > 0 ? "-ws" : "";
        var withTls = match.Groups["tls"].Length > 0 ? "s" : "";
        return match.Groups["protocol"].Value + overWeb + withTls;
    }

    /// <summary>`amqp0-9-1`, `web_mqtt`, `stomp/ssl`, …</summary>
    [GeneratedRegex(@"^(?<web>web[-_]?)?(?<protocol>amqp|mqtt|stomp)[\d._-]*(?<tls>s|[/+](?:tls|ssl))?$")]
    private static partial Regex Protocol();
}
